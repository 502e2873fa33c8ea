"""Compile a kernel with numba, on its first call and for the machine it runs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

LOADS = ("features.materials._ready",)
"""What a descriptor with kernels loads."""
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compile lazily; the machine code is kept beside the source or in the user's cache.

    Modules that use it are imported inside functions: numba takes half a second to import.
    """
    from numba import njit

    try:
        return cast(Kernel, njit(cache=True, error_model="numpy")(kernel))
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
        # neither folder can be written to: compile once a process
        return cast(Kernel, njit(error_model="numpy")(kernel))
