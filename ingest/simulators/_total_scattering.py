r"""Total-scattering structure factor S(Q) of a powder: what X-rays and neutrons share.

.. math:: S(Q) = \frac{I(Q) / N - \langle b^2 \rangle + \langle b \rangle^2}{\langle b \rangle^2}

after Faber and Ziman, so that S goes to 1 where Q is large, and F(Q) = Q (S(Q) - 1). In a crystal
Debye's sum over all pairs is a sum over the reciprocal lattice, less what it says of an atom with
itself and with the alternatives of its own site, which are no pairs:

.. math:: F(Q) = \frac{1}{N \langle b \rangle^2} \left[ \frac{2\pi^2}{V} \sum_G
          \frac{|F_G|^2}{G} \, g(Q - G) - Q \sum_{r_{ij} \le 0.5} b_i b_j
          e^{-(u_i + u_j) Q^2 / 2} \frac{\sin Q r_{ij}}{Q r_{ij}} \right]

with g a Gaussian of variance ``q_damp^2 + (resolution G)^2``, odd in Q as F is. A width of
``q_damp`` is the factor ``exp(-(r q_damp)^2 / 2)`` of :mod:`ingest.simulators._pdf`: the sine
transform of F is the G(r) of that module. The second sum is smooth and is not widened, which would
change it by ``3 u q_damp^2`` of itself.

Sources: Faber & Ziman, Phil. Mag. 11, 153 (1965); Keen, J. Appl. Cryst. 34, 172 (2001); Egami &
Billinge, *Underneath the Bragg Peaks*, 2nd ed. (2012), chapters 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve, Parameter
from ingest.simulators._atoms import Atoms, atoms_of
from ingest.simulators._counting import counted, formula_number
from ingest.simulators._pairs import NEAREST
from ingest.simulators._pdf import check_mean
from ingest.simulators._reflections import powder_lines
from ingest.simulators._scattering import Scattering
from registry.errors import Unsupported, WrongUse
from registry.records import Axis, Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

REACH = 6.0
"""Where a Gaussian ends, in standard deviations."""
NARROWEST = 0.5
"""Narrowest line in steps of the grid; narrower ones would fall between its points."""
SEARCH = 2.0
"""Alternatives of a site are looked for among its neighbours up to here (angstrom)."""
FAINTEST = 1e-9
"""Share of the largest intensity that is rounding: what is counted is not below it."""
_CHUNK = 1_000_000

TOTAL_SCATTERING_PARAMETERS = {
    "q_min": Parameter(0.5, "1/angstrom", "first Q of the grid", 0.01, 50.0),
    "q_max": Parameter(25.0, "1/angstrom", "last Q of the grid", 1.0, 60.0),
    "points": Parameter(1226, "", "number of points of the grid", 2, 20_000),
    "u_iso": Parameter(
        0.005, "angstrom^2", "mean-square displacement of sites without B_iso", 0.0, 0.5
    ),
    "q_damp": Parameter(0.03, "1/angstrom", "width of a line, the same at every Q", 0.0, 0.5),
    "resolution": Parameter(0.0, "", "dQ/Q, one standard deviation", 0.0, 0.05),
    "counts": Parameter(0.0, "", "counts at the maximum of I(Q); 0 for no noise", 0.0, 1e9),
    "seed": Parameter(0, "", "seed of the counting noise", 0, 2**31),
}


@dataclass(frozen=True)
class Probe:
    """Amplitude of an atom, and the square of what adds to the counts and tells no structure."""

    scattering: Scattering
    incoherent: Callable[[str], float]


def total_scattering_curve(structure: Structure, probe: Probe, settings: dict[str, float]) -> Curve:
    """S(Q) on an even grid of Q (1/angstrom).

    With ``counts`` the coherent and incoherent intensity is counted and reduced to S(Q) again,
    its standard deviation beside it: what a form factor divides by grows with Q.

    Raises:
        Unsupported: When the structure cannot be simulated; the message says why.
        WrongUse: When the grid is empty, or coarser than its lines.
    """
    q = _grid(settings)
    width = _width(q, settings)
    step = (settings["q_max"] - settings["q_min"]) / (len(q) - 1)
    if width.min() < NARROWEST * step:
        raise WrongUse("q_damp, points", f"lines of {NARROWEST} steps or more", f"{width.min():g}")
    atoms = atoms_of(structure)
    own = Means.of(atoms, probe.scattering, q)
    check_mean(own.mean, own.square)
    f = _bragg(atoms, probe.scattering, q, settings)
    b_iso = 8 * np.pi**2 * settings["u_iso"]
    s = 1 + f / q - _no_pairs(atoms, probe.scattering, q, b_iso) / (own.atoms * own.mean**2)
    x = Axis("Q", "1/angstrom", q)
    if not settings["counts"]:
        return Curve(x, s, resolution=width)
    incoherent = own.share @ [probe.incoherent(element) for element in atoms.elements]
    seen = own.square + own.mean**2 * (s - 1) + incoherent
    if seen.min() < -FAINTEST * seen.max():
        raise Unsupported("structure", "an intensity to count", "sites on top of one another")
    expected = np.maximum(seen / seen.max(), FAINTEST) * settings["counts"]
    number = float(formula_number(structure))
    counts, sigma = counted(expected, expected, settings | {"formula": number})
    scale = seen.max() / settings["counts"] / own.mean**2
    return Curve(x, s + (counts - expected) * scale, uncertainty=sigma * scale, resolution=width)


@dataclass(frozen=True)
class Means:
    """Averages over the atoms of a cell.

    Attributes:
        atoms: Their number, occupancies summed.
        share: Of each element, shape ``(e,)``.
        mean: Amplitude at each Q, shape ``(n,)``.
        square: Its mean square, shape ``(n,)``.
    """

    atoms: float
    share: Floats
    mean: Floats
    square: Floats

    @classmethod
    def of(cls, atoms: Atoms, scattering: Scattering, q: Floats) -> Means:
        """Averages at each Q (1/angstrom)."""
        number = float(atoms.occupancy.sum())
        share = np.bincount(atoms.element, atoms.occupancy) / number
        b = np.array([scattering(element, q / (4 * np.pi)) for element in atoms.elements])
        return cls(number, share, share @ b, share @ b**2)


def gaussian_lines(grid: Floats, centre: Floats, area: Floats, sigma: Floats) -> Floats:
    """Sum of Gaussians at the points of an even grid, shape ``(n,)``.

    Args:
        grid: Positions, shape ``(n,)``.
        centre: Of the lines, unit of ``grid``, shape ``(m,)``.
        area: Of the lines, shape ``(m,)``.
        sigma: Standard deviations, unit of ``grid``, shape ``(m,)``.
    """
    step = (grid[-1] - grid[0]) / (len(grid) - 1)
    half = int(np.ceil(REACH * sigma.max(initial=0.0) / step))
    window = np.arange(-half, half + 1)
    nearest = np.rint((centre - grid[0]) / step).astype(int)
    height = area / (np.sqrt(2 * np.pi) * sigma)
    total = np.zeros(len(grid))
    rows = max(1, _CHUNK // len(window))
    for start in range(0, len(centre), rows):
        part = slice(start, start + rows)
        index = nearest[part, None] + window
        away = (grid[0] + step * index - centre[part, None]) / sigma[part, None]
        seen = (index >= 0) & (index < len(grid))
        value = height[part, None] * np.exp(-0.5 * away**2)
        total += np.bincount(index[seen], value[seen], minlength=len(grid))
    return total


def _grid(settings: dict[str, float]) -> Floats:
    low, high = settings["q_min"], settings["q_max"]
    if not low < high:
        raise WrongUse("q_max", f"more than q_min = {low}", str(high))
    return np.linspace(low, high, int(settings["points"]))


def _width(q: Floats, settings: dict[str, float]) -> Floats:
    """Standard deviation of a line at Q (1/angstrom)."""
    return np.asarray(np.hypot(settings["q_damp"], settings["resolution"] * q))


def _bragg(atoms: Atoms, scattering: Scattering, q: Floats, settings: dict[str, float]) -> Floats:
    """F(Q) of the reciprocal lattice without its origin (1/angstrom)."""
    # as far as a line outside the grid still reaches into it
    below = (q[0] - REACH * settings["q_damp"]) / (1 + REACH * settings["resolution"])
    above = (q[-1] + REACH * settings["q_damp"]) / (1 - REACH * settings["resolution"])
    b_iso = 8 * np.pi**2 * settings["u_iso"]
    lines = powder_lines(atoms, scattering, max(below, 0.0), above, b_iso)
    means = Means.of(atoms, scattering, lines.q)
    area = 2 * np.pi**2 * lines.f_squared / (means.atoms * atoms.volume * lines.q * means.mean**2)
    width = _width(lines.q, settings)
    # F is odd: the lines at negative Q reach over its origin
    over = lines.q < REACH * width - q[0]
    return gaussian_lines(
        q,
        np.concatenate([lines.q, -lines.q[over]]),
        np.concatenate([area, -area[over]]),
        np.concatenate([width, width[over]]),
    )


def _no_pairs(atoms: Atoms, scattering: Scattering, q: Floats, b_iso: float) -> Floats:
    """Debye's sum over each atom with itself and with the alternatives of its site."""
    from pymatgen.optimization.neighbors import find_points_in_spheres

    places = np.ascontiguousarray(atoms.position @ atoms.lattice, dtype=np.float64)
    lattice = np.ascontiguousarray(atoms.lattice, dtype=np.float64)
    i, j, _, r = find_points_in_spheres(places, places, SEARCH, np.ones(3, dtype=np.int64), lattice)
    near = r <= NEAREST
    distance, which = np.unique(np.round(r[near], 6), return_inverse=True)
    i, j = i[near], j[near]
    b_atom = np.where(np.isnan(atoms.b_iso), b_iso, atoms.b_iso)[atoms.site]
    kinds, kind = np.unique([atoms.element, b_atom], axis=1, return_inverse=True)
    held = np.zeros((len(places), kinds.shape[1]))
    np.add.at(held, (atoms.site, kind), atoms.occupancy)
    s = q / (4 * np.pi)
    amplitude = np.array(
        [scattering(atoms.elements[int(e)], s) * np.exp(-b * s**2) for e, b in kinds.T]
    )
    total = np.zeros(len(q))
    for n, apart in enumerate(distance):
        weight = held[i[which == n]].T @ held[j[which == n]]
        total += np.einsum("kq,kq->q", amplitude, weight @ amplitude) * np.sinc(q * apart / np.pi)
    return total
