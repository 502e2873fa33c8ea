r"""Critical edge and layer thickness of a reflectivity, without a model.

The edge Qc follows from where R falls to half of its plateau, at :math:`Q_{1/2}`, by Fresnel's law

.. math:: R = \Bigl(\frac{1 - s}{1 + s}\Bigr)^2, \quad s = \sqrt{1 - Q_c^2 / Q^2}
          \quad\Rightarrow\quad Q_c = 0.9852\,Q_{1/2}

which holds for a sharp surface; :math:`Q_c^2 / 16 \pi` is the contrast in scattering length
density. Kiessig fringes of a layer of thickness d have the period :math:`2 \pi / d` in
:math:`Q' = \sqrt{Q^2 - Q_c^2}`: d is at the maximum of the Fourier transform of
:math:`\ln(R\,Q^4)`, from ``start`` times Qc to where R is no longer three times its uncertainty,
less its parabola (the decay by roughness), in a Hann window. Its strength is the amplitude of that
oscillation of ln R: two smooth interfaces of like contrast have about 1, a bare surface noise.

Values: Qc, d, strength. Thicknesses with fewer than two fringes in the range are not looked for.
"""

from __future__ import annotations

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._fitting import select
from features.spectra._maxima import crossing, vertex
from features.spectra._parameters import above
from registry.errors import Unsupported
from registry.records import Floats

TOTAL = 0.5
"""The largest R at least: less is no total reflection. Counts that were not divided by those of the
beam have more."""
PLATEAU = 0.8
"""Share of the largest R that points of the plateau have at least."""
PLATEAU_START = 0.8
"""Share of the edge at which the plateau must have begun: above the edge R falls as Q^-4 or faster,
to half within a factor of 1.19."""
LEAST = 32
"""Points of the fringes at least."""
SIGNIFICANT = 3.0
"""Uncertainties that R must be above zero."""
FRINGES = 2.0
"""Fringes in the range at least."""
PADDING = 8
"""Times the points, for a finer Fourier transform."""


def critical_edge(curve: Curve) -> float:
    """Qc, 1/angstrom.

    Raises:
        Unsupported: When the curve has no plateau of total reflection, or stays on it.
    """
    top = float(curve.y.max(initial=0.0))
    if not top >= TOTAL:
        raise Unsupported("spectrum", "a plateau of total reflection", f"R up to {top:.3g}")
    plateau = np.flatnonzero(curve.y >= PLATEAU * top)
    half = crossing(curve.x, curve.y, top / 2, int(plateau[-1]), 1)
    if half is None:
        raise Unsupported("spectrum", "a reflectivity that falls to half", "one that does not")
    first = curve.x[plateau[0]]
    if not first <= PLATEAU_START * half:
        found = f"a first large R at {first:.4g}, half of it at {half:.4g} 1/angstrom"
        raise Unsupported("spectrum", "a plateau of total reflection", found)
    root = np.sqrt(0.5)
    s = (1 - root) / (1 + root)
    return float(half * np.sqrt(1 - s * s))


def fringes(curve: Curve, edge: float, start: float) -> tuple[float, float]:
    """Thickness (angstrom) and strength of the strongest fringes.

    Raises:
        Unsupported: When too little is measured above the edge.
    """
    part = _significant(select(curve, curve.x >= start * edge))
    if len(part.x) < LEAST:
        raise Unsupported("spectrum", f"{LEAST} points above the edge", str(len(part.x)))
    inner = np.sqrt(part.x**2 - edge**2)
    grid = np.linspace(inner[0], inner[-1], 2 * len(inner))
    log = np.interp(grid, inner, np.log(part.y * part.x**4))
    t = np.linspace(-1, 1, len(grid))
    window = np.hanning(len(grid))
    wave = (log - np.polynomial.Polynomial.fit(t, log, 2)(t)) * window
    amplitude = 2 * np.abs(np.fft.rfft(wave, PADDING * len(grid))) / window.sum()
    thickness = 2 * np.pi * np.fft.rfftfreq(PADDING * len(grid), grid[1] - grid[0])
    least = FRINGES * 2 * np.pi / (grid[-1] - grid[0])
    # the points measured, not those interpolated, limit what can be resolved
    seen = (thickness >= least) & (thickness <= np.pi / np.diff(inner).max())
    if not seen.any():
        raise Unsupported("spectrum", "steps in Q that resolve fringes", "coarser ones")
    return vertex(thickness[seen], amplitude[seen], int(np.argmax(amplitude[seen])))


def _significant(curve: Curve) -> Curve:
    """The curve up to the first point that is not clearly above zero."""
    limit = 0.0 if curve.uncertainty is None else SIGNIFICANT * np.nan_to_num(curve.uncertainty)
    lost = curve.y <= limit
    return select(curve, np.arange(int(np.argmax(lost)) if lost.any() else len(lost)))


def _compute(curve: Curve, start: float) -> Floats:
    forward = select(curve, curve.x > 0)
    edge = critical_edge(forward)
    return np.array([edge, *fringes(forward, edge, start)])


def _width(parameters: Parameters) -> int:
    above("start", parameters["start"], 1.0)
    return 3


DESCRIPTOR = Descriptor(
    name="reflectivity",
    version="1",
    parameters={"start": 1.5},
    units={"start": ""},
    width=_width,
    compute=_compute,
    unit="1/angstrom; angstrom; none",
    source="Als-Nielsen and McMorrow, Elements of Modern X-ray Physics, 2nd ed. (2011), chapter 3; "
    "Kiessig, Ann. Phys. 402, 769 (1931)",
    entity="spectrum",
    techniques=("nr", "xrr"),
)
