"""Curve functions for SQL, as DuckDB macros over lists; x may ascend or descend.

They work on ``(x, intensity)`` of a row: ``mean_between(x, intensity, 1.0, 2.0)``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Macro:
    """A SQL macro: its signature, its body and an example with what it means."""

    signature: str
    body: str
    meaning: str
    example: str


_PAIRS = "list_transform(list_zip(x, y), lambda p: {'x': p[1], 'y': p[2]})"
_INSIDE = f"list_filter({_PAIRS}, lambda p: p.x >= a AND p.x <= b)"
_TRAPEZOIDS = (
    "list_sum(list_transform(range(2, len(x) + 1), "
    "lambda i: abs(x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2.0))"
)

MACROS = (
    Macro(
        "slice_x(x, y, a, b)",
        _INSIDE,
        "points with a <= x <= b, as a list of {x, y}",
        "slice_x(x, intensity, 0.01, 0.02)",
    ),
    Macro(
        "mean_between(x, y, a, b)",
        f"list_avg(list_transform({_INSIDE}, lambda p: p.y))",
        "mean of y over the points with a <= x <= b; NULL when there are none",
        "mean_between(x, intensity, 1.0, 2.0)",
    ),
    Macro(
        "area(x, y)",
        _TRAPEZOIDS,
        "integral of y over x by the trapezoid rule, positive also for a descending x",
        "area(x, intensity)",
    ),
    Macro("y_max(x, y)", "list_max(y)", "largest y", "y_max(x, intensity)"),
    Macro(
        "x_at_max(x, y)",
        "x[list_position(y, list_max(y))]",
        "x of the largest y",
        "x_at_max(x, intensity)",
    ),
    Macro(
        "centroid(x, y)",
        "list_dot_product(x::DOUBLE[], y::DOUBLE[]) / list_sum(y)",
        "mean of x weighted with y",
        "centroid(x, intensity)",
    ),
    Macro(
        "similarity(y, z)",
        "list_cosine_similarity(y, z)",
        "cosine of the angle between two curves on the same grid",
        "similarity(a.intensity, b.intensity)",
    ),
    Macro(
        "q_to_two_theta(q, wavelength)",
        "2 * degrees(asin(q * wavelength / (4 * pi())))",
        "scattering angle in degree of a momentum transfer in 1/angstrom",
        "q_to_two_theta(3.0, 1.54184)",
    ),
    Macro(
        "two_theta_to_q(two_theta, wavelength)",
        "4 * pi() / wavelength * sin(radians(two_theta) / 2)",
        "momentum transfer in 1/angstrom of a scattering angle in degree",
        "two_theta_to_q(26.6, 1.54184)",
    ),
    Macro(
        "q_to_d(q)",
        "2 * pi() / q",
        "lattice spacing in angstrom of a momentum transfer",
        "q_to_d(1.88)",
    ),
)


def create_statements() -> list[str]:
    """SQL that defines every macro in a DuckDB connection."""
    return [f"CREATE MACRO {m.signature} AS ({m.body})" for m in MACROS]
