"""The GGUF target: written, read back by transformers, and compared with the model it was made of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasks.errors import ProofError
from tasks.merging.asking import logits
from tasks.merging.probes import Probe, token_ids
from tasks.serving.targets.gguf_weights import write_weights

FOLDER = "gguf"
# The last positions of each probe are compared: with a large vocabulary each takes 200 KB.
POSITIONS = 64
# The file holds the very numbers of the model; only the order of additions may differ.
MAX_KL_NATS = 1e-4
MIN_TOP1 = 0.99


def write_gguf(out: Path, name: str, probes: list[Probe], step: Callable[[str], None]) -> dict[str, Any]:
    """Write `gguf/NAME.gguf` from a served directory's `model/`, and prove that it holds the same model.

    Args:
        out: The served directory.
        name: The served name.
        probes: Texts that both are asked.
        step: Told of every probe.

    Raises:
        ConfigError: The model has no GGUF form here.
        ProofError: The file read back is another model, or has another tokenizer.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = out / FOLDER
    folder.mkdir()
    path = folder / f"{name.replace('/', '--')}.gguf"
    tokenizer = AutoTokenizer.from_pretrained(out / "model", trust_remote_code=False)
    write_weights(out / "model", path, name, tokenizer)
    read = AutoTokenizer.from_pretrained(folder, gguf_file=path.name)
    tokens = sum(_check_tokens(tokenizer, read, probe) for probe in probes)
    options = {"dtype": "float32", "trust_remote_code": False}
    before = AutoModelForCausalLM.from_pretrained(out / "model", use_safetensors=True, **options).eval()
    expected = [logits(before, tokenizer, probe)[-POSITIONS:].clone() for probe in probes]
    del before
    after = AutoModelForCausalLM.from_pretrained(folder, gguf_file=path.name, **options).eval()
    figures = []
    for index, (probe, known) in enumerate(zip(probes, expected, strict=True)):
        figures.append(_distance(known, logits(after, tokenizer, probe)[-POSITIONS:]))
        step(f"the GGUF file answered probe {index + 1} of {len(probes)}")
    said = {
        "max_kl": max(one["kl"] for one in figures),
        "max_logit_difference": max(one["logit"] for one in figures),
        "min_top1_agreement": min(one["top1"] for one in figures),
    }
    if said["max_kl"] > MAX_KL_NATS or said["min_top1_agreement"] < MIN_TOP1:
        raise ProofError(f"{path.name} read back is another model than model/: {said}")
    return {
        "proven": True,
        "why": "read back by transformers",
        "file": path.name,
        "prompt_tokens_equal": tokens,
        **said,
    }


def _check_tokens(tokenizer: Any, read: Any, probe: Probe) -> int:
    expected, found = token_ids(tokenizer, probe), token_ids(read, probe)
    if expected != found:
        raise ProofError(
            f"the tokenizer in the GGUF file renders probe {probe.id} as {len(found)} other tokens than the model's "
            f"({len(expected)}): {found[:8]} against {expected[:8]}"
        )
    return len(expected)


def _distance(expected: Any, found: Any) -> dict[str, float]:
    before, after = expected.log_softmax(-1), found.log_softmax(-1)
    kl = (before.exp() * (before - after)).sum(-1)
    return {
        "kl": round(max(0.0, float(kl.max())), 8),
        "logit": round(float((expected - found).abs().max()), 6),
        "top1": float((expected.argmax(-1) == found.argmax(-1)).float().mean()),
    }
