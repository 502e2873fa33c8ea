"""Scales of intensities, so that curves of other counting times or thicknesses compare."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from registry.errors import Unsupported
from registry.records import Floats


def _by(name: str, size: Callable[[Floats], float]) -> Callable[[Floats], Floats]:
    """Division by a positive size."""

    def scaled(values: Floats) -> Floats:
        divisor = size(values)
        if not divisor > 0:
            raise Unsupported("spectrum", f"a {name} above 0 to scale by", f"{divisor:g}")
        return values / divisor

    return scaled


_spread = _by("range", lambda v: float(np.ptp(v)))
_deviation = _by("standard deviation", lambda v: float(np.std(v)))
_AFTER: dict[str, Callable[[Floats], Floats]] = {
    "none": lambda values: values,
    "maximum": _by("maximum", lambda v: float(np.max(v))),
    "mean": _by("mean", lambda v: float(np.mean(v))),
    "range": lambda values: _spread(values - values.min()),
    "standard": lambda values: _deviation(values - values.mean()),
}
SCALES = (*_AFTER, "edge_step")
"""``none``; over the ``maximum`` or the ``mean`` (of unit area but for the length of the range);
``range`` from 0 to 1; ``standard`` with mean 0 and deviation 1; ``edge_step``: the absorption
normalised to its edge step (:mod:`features.spectra._edge`)."""


def scaled(values: Floats, scale: str) -> Floats:
    """Sampled values on a scale; ``edge_step`` is done before (``_sampling.window``).

    Raises:
        Unsupported: When what to divide by is not positive.
    """
    return values if scale == "edge_step" else _AFTER[scale](values)
