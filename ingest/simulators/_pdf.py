r"""Reduced pair distribution function G(r) of a crystal: what X-rays and neutrons share.

.. math:: G(r) = \frac{1}{N \langle b \rangle^2} \sum_{i \ne j}
          \frac{b_i b_j}{r_{ij}} \, \frac{e^{-(r - r_{ij})^2 / 2\sigma^2}}{\sqrt{2\pi}\sigma}
          - 4\pi\rho_0 r, \quad \sigma^2 = 2 u (1 - \delta_2 / r_{ij}^2)

multiplied by ``exp(-(r Q_damp)^2 / 2)``, the resolution of the instrument in Q, and then cut at
Q_max (convolution of the odd function with ``sin(Q_max r) / pi r``), as a measurement does it.
Broadening and cutting depend on the settings only: they are prepared once, and each crystal
costs its distances, one product and one convolution.

Source: Egami & Billinge, *Underneath the Bragg Peaks*, 2nd ed. (2012), chapters 3 and 6;
correlated motion: Jeong et al., Phys. Rev. B 67, 104301 (2003).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ingest.simulators import Curve, Parameter
from ingest.simulators._atoms import atoms_of
from ingest.simulators._pairs import NEAREST, distance_histogram
from registry.errors import Unsupported, WrongUse
from registry.records import Axis, Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

Spectral = npt.NDArray[np.complexfloating[Any, Any]]

WORK_STEP = 0.02
"""Coarsest inner grid (angstrom): no wider than the narrowest peak's sigma."""
BIN = 0.005
"""Coarsest distance histogram (angstrom): widens no peak's variance by more than BIN^2 / 4."""
NARROWEST = 0.25
"""Correlated motion narrows no peak below this share of its variance."""
TAIL = 5.0
"""Where a Gaussian ends, in sigma."""
RIPPLES = 10
"""Termination ripples of atoms beyond r_max that are still followed."""
NULL_SCATTERER = 1e-3
"""Share of <b>^2 in <b^2> below which G(r) and S(Q) have no sensible scale."""

PDF_PARAMETERS = {
    "r_min": Parameter(1.0, "angstrom", "first distance of the grid", 0.0, 50.0),
    "r_max": Parameter(20.0, "angstrom", "last distance of the grid", 1.0, 60.0),
    "points": Parameter(951, "", "number of points of the grid", 2, 4000),
    "u_iso": Parameter(0.005, "angstrom^2", "mean-square displacement of every atom", 0.001, 0.05),
    "delta2": Parameter(0.0, "angstrom^2", "correlated motion, quadratic term", 0.0, 10.0),
    "q_max": Parameter(25.0, "1/angstrom", "largest Q of the measurement", 5.0, 100.0),
    "q_damp": Parameter(0.03, "1/angstrom", "damping by the Q resolution", 0.0, 0.5),
}


def pdf_curve(
    structure: Structure, amplitude: Callable[[str], float], settings: dict[str, float]
) -> Curve:
    """G(r) of a structure; ``amplitude`` gives b of an element (any unit: it cancels).

    Raises:
        Unsupported: When an element has no amplitude, the cell has too many pairs, or the mean
            amplitude vanishes so that G(r) is not defined.
        WrongUse: When the grid is empty.
    """
    atoms = atoms_of(structure)
    b = np.array([amplitude(element) for element in atoms.elements])[atoms.element]
    n_atoms = atoms.occupancy.sum()
    mean = (atoms.occupancy @ b) / n_atoms
    check_mean(mean, (atoms.occupancy @ b**2) / n_atoms)
    blur = _blur(**settings)
    per_site = np.asarray(np.bincount(atoms.site, atoms.occupancy * b), dtype=np.float64)
    histogram = distance_histogram(atoms, per_site, blur.origin, blur.width, blur.bins)
    ideal = blur.broaden(histogram) / (n_atoms * mean**2)
    ideal -= 4 * np.pi * (n_atoms / atoms.volume) * blur.grid
    g = blur.terminate(ideal * blur.damping)[blur.first :: blur.stride][: len(blur.r)]
    return Curve(Axis("r", "angstrom", blur.r.copy()), g, "1/angstrom^2")


def check_mean(mean: Floats, mean_square: Floats) -> None:
    """Refuse amplitudes that cancel one another: G(r) and S(Q) are divided by their mean squared.

    Args:
        mean: Mean amplitude of the atoms, any shape.
        mean_square: Mean of its square, same shape and unit squared.

    Raises:
        Unsupported: When the square of the mean is too small a share of the mean square.
    """
    smallest = np.min(np.square(mean) / mean_square)
    if smallest < NULL_SCATTERER:
        expected = f"a mean amplitude with <b>^2 / <b^2> of at least {NULL_SCATTERER}"
        raise Unsupported("structure", expected, f"{smallest:.3g}")


