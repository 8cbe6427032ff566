"""Tensors in safetensors files, read and written piece by piece.

The library writes a file from tensors that are all in memory, and reads through a memory map whose pages count as the
process's own until it is closed. Merging must hold neither a shard of the base nor one of the result, so both
directions are done here on the format itself: eight bytes with the header's length, the header as JSON, the bytes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

from tasks.errors import ArtifactError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
FLOATS = ("BF16", "F16", "F32")
_BITS = {"F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "BF16": 16, "F16": 16, "I16": 16, "U16": 16}


@dataclass(frozen=True)
class Stored:
    """Where one tensor lies.

    Attributes:
        path: The file.
        offset: Its first byte in the file.
        size: Bytes.
        dtype: As safetensors writes it, such as `BF16`.
        shape: The tensor's.
    """

    path: Path
    offset: int
    size: int
    dtype: str
    shape: tuple[int, ...]

    @property
    def row_bytes(self) -> int:
        """Bytes of one index of the first dimension."""
        return self.size // self.shape[0] if self.shape and self.shape[0] else self.size

    def raw(self, start: int, count: int) -> Any:
        """Read `count` bytes from byte `start` of the tensor on, as an array of bytes."""
        import numpy as np

        found = np.empty(count, np.uint8)
        view, done = found.data, 0
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.offset + start)
            while done < count:
                got = file.readinto(view[done:])
                if not got:
                    raise ArtifactError(f"{self.path} is shorter than its header says: get it again")
                done += got
        return found

    def rows(self, start: int, stop: int) -> Any:
        """Read indices `start` to `stop` of the first dimension, shape [stop - start, ...]."""
        import torch

        shape = (stop - start, *self.shape[1:])
        if not self.size:
            return torch.empty(shape, dtype=torch_dtype(self.dtype))
        raw = torch.from_numpy(self.raw(start * self.row_bytes, (stop - start) * self.row_bytes))
        return raw.view(torch_dtype(self.dtype)).view(shape)

    def whole(self) -> Any:
        """Read all of it."""
        return self.rows(0, self.shape[0]) if self.shape else self.rows(0, 1).view(())


def torch_dtype(name: str) -> Any:
    """Return torch's type for a float type of safetensors."""
    import torch

    return {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}[name]


def model_files(folder: Path) -> list[Path]:
    """Return a model's safetensors files: those its index names, or the single one.

    Raises:
        ArtifactError: There is neither, or a file of the index is missing.
    """
    if (folder / INDEX).is_file():
        names = sorted(set(json.loads((folder / INDEX).read_text())["weight_map"].values()))
    else:
        names = [SINGLE]
    if lost := [name for name in names if not (folder / name).is_file()]:
        raise ArtifactError(f"{folder} has no {lost[0]}: get it again, in safetensors")
    return [folder / name for name in names]


def read_headers(files: Sequence[Path]) -> dict[str, Stored]:
    """Return where each tensor of some files lies, in the files' order.

    Raises:
        ArtifactError: A file is damaged, or two files hold the same tensor.
    """
    from safetensors import SafetensorError, safe_open

    found: dict[str, Stored] = {}
    for path in files:
        try:
            with safe_open(path, framework="numpy"):  # the library checks the header, its offsets and the file's length
                pass
        except SafetensorError as error:
            raise ArtifactError(f"{path} is no whole safetensors file: {error}. Get it again.") from error
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        for name, said in sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]):
            if name in found:
                raise ArtifactError(f"'{name}' is in {found[name].path.name} and in {path.name}: get it again")
            first, last = said["data_offsets"]
            found[name] = Stored(path, 8 + length + first, last - first, said["dtype"], tuple(said["shape"]))
    return found


def write_header(file: IO[bytes], tensors: Sequence[tuple[str, Stored]]) -> None:
    """Write a file's header; the bytes of the tensors must follow in this order."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, stored in tensors:
        header[name] = {
            "dtype": stored.dtype,
            "shape": list(stored.shape),
            "data_offsets": [offset, offset + stored.size],
        }
        offset += stored.size
    raw = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    raw += b" " * (-len(raw) % 8)
    file.write(len(raw).to_bytes(8, "little") + raw)


def in_file_order(tensors: Sequence[tuple[str, Stored]]) -> list[tuple[str, Stored]]:
    """Return tensors as the library orders them in a file: wide types first, so that each is aligned, then by name."""
    return sorted(tensors, key=lambda item: (-_BITS.get(item[1].dtype, 8), item[0]))


def split_files(tensors: Sequence[tuple[str, Stored]], most: int) -> list[list[tuple[str, Stored]]]:
    """Split tensors over files of at most `most` bytes, in order; a larger tensor has a file of its own."""
    files: list[list[tuple[str, Stored]]] = []
    room = 0
    for name, stored in tensors:
        if not files or stored.size > room:
            files.append([])
            room = most
        files[-1].append((name, stored))
        room -= stored.size
    return files


def write_index(folder: Path, files: dict[str, list[tuple[str, Stored]]]) -> None:
    """Write the index of several files: which tensor is in which, and how large all are."""
    tensors = [stored for group in files.values() for _, stored in group]
    index = {
        "metadata": {
            "total_parameters": sum(prod(stored.shape) for stored in tensors),
            "total_size": sum(stored.size for stored in tensors),
        },
        "weight_map": {name: file for file, group in sorted(files.items()) for name, _ in sorted(group)},
    }
    (folder / INDEX).write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
