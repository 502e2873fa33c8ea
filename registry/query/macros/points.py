"""Helpers of the macros: the points of a curve that count, ordered where that matters.

Only curves with gaps are filtered, only those without order are sorted: a clean curve costs little
more than reading it.
"""

from __future__ import annotations

from registry.query.macros.macro import Macro, let

_X, _Y = "x::DOUBLE[]", "y::DOUBLE[]"
_STORED = f"{{'x': {_X}, 'y': {_Y}}}"

# In order of x. Of points with the same x, those of a descending curve are taken from its end, so
# that a curve and its mirror image give the same.
_SORTED = let(
    {
        "_c": "_usable(x, y)",
        "_s": "list_sort(list_transform(_c.x, lambda _v, _i: "
        "{'x': _v, 'i': CASE WHEN _c.x[1] <= _c.x[-1] THEN _i ELSE -_i END, 'y': _c.y[_i]}))",
    },
    "{'x': list_transform(_s, lambda _q: _q.x), 'y': list_transform(_s, lambda _q: _q.y)}",
)

# Powers of two, largest first: a binary search over up to a million points.
_SEARCH = (
    f"list_reduce({[2**k for k in range(20, -1, -1)]}, lambda _n, _k: "
    "CASE WHEN x[_n + _k] {} place THEN _n + _k ELSE _n END, 0)"
)
_WITHIN = f"CASE WHEN len(x) = len(y) THEN CASE WHEN _ascends({_X}) THEN {{}} ELSE {{}} END END"
_PIECE = "{}[_rank_below(x, a) + 1:_rank(x, b)]"
_PICKED_X = "list_filter(x, lambda _v: _v BETWEEN a AND b)"
_PICKED_Y = "list_filter(y, lambda _v, _i: x[_i] BETWEEN a AND b)"

HELPERS = (
    Macro(
        "_finite(v)",
        " AND ".join(
            f"list_position(v, {bad}) IS NULL"
            for bad in ("NULL", "'nan'::DOUBLE", "'inf'::DOUBLE", "'-inf'::DOUBLE")
        ),
    ),
    # +-infinity to start with: an empty list is not an error, and does not count as ordered
    Macro(
        "_ascends(x)",
        "isfinite(x[1]) AND isfinite(list_reduce(x, "
        "lambda _a, _b: CASE WHEN _a <= _b THEN _b END, '-inf'::DOUBLE))",
    ),
    Macro(
        "_descends(x)",
        "isfinite(x[1]) AND isfinite(list_reduce(x, "
        "lambda _a, _b: CASE WHEN _a >= _b THEN _b END, 'inf'::DOUBLE))",
    ),
    Macro(
        "_usable(x, y)",
        "CASE WHEN len(x) = len(y) THEN {"
        f"'x': list_filter({_X}, lambda _v, _i: isfinite(_v) AND isfinite(y[_i]::DOUBLE)), "
        f"'y': list_filter({_Y}, lambda _v, _i: isfinite(_v) AND isfinite(x[_i]::DOUBLE))}} END",
    ),
    Macro(
        "_points(x, y)",
        f"CASE WHEN len(x) = len(y) AND _finite({_X}) AND _finite({_Y}) THEN {_STORED} "
        "ELSE _usable(x, y) END",
    ),
    Macro(
        "_ordered(x, y)",
        "CASE WHEN len(x) = len(y) THEN "
        f"CASE WHEN _ascends({_X}) AND _finite({_Y}) THEN {_STORED} "
        f"WHEN _descends({_X}) AND _finite({_Y}) "
        f"THEN {{'x': list_reverse({_X}), 'y': list_reverse({_Y})}} ELSE {_SORTED} END END",
    ),
    # how many values of the ascending x are <= place, or < place
    Macro("_rank(x, place)", _SEARCH.format("<=")),
    Macro("_rank_below(x, place)", _SEARCH.format("<")),
    # what is within a <= x <= b as stored: a piece of an ascending curve, picked out of any other
    Macro("_x_within(x, y, a, b)", _WITHIN.format(_PIECE.format("x"), _PICKED_X)),
    Macro("_y_within(x, y, a, b)", _WITHIN.format(_PIECE.format("y"), _PICKED_Y)),
    # y at a place, by linear interpolation after the n-th point; NULL before the first, after the
    # last (x[0] and x[len + 1] are NULL)
    Macro(
        "_interpolated(x, y, n, place)",
        "CASE WHEN x[n] = place THEN y[n]::DOUBLE ELSE y[n] "
        "+ (place - x[n]) * (y[n + 1]::DOUBLE - y[n]) / (x[n + 1] - x[n]) END",
    ),
    # Trapezoids along x as it stands; of the products of the sum, those of a point with itself
    # cancel but for the first and last.
    Macro(
        "_trapezoids(x, y)",
        "(x[-1] * y[-1] - x[1] * y[1] + list_dot_product(x[2:], y[:-2]) "
        "- list_dot_product(x[:-2], y[2:])) / 2",
    ),
)


def over_points(body: str) -> str:
    """SQL for a number made of all points of ``{x}`` and ``{y}``, where one bad point spoils it.

    It is calculated from the lists as they are stored; where that gives no number, again without
    the points that are none. TRY is there because DuckDB refuses the product of a clean list when
    another row of the same chunk, even one that WHERE left out, has a NULL in its list.
    """
    stored = f"CASE WHEN len(x) = len(y) THEN TRY({body.format(x=_X, y=_Y)}) END"
    usable = let({"_p": "_usable(x, y)"}, body.format(x="_p.x", y="_p.y"))
    return let({"_r": stored}, f"CASE WHEN isfinite(_r) THEN _r ELSE {usable} END")
