"""Last night's signatures: a text that was signed before is not hashed again.

A text is known again by 128 bits of its folded bytes. A signature does not depend on bands, so another threshold can
use it too; another number of permutations, another shingle size or another version of the hash cannot.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.dedup.packed import Packed
from tasks.dedup.signatures import SEED, VERSION, Scheme
from tasks.dedup.spill import mapped

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Kept:
    """The signatures of one run, in a folder: `signatures.bin`, `digests.bin`, `order.bin`, `scheme.json`.

    `order.bin` holds the rows by ascending first digest, int64.
    """

    folder: Path

    def fits(self, scheme: Scheme) -> bool:
        """Tell whether the folder is whole and its signatures are those of a scheme."""
        path = self.folder / "scheme.json"
        return path.is_file() and json.loads(path.read_text(encoding="utf-8")) == _told(scheme)

    def close(self, scheme: Scheme) -> None:
        """Sort the digests, and mark the folder as whole."""
        import numpy as np

        digests = mapped(self.folder / "digests.bin", "uint64", 2)
        np.argsort(digests[:, 0], kind="stable").astype(np.int64).tofile(self.folder / "order.bin")
        (self.folder / "scheme.json").write_text(json.dumps(_told(scheme)), encoding="utf-8")

    def find(self, digests: "Array") -> "Array":
        """Return the row of each text that is known, else -1, int64 [texts].

        Args:
            digests: Of the texts asked for, uint64 [texts, 2].
        """
        import numpy as np

        known = mapped(self.folder / "digests.bin", "uint64", 2)
        order = mapped(self.folder / "order.bin", "int64")
        if not len(known):
            return np.full(len(digests), -1, np.int64)
        at = np.minimum(np.searchsorted(known[:, 0], digests[:, 0], sorter=order), len(known) - 1)
        rows = order[at]
        return np.where((known[rows] == digests).all(axis=1), rows, -1)

    def signatures(self, rows: "Array", scheme: Scheme) -> "Array":
        """Return the signatures of some rows, uint32 [rows, num_perm]."""
        return mapped(self.folder / "signatures.bin", "uint32", scheme.num_perm)[rows]


def _told(scheme: Scheme) -> dict[str, int]:
    return {
        "version": VERSION, "seed": SEED, "num_perm": scheme.num_perm, "shingle_size": scheme.shingle_size
    }  # fmt: skip


def digests_of(texts: Packed) -> "Array":
    """Return what each text is known by, uint64 [texts, 2]."""
    import numpy as np

    from tasks.dedup.kernels import sketching

    digests = np.empty((len(texts.starts), 2), np.uint64)
    sketching.text_digests(texts.data, texts.starts, texts.ends, digests)
    return digests
