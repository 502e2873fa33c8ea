"""Macros that compare two curves, on one grid or on two."""

from __future__ import annotations

from registry.query.macros.macro import Macro, let
from registry.query.macros.points import over_points

GROUP = "Comparing two curves"

_COSINE = (
    "list_dot_product({x}, {y}) / nullif("
    "sqrt(list_dot_product({x}, {x})) * sqrt(list_dot_product({y}, {y})), 0)"
)


def _centred(values: str) -> str:
    return let({"_m": f"list_avg({values})"}, f"list_transform({values}, lambda _v: _v - _m)")


_PEARSON = let(
    {"_p": "_points(x, y)", "_a": _centred("_p.x"), "_b": _centred("_p.y")},
    _COSINE.format(x="_a", y="_b"),
)


def _share(values: str) -> str:
    """Values as shares of their sum; NULL where they are no distribution."""
    return let(
        {"_a": f"CASE WHEN list_min({values}) >= 0 THEN nullif(list_sum({values}), 0) END"},
        f"list_transform({values}, lambda _v: _v / _a)",
    )


# Lin, IEEE Trans. Inf. Theory 37 (1991) 145: half the relative entropies to the mean of the two
_ENTROPY = (
    "list_sum(list_transform(_d.{0}, lambda _v, _i: "
    "CASE WHEN _v > 0 THEN _v * log2(2 * _v / (_v + _d.{1}[_i])) ELSE _v * 0 END))"
)
_JENSEN_SHANNON = let(
    {"_p": "_points(x, y)", "_d": f"{{'x': {_share('_p.x')}, 'y': {_share('_p.y')}}}"},
    # rounding may leave the divergence of equal curves below zero
    f"CASE WHEN _d.x[1] >= 0 AND _d.y[1] >= 0 THEN "
    f"sqrt(greatest(({_ENTROPY.format('x', 'y')} + {_ENTROPY.format('y', 'x')}) / 2, 0)) END",
)


def _on_one_grid_or_two(name: str, meaning: str) -> tuple[Macro, Macro]:
    """The measure ``_name`` for two curves on one grid, and for two on different grids."""
    return (
        Macro(
            f"{name}(y, z)", f"_{name}(y, z)", meaning, f"{name}(a.intensity, b.intensity)", GROUP
        ),
        Macro(
            f"{name}(x, y, u, z)",
            f"_{name}(y, resample(u, z, x))",
            "the same for curves on different grids x and u: z is resampled onto those x that u "
            "covers",
            f"{name}(a.x, a.intensity, b.x, b.intensity)",
            GROUP,
        ),
    )


def _checked(body: str) -> str:
    return (
        "CASE WHEN len(x) <> len(y) THEN error('two curves of ' || len(x) || ' and ' || len(y) || "
        f"' points are not on one grid: give x of both as well') ELSE {body} END"
    )


# of two lists of intensities, called x and y as the helpers of curves call what they pair
HELPERS = (
    Macro("_similarity(x, y)", _checked(over_points(_COSINE))),
    Macro("_pearson(x, y)", _checked(_PEARSON)),
    Macro("_jensen_shannon(x, y)", _checked(_JENSEN_SHANNON)),
)

MACROS = (
    *_on_one_grid_or_two(
        "similarity",
        "cosine of the angle between two curves on the same grid, -1 to 1; NULL when one is zero "
        "everywhere; an error when their lengths differ",
    ),
    *_on_one_grid_or_two(
        "pearson",
        "Pearson correlation of two curves on the same grid, -1 to 1; NULL when one is constant; "
        "an error when their lengths differ",
    ),
    *_on_one_grid_or_two(
        "jensen_shannon",
        "Jensen-Shannon distance of two curves on the same grid, each divided by its sum, from 0 "
        "(equal) to 1 (nowhere both positive; logarithms to base 2); NULL when a y is negative or "
        "all are zero; an error when their lengths differ",
    ),
)
