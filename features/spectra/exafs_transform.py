r"""Magnitude of the Fourier transform of EXAFS: shells of neighbours around the absorber.

.. math::
    |\chi(R)| = \Bigl| \frac{1}{\sqrt{\pi}} \int k^w\,W(k)\,\chi(k)\,e^{2 i k R}\,dk \Bigr|

over steps of ``STEP`` in k, with the Hann window W that rises over ``dk`` around ``k_min`` and
falls over ``dk`` around ``k_max``; at ``points`` equal steps of R from 0 (excluded) to ``r_max``.
Distances are not corrected for the phase of the atoms and come 0.2 to 0.5 angstrom short.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._parameters import above, at_least
from features.spectra._sampling import window
from registry.errors import WrongUse
from registry.records import Floats

STEP = 0.05
"""Step in k (1/angstrom), as usual: it sets the largest R to 31 angstrom."""


def hann(k: Floats, k_min: float, k_max: float, dk: float) -> Floats:
    """Window that rises from 0 to 1 over ``dk`` around k_min, and falls so around k_max."""
    rise = np.clip((k - k_min) / dk + 0.5, 0, 1)
    fall = np.clip((k_max - k) / dk + 0.5, 0, 1)
    return np.asarray(np.sin(np.pi / 2 * np.minimum(rise, fall)) ** 2)


@lru_cache(maxsize=8)
def _grid(k_min: float, k_max: float, dk: float) -> Floats:
    first, last = np.ceil((k_min - dk / 2) / STEP), np.floor((k_max + dk / 2) / STEP)
    return np.asarray(STEP * np.arange(max(first, 0.0), last + 1))


@lru_cache(maxsize=8)
def _operator(
    weight: int, k_min: float, k_max: float, dk: float, r_max: float, points: int
) -> Floats:
    """What turns chi(k) on the grid into the real, then the imaginary parts of chi(R).

    Shape ``(2 points, len(grid))``.
    """
    k = _grid(k_min, k_max, dk)
    r = np.linspace(0, r_max, points + 1)[1:]
    phase = 2 * np.outer(r, k)
    waves = np.concatenate([np.cos(phase), np.sin(phase)])
    return np.asarray(waves * (k**weight * hann(k, k_min, k_max, dk) * STEP / np.sqrt(np.pi)))


def _compute(
    curve: Curve, weight: int, k_min: float, k_max: float, dk: float, r_max: float, points: int
) -> Floats:
    k = _grid(k_min, k_max, dk)
    # the window is zero at its ends: what is missing beyond k_max but within dk / 2 is refused too
    x, chi = window(curve, float(k[0]), float(k[-1]))
    operator = _operator(weight, k_min, k_max, dk, r_max, points)
    return np.hypot(*np.split(operator @ np.interp(k, x, chi), 2))


def _width(parameters: Parameters) -> int:
    above("k_max", parameters["k_max"], parameters["k_min"] + parameters["dk"])
    above("dk", parameters["dk"])
    if not 0 < parameters["r_max"] <= np.pi / (2 * STEP):
        found = repr(parameters["r_max"])
        raise WrongUse("r_max", f"above 0, up to {np.pi / (2 * STEP):.4g} angstrom", found)
    at_least("weight", parameters["weight"], 0)
    return at_least("points", parameters["points"], 1)


DESCRIPTOR = Descriptor(
    name="exafs_transform",
    version="1",
    parameters={
        "weight": 2,
        "k_min": 3.0,
        "k_max": 11.0,
        "dk": 1.0,
        "r_max": 6.0,
        "points": 120,
    },
    units={
        "weight": "",
        "k_min": "1/angstrom",
        "k_max": "1/angstrom",
        "dk": "1/angstrom",
        "r_max": "angstrom",
        "points": "",
    },
    width=_width,
    compute=_compute,
    unit="1/angstrom^(weight + 1)",
    source="Newville, Rev. Mineral. Geochem. 78, 33 (2014), section on Fourier transforms",
    entity="spectrum",
    techniques=("exafs",),
)
