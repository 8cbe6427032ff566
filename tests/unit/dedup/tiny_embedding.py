"""A tiny sentence-transformers model with random weights, written as a folder; good for mechanics, not for meaning."""

import random
from pathlib import Path

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdgklmnprst"][:400]
LIMIT = 40


def write_tiny_embedding(folder: Path) -> Path:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    source = folder / "source"
    source.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (source / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(vocab={word: index for index, word in enumerate(vocabulary)}).save_pretrained(source)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=64, initializer_range=0.5,
    )  # fmt: skip
    BertModel(config).save_pretrained(source, safe_serialization=True)
    module = Transformer(str(source), max_seq_length=LIMIT)
    SentenceTransformer(modules=[module, Pooling(32), Normalize()], device="cpu").save(str(folder / "model"))
    return folder / "model"


def sentences(rows: int, seed: int = 5, longest: int = 30) -> list[str]:
    drawn = random.Random(seed)
    return [" ".join(drawn.choices(WORDS, k=drawn.randint(2, longest))) for _ in range(rows)]
