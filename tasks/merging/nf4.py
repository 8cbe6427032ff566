"""The base as QLoRA's training saw it: NF4 with double quantisation, read back."""

from typing import Any

from tasks.merging.tensors import torch_dtype


def dequantised(weight: Any, dtype: str, *, transposed: bool) -> Any:
    """Quantise a weight as training did when it loaded the base, and read it back.

    Args:
        weight: The 16- or 32-bit weight as it is stored.
        dtype: Type that training held the base in; both directions go through it.
        transposed: Whether its shape is [inputs, outputs] (Conv1D); bitsandbytes quantises it the other way round.

    Returns:
        What training's matrix products saw, in `dtype`, on the CPU.
    """
    import torch
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit

    device = "cuda" if torch.cuda.is_available() else "cpu"
    given = weight.to(device=device, dtype=getattr(torch, dtype))
    if transposed:
        given = given.T.contiguous()
    # The arguments that transformers' BitsAndBytesConfig of the training comes to.
    packed, state = quantize_4bit(given, blocksize=64, compress_statistics=True, quant_type="nf4")
    back = dequantize_4bit(packed, state)
    return (back.T if transposed else back).cpu()


def rounded_to(weight: Any, dtype: str) -> Any:
    """Return a weight in the type it is stored in, rounded to the nearest (ties to even)."""
    return weight.to(torch_dtype(dtype))
