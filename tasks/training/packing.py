"""Several documents in one row, none of which sees another.

Rows are packed best-fit-decreasing (TRL's `pack_dataset`). What keeps documents apart are positions that start again at
zero: without a two-dimensional attention mask, transformers makes the mask from them, block by block, for every kind of
attention (`masking_utils.find_packed_sequence_indices`). A model that goes another way is found out before it trains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tasks.errors import ConfigError
from tasks.rendering.chat import IGNORED

LENGTHS = "seq_lengths"
PROBE_TOKENS = 12
# Documents that are apart move by nothing, or by the rounding of sums in another order.
LEAST_CONTRAST = 1000.0


def pack(rows: Any, max_length: int) -> Any:
    """Return packed rows: `input_ids` and `labels` of at most `max_length` tokens, and the documents' `seq_lengths`.

    Args:
        rows: A `datasets.Dataset` with `input_ids` and `labels`, none longer than `max_length`.
        max_length: Room of a packed row, in tokens.

    Raises:
        ConfigError: Documents were cut or left out: TRL does that without a word.
    """
    from trl import pack_dataset

    # One batch over all rows: packed by the thousand, the last rows of each batch would stay half empty.
    packed = pack_dataset(rows, max_length, "bfd", {"batch_size": len(rows), "load_from_cache_file": False})
    before, after = sorted(map(len, rows["input_ids"])), sorted(chain.from_iterable(packed[LENGTHS]))
    if before != after:
        raise ConfigError(
            f"packing to {max_length} tokens would cut or lose documents: {len(before)} rows of up to "
            f"{before[-1]} tokens became {len(after)}. Render again with a rendering.max_length that holds the longest."
        )
    return packed


def packing_figures(rows: Any, max_length: int) -> dict[str, Any]:
    """Return what packing came to: documents, their tokens without padding, packed rows, the share of room in use."""
    lengths = rows[LENGTHS]
    tokens = sum(map(sum, lengths))
    return {
        "documents": sum(map(len, lengths)),
        "tokens": tokens,
        "packed_rows": len(lengths),
        "packed_to": max_length,
        "filled": round(tokens / (len(lengths) * max_length), 4),
    }


@dataclass(frozen=True)
class PackedCollator:
    """Puts rows, packed or not, into one batch without an attention mask.

    Padding goes to the right and counts as a document of its own, so nothing sees it, and it sees nothing.

    Attributes:
        pad_token_id: What padding is made of.
    """

    pad_token_id: int

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return `input_ids`, `labels` and `position_ids`, each of shape [rows, longest row]."""
        import torch

        width = max(len(row["input_ids"]) for row in rows)
        ids = torch.full((len(rows), width), self.pad_token_id)
        labels = torch.full((len(rows), width), IGNORED)
        positions = torch.zeros((len(rows), width), dtype=torch.long)
        for line, row in enumerate(rows):
            size = len(row["input_ids"])
            ids[line, :size] = torch.tensor(row["input_ids"])
            labels[line, :size] = torch.tensor(row["labels"])
            documents = [*row.get(LENGTHS, [size]), width - size]
            positions[line] = torch.cat([torch.arange(length) for length in documents])
        # The first token of a document follows nothing: the last one of its neighbour must not predict it.
        labels[positions == 0] = IGNORED
        return {"input_ids": ids, "labels": labels, "position_ids": positions}


def check_isolation(model: Any, collator: PackedCollator) -> None:
    """Ask the model itself whether packed documents are apart: change the first one, and look at the second.

    A second pass in which nothing keeps them apart says how much a change could have done. There are two rows, of
    unequal length, because some kinds of attention look at positions in batches of one row alone.

    Args:
        model: The PEFT model as it will train.
        collator: That of the training.

    Raises:
        ConfigError: The second document's logits move with the first one, or the model takes no positions.
    """
    import torch

    random = torch.Generator().manual_seed(0)
    vocabulary = model.get_input_embeddings().weight.shape[0]
    first, other, second = torch.randint(vocabulary, (3, PROBE_TOKENS), generator=random).tolist()

    def logits(before: list[int], lengths: list[int]) -> Any:
        rows = [
            {"input_ids": ids, "labels": ids, LENGTHS: documents}
            for ids, documents in ((before + second, lengths), (second, [PROBE_TOKENS]))
        ]
        batch = {name: value.to(model.device) for name, value in collator(rows).items() if name != "labels"}
        return model(**batch, use_cache=False).logits[0, PROBE_TOKENS:].float()

    def moved(lengths: list[int]) -> float:
        return float((logits(first, lengths) - logits(other, lengths)).abs().max())

    name = type(model.get_base_model()).__name__
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            apart, joined = moved([PROBE_TOKENS, PROBE_TOKENS]), moved([2 * PROBE_TOKENS])
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"training.packing cannot be used with {name}, which does not take packed rows ({error}). Set it to false."
        ) from error
    finally:
        model.train(training)
    if not joined > apart * LEAST_CONTRAST:
        raise ConfigError(
            f"training.packing cannot be used with {name}: packed documents are not apart there (a change in one moves "
            f"the logits of the next by {apart:.2g}, and by {joined:.2g} where nothing parts them). Set it to false."
        )
