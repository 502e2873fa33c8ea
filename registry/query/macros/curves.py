"""Macros that read one curve: extremes, means, values at x, a part of it."""

from __future__ import annotations

from registry.query.macros.macro import Macro, let
from registry.query.macros.points import over_points

GROUP = "Reading a curve"

_USABLE = "list_filter(y, lambda _v: isfinite(_v::DOUBLE))::DOUBLE[]"
_POINTS = {"_p": "_points(x, y)"}
_WINDOW = {"_w": "{'x': _x_within(x, y, a, b), 'y': _y_within(x, y, a, b)}"}
# Where x ascends, two points decide; the others need not be looked at.
_AT = let(
    {
        "_r": "CASE WHEN len(x) = len(y) AND _ascends(x::DOUBLE[]) THEN "
        + let({"_n": "_rank(x, place)"}, "_interpolated(x, y, _n, place)")
        + " END"
    },
    "CASE WHEN isfinite(_r) THEN _r ELSE "
    + let(
        {"_p": "_ordered(x, y)", "_n": "_rank(_p.x, place)"},
        "_interpolated(_p.x, _p.y, _n, place)",
    )
    + " END",
)

MACROS = (
    Macro(
        "y_at(x, y, place)",
        _AT,
        "y at a place on x, linear between points, exact at a point (the last of several with this "
        "x); NULL outside the curve; in the unit of y",
        "y_at(x, intensity, 1.5)",
        GROUP,
    ),
    Macro(
        "slice_x(x, y, a, b)",
        let(
            {**_WINDOW, "_p": "_points(_w.x, _w.y)"},
            "list_transform(_p.x, lambda _v, _i: {'x': _v, 'y': _p.y[_i]})",
        ),
        "points with a <= x <= b, as a list of {x, y}",
        "slice_x(x, intensity, 0.01, 0.02)",
        GROUP,
    ),
    Macro(
        "y_max(x, y)",
        f"list_max({_USABLE})",
        "largest y",
        "y_max(x, intensity)",
        GROUP,
    ),
    Macro(
        "y_min(x, y)",
        f"list_min({_USABLE})",
        "smallest y",
        "y_min(x, intensity)",
        GROUP,
    ),
    Macro(
        "x_at_max(x, y)",
        let(_POINTS, "_p.x[list_position(_p.y, list_max(_p.y))]"),
        "x of the largest y, the first stored if there are several; in the unit of x",
        "x_at_max(x, intensity)",
        GROUP,
    ),
    Macro(
        "y_mean(x, y)",
        f"list_avg({_USABLE})",
        "mean of y over the points",
        "y_mean(x, intensity)",
        GROUP,
    ),
    Macro(
        "mean_between(x, y, a, b)",
        "y_mean(x, _y_within(x, y, a, b))",
        "mean of y over the points with a <= x <= b; NULL when there are none",
        "mean_between(x, intensity, 1.0, 2.0)",
        GROUP,
    ),
    Macro(
        "y_sum(x, y)",
        f"list_sum({_USABLE})",
        "sum of y over the points",
        "y_sum(x, intensity)",
        GROUP,
    ),
    Macro(
        "sum_between(x, y, a, b)",
        "y_sum(x, _y_within(x, y, a, b))",
        "sum of y over the points with a <= x <= b; NULL when there are none",
        "sum_between(x, intensity, 1.0, 2.0)",
        GROUP,
    ),
    Macro(
        "centroid(x, y)",
        over_points("list_dot_product({x}, {y}) / nullif(list_sum({y}), 0)"),
        "mean of x weighted with y over the points, in the unit of x; NULL when the y sum to zero",
        "centroid(x, intensity)",
        GROUP,
    ),
    Macro(
        "centroid_between(x, y, a, b)",
        let(_WINDOW, "centroid(_w.x, _w.y)"),
        "mean of x weighted with y over the points with a <= x <= b, in the unit of x",
        "centroid_between(x, intensity, 1.0, 2.0)",
        GROUP,
    ),
)
