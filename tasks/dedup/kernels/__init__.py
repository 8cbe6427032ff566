"""The inner loops of the near-duplicate search, compiled by numba.

They work on arrays and release the interpreter's lock, so that threads share the work. The first call on a machine
compiles a kernel (some seconds); numba keeps the machine code beside the source, or in the user's cache folder where
the project cannot be written to.

These modules import numpy and numba at their top and must be imported inside functions. No kernel calls one of another
file: numba's cache takes notice of changes in the kernel's own file only.
"""
