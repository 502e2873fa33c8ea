"""Macros that find peaks."""

from __future__ import annotations

from registry.query.macros.macro import Macro, let

GROUP = "Peaks"

# Runs of equal y, so that a plateau is one candidate: where they start, and their y.
_STARTS = "list_filter(range(1, len(_p.y) + 1), lambda _i: _i = 1 OR _p.y[_i] <> _p.y[_i - 1])"
_HEIGHTS = "list_transform(_s, lambda _i: _p.y[_i])"
# What a peak stands out by is at most its height over the lowest point, which is cheap to ask.
_CANDIDATES = (
    "list_filter(range(2, len(_h)), lambda _k: _h[_k] > _h[_k - 1] AND _h[_k] > _h[_k + 1] "
    "AND _h[_k] - _m.low >= _m.least)"
)
# The base on either side is the lowest point on the way to higher ground, or to the end.
_HIGHER = "list_position(list_transform({0}, lambda _v: _v > _t), true)"
_BASE = f"list_min({{0}}[:coalesce({_HIGHER}, len({{0}}) + 1) - 1])"
_PROMINENCE = let(
    {"_t": "_h[_k]", "_l": "list_reverse(_h[:_k])", "_r": "_h[_k:]"},
    f"_t - greatest({_BASE.format('_l')}, {_BASE.format('_r')})",
)
_PEAK = f"{{'x': _p.x[(_s[_k] + _s[_k + 1] - 1) // 2], 'y': _h[_k], 'prominence': {_PROMINENCE}}}"
_PEAKS = (
    f"list_filter(list_transform({_CANDIDATES}, lambda _k: {_PEAK}), "
    "lambda _q: _q.prominence >= _m.least)"
)
_LIMITS = "{'low': list_min(_h), 'least': prominence * (list_max(_h) - list_min(_h))}"

# From the highest point outwards: the first point at or below the half on each side, and where the
# line from it to its inner neighbour is at the half.
_HALF = "{'top': list_position(_p.y, list_max(_p.y)), 'y': list_max(_p.y) / 2}"
_BELOW = "list_position(list_transform({}, lambda _v: _v <= _m.y), true)"
_SIDES = (
    f"{{'left': _m.top - {_BELOW.format('list_reverse(_p.y[:_m.top])')} + 1, "
    f"'right': _m.top + {_BELOW.format('_p.y[_m.top:]')} - 1}}"
)


def _crossing(outer: str, inner: str) -> str:
    return (
        f"(_p.x[{outer}] + (_m.y - _p.y[{outer}]) * (_p.x[{inner}] - _p.x[{outer}]) "
        f"/ (_p.y[{inner}] - _p.y[{outer}]))"
    )


_WIDTH = f"{_crossing('_e.right', '_e.right - 1')} - {_crossing('_e.left', '_e.left + 1')}"

MACROS = (
    Macro(
        "peaks(x, y, prominence)",
        let({"_p": "_ordered(x, y)", "_s": _STARTS, "_h": _HEIGHTS, "_m": _LIMITS}, _PEAKS),
        "peaks in order of x, as a list of {x, y, prominence}: local maxima that stand out from "
        "what is around them by at least a share `prominence` of the range of y; a plateau is one "
        "peak, at its middle point. unnest(..., recursive := true) makes one row per peak",
        "peaks(x, intensity, 0.05)",
        GROUP,
    ),
    Macro(
        "fwhm(x, y)",
        let(
            {"_p": "_ordered(x, y)", "_m": _HALF, "_e": _SIDES},
            f"CASE WHEN _m.y > 0 THEN {_WIDTH} END",
        ),
        "full width of the highest peak at half its height above zero, linear between points, in "
        "the unit of x; NULL when a side does not come down to the half",
        "fwhm(x, intensity)",
        GROUP,
    ),
)
