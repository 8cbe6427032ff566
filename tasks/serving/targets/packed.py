"""4-bit weights as compressed-tensors packs them, unpacked: what a file holds, read by other code than wrote it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.errors import ProofError
from tasks.serving.directory import link_tree, read_config
from tasks.store.records import write_json

_INDEX = "model.safetensors.index.json"
_BITS = 4
_PER_WORD = 32 // _BITS
_PACKED = ".weight_packed"
_PARTS = (".weight_scale", ".weight_shape", ".weight_zero_point", ".weight_g_idx")


def unpacked(tensors: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the plain float32 tensors of one file of a packed model, with their names.

    Args:
        tensors: The file's. Of a packed weight of shape [rows, columns] they are `weight_packed`, int32 words of
            shape [rows, columns / 8], the lowest bits first; `weight_scale`, shape [rows, groups]; and
            `weight_zero_point`, packed along the rows, shape [rows / 8, groups].

    Raises:
        ProofError: A packed weight has no scale, or no zero points.
    """
    for name, tensor in tensors.items():
        if name.endswith(_PACKED):
            stem = name.removesuffix(_PACKED)
            try:
                scale, zero, shape = (tensors[f"{stem}.weight_{part}"] for part in ("scale", "zero_point", "shape"))
            except KeyError as missing:
                raise ProofError(f"the packed weight {stem} has no {missing}") from None
            rows, columns = shape.tolist()
            width = columns // scale.shape[1]
            levels = _words(tensor)[:, :columns]
            middle = _words(zero.T.contiguous()).T[:rows].repeat_interleave(width, 1)
            yield f"{stem}.weight", (levels - middle).float() * scale.float().repeat_interleave(width, 1)
        elif not name.endswith(_PARTS):
            yield name, tensor.float()


def _words(packed: Any) -> Any:
    """Return the unsigned 4-bit numbers in int32 words, shape [rows, words] -> [rows, words * 8]."""
    import torch

    shifts = torch.arange(0, 32, _BITS, dtype=torch.int32)
    return ((packed.unsqueeze(-1) >> shifts) & (2**_BITS - 1)).flatten(1)


def write_unpacked(packed: Path, out: Path) -> int:
    """Write a packed model folder as a plain one in float32, and return how many weights were packed.

    Args:
        packed: The model folder.
        out: Made here.
    """
    from safetensors.torch import load_file, save_file

    link_tree(packed, out, lambda path: path.suffix != ".safetensors" and path.name not in (_INDEX, "config.json"))
    config = read_config(packed)
    del config["quantization_config"]
    write_json(out / "config.json", config)
    places: dict[str, str] = {}
    found = 0
    for path in sorted(packed.glob("*.safetensors")):
        tensors = load_file(path)
        found += sum(name.endswith(_PACKED) for name in tensors)
        plain = dict(unpacked(tensors))
        places |= dict.fromkeys(plain, path.name)
        save_file(plain, out / path.name, metadata={"format": "pt"})
    if (packed / _INDEX).is_file():
        write_json(out / _INDEX, {"metadata": {}, "weight_map": places})
    return found
