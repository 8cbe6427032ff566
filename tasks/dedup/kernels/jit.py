"""How kernels are compiled, and the one thing that numba has no word for."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.extending import intrinsic

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def jit(function: Kernel) -> Kernel:
    """Compile a function on its first call, without the interpreter's lock, and keep the machine code on disk."""
    compiled: Any = numba.njit(cache=True, nogil=True)(function)
    return cast(Kernel, compiled)


def _eight_bytes(_typing: Any, data: Any, at: Any) -> Any:
    """Load eight bytes as one little-endian number from anywhere in an array (a view must begin at a multiple)."""

    def load(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        address = builder.gep(array.data, [arguments[1]])
        wide = builder.bitcast(address, context.get_value_type(numba.types.uint64).as_pointer())
        loaded = builder.load(wide)
        loaded.align = 1
        return loaded

    return numba.types.uint64(data, at), load


eight_bytes: Any = intrinsic(_eight_bytes)
