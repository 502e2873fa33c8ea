"""Models of sasmodels: compiled once a machine, prepared once a grid, called once a curve.

sasmodels compiles each model with the C compiler ``cc`` (or ``$CC``) into a folder under the home
directory (or ``$SAS_DLL_PATH``) and finds it there ever after.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from registry.errors import WrongUse
from registry.records import Floats


def model_intensity(model: str, grid: tuple[Floats, ...], parameters: dict[str, Any]) -> Floats:
    """Scattered intensity (1/cm) in double precision.

    Args:
        model: Name of the model in sasmodels.
        grid: Q (1/angstrom), shape ``(n,)``, of a curve, or Qx and Qy of a map's pixels.
        parameters: Of the model, by the names and in the units of sasmodels.

    Returns:
        Intensity, shape ``(n,)``.

    Raises:
        WrongUse: When the model cannot be compiled.
    """
    from sasmodels.direct_model import call_kernel

    kernel = _kernel(model, tuple(tuple(part.tolist()) for part in grid))
    return np.array(call_kernel(kernel, parameters))


@lru_cache(maxsize=8)
def _kernel(model: str, grid: tuple[tuple[float, ...], ...]) -> Any:
    return _model(model).make_kernel([np.array(part) for part in grid])


@lru_cache(maxsize=16)
def _model(name: str) -> Any:
    from filelock import FileLock
    from sasmodels import kerneldll
    from sasmodels.core import load_model

    folder = Path(kerneldll.SAS_DLL_PATH)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # two processes that compile the same model would write the same file
        with FileLock(folder / f"{name}.lock"):
            return load_model(name, dtype="double", platform="dll")
    except (OSError, RuntimeError) as error:
        wanted = "a C compiler (cc, or $CC) and a folder to write to ($SAS_DLL_PATH)"
        raise WrongUse(f"sasmodels: {name}", wanted, str(error)) from error
