r"""The absorption edge: where it is, and the absorption normalised to its step.

E0 is the maximum of the derivative of mu(E), smoothed by a Gaussian, within ``SEARCH`` of the
tabulated edge where the absorber is named and the curve holds that energy, else anywhere; a
parabola through the highest points makes it finer than the grid.

.. math::
    \mu_n(E) = \frac{\mu(E) - b(E)}{\Delta} + \theta(E - E_0)\,
               \Bigl(1 - \frac{p(E) - b(E)}{\Delta}\Bigr),
    \qquad \Delta = p(E_0) - b(E_0)

with lines b through the pre-edge and p through the post-edge region (M. Newville, Rev. Mineral.
Geochem. 78, 33 (2014)); the second term flattens the post-edge. The post-edge region ends before
the next edge of the absorber. Edges: W. T. Elam, B. D. Ravel, J. R. Sieber, Radiat. Phys. Chem.
63, 121 (2002), by xraydb.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features.curve import Curve
from features.descriptor import Parameters
from features.spectra._fitting import least_squares, select, usable
from features.spectra._maxima import vertex
from features.spectra._parameters import above, one_of
from registry.errors import Unsupported
from registry.records import Floats

SEARCH = 50.0
"""How far from the tabulated edge E0 is looked for (eV): chemical shifts and miscalibration."""
STEP = 0.1
"""Grid on which the derivative is taken (eV)."""
WIDEST = 1e5
"""Largest range that is searched (eV)."""
APART = 20.0
"""How long before the next edge the post-edge region ends (eV)."""
LEAST_POINTS = 4
LEAST_SPAN = {"pre-edge": 5.0, "post-edge": 30.0}
"""What a line is fitted to at least: points, and eV."""

NORMALISATION = {
    "smoothing": 0.5,
    "normalise": "fit",
    "pre_start": -150.0,
    "pre_end": -20.0,
    "post_start": 50.0,
    "post_end": 300.0,
}
"""Parameters of :func:`normalised`."""
NORMALISATION_UNITS = {
    "smoothing": "eV",
    "normalise": "",
    "pre_start": "eV",
    "pre_end": "eV",
    "post_start": "eV",
    "post_end": "eV",
}


@dataclass(frozen=True, eq=False)
class Normalised:
    """Absorption with a step of 1.

    Attributes:
        e0: Edge energy, eV.
        step: Height of the step, in the unit of the curve.
        energy: Relative to E0, eV, shape ``(n,)``.
        mu: Normalised and flattened, shape ``(n,)``.
    """

    e0: float
    step: float
    energy: Floats
    mu: Floats


def check_normalisation(parameters: Parameters) -> None:
    """Refuse parameters of :func:`normalised` that cannot be.

    Raises:
        WrongUse: When they cannot.
    """
    above("smoothing", parameters["smoothing"])
    one_of("normalise", parameters["normalise"], ("fit", "given"))
    above("pre_end", parameters["pre_end"], parameters["pre_start"])
    above("post_start", parameters["post_start"], parameters["pre_end"])
    above("post_end", parameters["post_end"], parameters["post_start"])


def edge_energy(curve: Curve, smoothing: float = 0.5) -> float:
    """E0 by the steepest rise, eV.

    Args:
        curve: Absorption against energy, eV.
        smoothing: Standard deviation of the Gaussian, eV.

    Raises:
        Unsupported: When the curve rises most at its end: the edge is not in it; when it is too
            wide to search.
    """
    from scipy.ndimage import gaussian_filter1d

    low, high = curve.x[0], curve.x[-1]
    table = _edge_or_none(curve.absorber, curve.edge)
    if table is not None and low < table < high:
        low, high = max(low, table - SEARCH), min(high, table + SEARCH)
    if high - low > WIDEST:
        raise Unsupported("spectrum", f"a range up to {WIDEST:g} eV", f"{high - low:g} eV")
    grid = np.arange(low, high, STEP)
    slope = gaussian_filter1d(np.interp(grid, curve.x, curve.y), smoothing / STEP, order=1)
    top = int(np.argmax(slope))
    if not (0 < top < len(grid) - 1 and slope[top] > 0):
        raise Unsupported("spectrum", "an absorption edge inside it", f"{low:g} to {high:g} eV")
    return vertex(grid, slope, top)[0]


def tabulated_edge(curve: Curve) -> float:
    """Tabulated energy of the edge, eV.

    Raises:
        Unsupported: When absorber or edge are not named, or not known.
    """
    found = _edge_or_none(curve.absorber, curve.edge)
    if found is None:
        raise Unsupported("spectrum", "a known absorber and edge", f"{curve.absorber} {curve.edge}")
    return found


def normalised(
    curve: Curve,
    *,
    smoothing: float = 0.5,
    normalise: str = "fit",
    pre_start: float = -150.0,
    pre_end: float = -20.0,
    post_start: float = 50.0,
    post_end: float = 300.0,
) -> Normalised:
    """Normalise an absorption to its edge step.

    Args:
        curve: Absorption against energy, eV.
        smoothing: Of the derivative that gives E0, eV.
        normalise: ``fit``, or ``given`` for a curve that has a step of 1 above zero already.
        pre_start: Start of the pre-edge region relative to E0, eV; what is measured of it counts.
        pre_end: Its end.
        post_start: Start of the post-edge region.
        post_end: Its end.

    Raises:
        Unsupported: When there is no edge, too little before or after it, or no step up.
    """
    e0 = edge_energy(curve, smoothing)
    energy = curve.x - e0
    if normalise == "given":
        return Normalised(e0, 1.0, energy, curve.y)
    end = min(post_end, _next_edge(curve.absorber, curve.edge) - APART)
    before = _line(curve, energy, pre_start, pre_end, "pre-edge")
    after = _line(curve, energy, post_start, end, "post-edge")
    step = float(after[0] - before[0])
    if not step > 0:
        raise Unsupported("spectrum", "a step up at the edge", f"a step of {step:g}")
    background = before[0] + before[1] * energy
    bend = after[0] + after[1] * energy - background
    mu = (curve.y - background) / step + np.where(energy >= 0, 1 - bend / step, 0.0)
    return Normalised(e0, step, energy, mu)


def _line(curve: Curve, energy: Floats, start: float, end: float, name: str) -> Floats:
    """Value at E0 and slope of the line through a region."""
    region = usable(select(curve, (energy >= start) & (energy <= end)))
    span = np.ptp(region.x) if len(region.x) else 0.0
    if len(region.x) < LEAST_POINTS or span < LEAST_SPAN[name]:
        raise Unsupported(
            f"spectrum: {name} from {start:g} to {end:g} eV",
            f"{LEAST_POINTS} points over {LEAST_SPAN[name]:g} eV",
            f"{len(region.x)} points over {span:g} eV",
        )
    at = region.x - (curve.x[0] - energy[0])
    basis = np.stack([np.ones(len(at)), at], axis=1)
    return least_squares(basis, region.y, region.uncertainty)[0]


@lru_cache
def _edge_or_none(absorber: str | None, edge: str | None) -> float | None:
    """Tabulated edge, eV, where there is one."""
    return _edges(absorber).get(edge or "")


@lru_cache
def _next_edge(absorber: str | None, edge: str | None) -> float:
    """Distance to the next edge of the absorber, eV."""
    here = _edge_or_none(absorber, edge)
    higher = [energy - here for energy in _edges(absorber).values() if here and energy > here]
    return min(higher, default=np.inf)


@lru_cache
def _edges(absorber: str | None) -> dict[str, float]:
    """Edges of an element by name, eV; none where it is not named or no element."""
    import xraydb

    if absorber is None:
        return {}
    try:
        edges = xraydb.xray_edges(absorber)
    except ValueError:
        return {}
    return {name: float(edge.energy) for name, edge in edges.items()}
