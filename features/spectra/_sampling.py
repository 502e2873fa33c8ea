"""Curves on a grid of one's own: where it starts, what lies beyond the measured range."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.curve import Curve
from features.descriptor import Parameters
from features.spectra._edge import edge_energy, normalised, tabulated_edge
from features.spectra._parameters import above, at_least, one_of
from registry.errors import Unsupported
from registry.records import Floats

ORIGINS = ("zero", "edge", "table")
"""What x counts from: zero, the edge found in the curve, the tabulated edge of its absorber."""
BEYOND = ("refuse", "hold", "zero")
"""What is assumed outside the measured range: nothing, the last value, zero."""
SLACK = 1e-9
"""Share of the range by which a curve may fall short of it by rounding."""

GRID = {"start": 0.5, "stop": 6.0, "points": 200, "origin": "zero", "beyond": "refuse"}
GRID_UNITS = {"start": "of x", "stop": "of x", "points": "", "origin": "", "beyond": ""}


def grid_width(parameters: Parameters) -> int:
    """Check the parameters of a grid and count its points.

    Raises:
        WrongUse: When they cannot be.
    """
    above("stop", parameters["stop"], parameters["start"])
    one_of("origin", parameters["origin"], ORIGINS)
    one_of("beyond", parameters["beyond"], BEYOND)
    return at_least("points", parameters["points"], 2)


def sampled(curve: Curve, start: float, stop: float, points: int, **how: Any) -> Floats:
    """Values at equal distances from ``start`` to ``stop``, linear between points, ``(points,)``.

    Raises:
        Unsupported: When the curve does not reach, see :func:`window`.
    """
    x, y = window(curve, start, stop, **how)
    return np.interp(np.linspace(start, stop, points), x, y)


def averaged(curve: Curve, start: float, stop: float, points: int, **how: Any) -> Floats:
    """Means over equal bins from ``start`` to ``stop``, shape ``(points,)``.

    They keep the area of peaks narrower than a bin, where :func:`sampled` may miss them.

    Raises:
        Unsupported: When the curve does not reach, see :func:`window`.
    """
    x, y = window(curve, start, stop, **how)
    edges = np.linspace(start, stop, points + 1)
    return np.diff(integral(x, y, edges)) / np.diff(edges)


def window(
    curve: Curve,
    start: float,
    stop: float,
    *,
    origin: str = "zero",
    beyond: str = "refuse",
    normalise: bool = False,
) -> tuple[Floats, Floats]:
    """Points of a curve that cover a range, x counted from the origin.

    Args:
        curve: The curve.
        start: Start of the range.
        stop: Its end.
        origin: One of :data:`ORIGINS`.
        beyond: One of :data:`BEYOND`.
        normalise: Give the absorption normalised to its edge step.

    Raises:
        Unsupported: When the curve does not reach and ``beyond`` is ``refuse``; when it has no
            edge to count from or cannot be normalised.
    """
    x, y = (
        _normalised(curve, origin) if normalise else (curve.x - reference(curve, origin), curve.y)
    )
    slack = SLACK * (stop - start)
    short = x[0] > start + slack or x[-1] < stop - slack
    if short and beyond == "refuse":
        raise Unsupported(
            "spectrum", f"x from {start:g} to {stop:g}", f"x from {x[0]:g} to {x[-1]:g}"
        )
    return _extended(x, y, start, stop, beyond)


def reference(curve: Curve, origin: str) -> float:
    """What x counts from: see :data:`ORIGINS`.

    Raises:
        Unsupported: When the curve has no such edge.
    """
    if origin == "edge":
        return edge_energy(curve)
    return tabulated_edge(curve) if origin == "table" else 0.0


def _normalised(curve: Curve, origin: str) -> tuple[Floats, Floats]:
    done = normalised(curve)
    shift = 0.0 if origin == "edge" else done.e0 - reference(curve, origin)
    return done.energy + shift, done.mu


def integral(x: Floats, y: Floats, at: Floats) -> Floats:
    """Integral from ``x[0]`` of the line through the points, shape of ``at`` (within x)."""
    total = np.concatenate([[0.0], np.cumsum(np.diff(x) * (y[1:] + y[:-1]) / 2)])
    left = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    part = at - x[left]
    slope = (y[left + 1] - y[left]) / (x[left + 1] - x[left])
    return np.asarray(total[left] + part * (y[left] + slope * part / 2))


def between(x: Floats, y: Floats, start: float, stop: float) -> tuple[Floats, Floats]:
    """Points of a curve from ``start`` to ``stop``, with values interpolated at both ends."""
    inside = (x > start) & (x < stop)
    ends = np.interp([start, stop], x, y)
    return np.r_[start, x[inside], stop], np.r_[ends[0], y[inside], ends[1]]


def _extended(
    x: Floats, y: Floats, start: float, stop: float, beyond: str
) -> tuple[Floats, Floats]:
    """The curve with points added where it is short; it falls to zero at once, or stays."""
    if x[0] > start:
        edge = [start, np.nextafter(x[0], start)] if beyond == "zero" else [start]
        x, y = np.r_[edge, x], np.r_[[0.0 if beyond == "zero" else y[0]] * len(edge), y]
    if x[-1] < stop:
        edge = [np.nextafter(x[-1], stop), stop] if beyond == "zero" else [stop]
        x, y = np.r_[x, edge], np.r_[y, [0.0 if beyond == "zero" else y[-1]] * len(edge)]
    return x, y