@dataclass(frozen=True)
class _Blur:
    """What turns a distance histogram into G(r) at one choice of settings.

    Attributes:
        r: Output grid (angstrom).
        grid: Inner grid from 0 to beyond ``r_max``; ``grid[first::stride]`` begins with ``r``.
        first: Where ``r`` begins in ``grid``.
        stride: Steps of ``grid`` to one of ``r``.
        origin: Position of the first bin of the histogram.
        width: Distance between its bins, a whole fraction of the step of ``grid``.
        gauss: Share of the bins around each grid point in its value, ``(len(grid), window)``.
        shift: Transformed ``sin(Q_max r) / pi r`` at r - r'.
        mirror: The same at r + r', for the odd half of G below r = 0.
        damping: Factor at each grid point.
    """

    r: Floats
    grid: Floats
    first: int
    stride: int
    origin: float
    width: float
    gauss: Floats
    shift: Spectral
    mirror: Spectral
    damping: Floats

    @property
    def bins(self) -> int:
        """Length of the histogram: the last window ends with it."""
        return int((len(self.grid) - 1) * self._bins_per_step + self.gauss.shape[1])

    @property
    def _bins_per_step(self) -> int:
        return int(np.rint((self.grid[1] - self.grid[0]) / self.width))

    def broaden(self, histogram: Floats) -> Floats:
        """Put a Gaussian on every distance, divided by the distance."""
        windows = np.lib.stride_tricks.sliding_window_view(histogram, self.gauss.shape[1])
        return np.asarray(np.einsum("gw,gw->g", self.gauss, windows[:: self._bins_per_step]))

    def terminate(self, g: Floats) -> Floats:
        """Remove all that lies beyond Q_max from an odd function known on ``grid``."""
        from scipy.fft import irfft, rfft

        size = 2 * (len(self.shift) - 1)
        transformed = rfft(g, size)
        kept = irfft(transformed * self.shift - transformed.conj() * self.mirror, size)
        return np.asarray(kept[: len(g)])


@lru_cache(maxsize=4)
def _blur(
    r_min: float,
    r_max: float,
    points: float,
    u_iso: float,
    delta2: float,
    q_max: float,
    q_damp: float,
) -> _Blur:
    if not r_min < r_max:
        raise WrongUse("r_max", f"more than r_min = {r_min}", str(r_max))
    r = np.linspace(r_min, r_max, int(points))
    stride = int(np.ceil((r[1] - r[0]) / WORK_STEP))
    step = (r[1] - r[0]) / stride
    first = int(r_min / step)
    edge = r_max + RIPPLES * 2 * np.pi / q_max
    grid = r_min + step * np.arange(-first, int((edge - r_min) / step) + 1)
    width = step / np.ceil(step / BIN)
    tail = int(np.ceil(TAIL * np.sqrt(2 * u_iso) / width))
    offsets = width * np.arange(-tail, tail + 1)
    shift, mirror = _termination(grid, q_max)
    return _Blur(
        r=r,
        grid=grid,
        first=first,
        stride=stride,
        origin=grid[0] - tail * width,
        width=width,
        gauss=_gaussians(grid[:, None] + offsets, offsets, u_iso, delta2),
        shift=shift,
        mirror=mirror,
        damping=np.exp(-0.5 * (grid * q_damp) ** 2),
    )


def _gaussians(distance: Floats, offset: Floats, u_iso: float, delta2: float) -> Floats:
    # no two atoms are closer than NEAREST: what stands there only pads the windows
    distance = np.maximum(distance, NEAREST)
    correlation = np.maximum(1 - delta2 / distance**2, NARROWEST)
    sigma = np.sqrt(2 * u_iso * correlation)
    gauss = np.exp(-0.5 * (offset / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
    return np.asarray(gauss / distance)


def _termination(grid: Floats, q_max: float) -> tuple[Spectral, Spectral]:
    from scipy.fft import next_fast_len, rfft

    n = len(grid)
    step = grid[1] - grid[0]
    size = 2 * next_fast_len(n, real=True)
    lag = np.arange(size)
    # circular: lags of more than half the length stand for negative ones
    apart = step * np.where(lag < size // 2, lag, lag - size)
    across = 2 * grid[0] + step * lag

    def sinc(r: Floats) -> Spectral:
        return np.asarray(rfft(step * q_max / np.pi * np.sinc(q_max * r / np.pi)))

    return sinc(apart), sinc(across)
