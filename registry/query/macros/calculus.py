"""Macros that integrate, differentiate, scale and resample a curve."""

from __future__ import annotations

from registry.query.macros.macro import Macro, let
from registry.query.macros.points import over_points

GROUP = "Integrals, slopes, grids"

# Between two places the curve is cut where they are: linear interpolation adds the end points.
_CUT = (
    "{'x': list_concat([a::DOUBLE], _p.x[_i + 1:_j], [b::DOUBLE]), "
    "'y': list_concat([_interpolated(_p.x, _p.y, _i, a)], _p.y[_i + 1:_j], "
    "[_interpolated(_p.x, _p.y, _j, b)])}"
)
_CUT_AREA = let(
    {"_i": "_rank(_p.x, a)", "_j": "_rank(_p.x, b)", "_c": _CUT}, "_trapezoids(_c.x, _c.y)"
)

# Second order inside, on uneven x: Fornberg, Math. Comp. 51 (1988) 699; at the ends the slope to
# the only neighbour.
_STEP_BEFORE, _STEP_AFTER = "(_p.x[_i] - _p.x[_i - 1])", "(_p.x[_i + 1] - _p.x[_i])"
_SLOPE_BEFORE = f"((_p.y[_i] - _p.y[_i - 1]) / nullif({_STEP_BEFORE}, 0))"
_SLOPE_AFTER = f"((_p.y[_i + 1] - _p.y[_i]) / nullif({_STEP_AFTER}, 0))"
_SLOPE = (
    f"CASE WHEN _i = 1 THEN {_SLOPE_AFTER} WHEN _i = len(_p.x) THEN {_SLOPE_BEFORE} "
    f"ELSE ({_STEP_BEFORE} * {_SLOPE_AFTER} + {_STEP_AFTER} * {_SLOPE_BEFORE}) "
    f"/ nullif({_STEP_BEFORE} + {_STEP_AFTER}, 0) END"
)
_SLOPES = f"list_transform(_p.x, lambda _v, _i: {_SLOPE})"
_AT_PLACE = let({"_n": "_rank(_p.x, _g)"}, "_interpolated(_p.x, _p.y, _n, _g)")
# back to the places of the row: NULL where a point was skipped
_ALIGNED = let(
    {
        "_u": "list_filter(range(1, len(x) + 1), "
        "lambda _k: isfinite(x[_k]::DOUBLE) AND isfinite(y[_k]::DOUBLE))"
    },
    "list_transform(range(1, len(x) + 1), lambda _k: _d[list_position(_u, _k)])",
)


def _scaled(name: str, by: str, what: str) -> Macro:
    """Macro that divides y by a number of the curve."""
    body = let({"_m": f"nullif({by}, 0)"}, "list_transform(y, lambda _v: _v::DOUBLE / _m)")
    meaning = f"y divided by its {what}, as a list along x; NULL for every point if that is zero"
    return Macro(f"{name}(x, y)", body, meaning, f"{name}(x, intensity)", GROUP)


MACROS = (
    Macro(
        "area(x, y)",
        over_points(
            "CASE WHEN ({x})[1] <= ({x})[-1] THEN 1 ELSE -1 END * _trapezoids({x}, {y})",
        ),
        "integral of y over x by the trapezoid rule along the points as they are stored, with the "
        "sign of an ascending x also if x descends; unit of y times unit of x",
        "area(x, intensity)",
        GROUP,
    ),
    Macro(
        "area_between(x, y, a, b)",
        let(
            {"_p": "_ordered(x, y)"},
            f"CASE WHEN a <= b AND a >= _p.x[1] AND b <= _p.x[-1] THEN {_CUT_AREA} END",
        ),
        "integral of y from a to b by the trapezoid rule, y at a and b interpolated; NULL unless "
        "the curve covers a to b; unit of y times unit of x",
        "area_between(x, intensity, 1.0, 2.0)",
        GROUP,
    ),
    Macro(
        "derivative(x, y)",
        let(
            {"_p": "_points(x, y)", "_d": _SLOPES},
            f"CASE WHEN len(_p.x) = len(x) THEN _d WHEN len(x) = len(y) THEN {_ALIGNED} END",
        ),
        "slope dy/dx at every x, of second order inside and also on uneven x, as a list along x; "
        "NULL at skipped points and where x repeats; unit of y per unit of x",
        "derivative(x, intensity)",
        GROUP,
    ),
    _scaled("normalise_max", "y_max(x, y)", "largest value"),
    _scaled("normalise_sum", "y_sum(x, y)", "sum"),
    _scaled("normalise_area", "area(x, y)", "area over x"),
    Macro(
        "normalise_range(x, y)",
        let(
            {"_m": "{'low': y_min(x, y)::DOUBLE, 'high': y_max(x, y)::DOUBLE}"},
            "list_transform(y, lambda _v: (_v::DOUBLE - _m.low) / nullif(_m.high - _m.low, 0))",
        ),
        "y with its smallest value at 0 and its largest at 1, as a list along x",
        "normalise_range(x, intensity)",
        GROUP,
    ),
    Macro(
        "grid(a, b, n)",
        "list_transform(range(n), lambda _k: "
        "CASE _k WHEN 0 THEN a::DOUBLE WHEN n - 1 THEN b "
        "ELSE a + _k * ((b::DOUBLE - a) / (n - 1)) END)",
        "n evenly spaced places from a to b, both included",
        "grid(0.5, 6.0, 100)",
        GROUP,
    ),
    Macro(
        "resample(x, y, places)",
        let(
            {"_p": "_ordered(x, y)"},
            f"list_transform(places::DOUBLE[], lambda _g: {_AT_PLACE})",
        ),
        "y at each of the places, linear between points, as a list along places; NULL outside the "
        "curve",
        "resample(x, intensity, grid(0.5, 6.0, 100))",
        GROUP,
    ),
)
