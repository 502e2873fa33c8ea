"""Ternary diagrams: compositions of three components as points of a triangle with real axes.

The first component is at the lower left corner, the second at the lower right, the third on top.
Where samples keep to one corner the triangle shown is that part of the whole, with its own ticks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.records import Floats
from training.picture import GREY

STEP = 0.1
"""Part of the triangle shown begins at whole multiples of this."""
HEIGHT = float(np.sqrt(3) / 2)
TICK = 0.02
_MOST_TICKS = 6
_FONT = 7


@dataclass(frozen=True)
class Triangle:
    """The part of a composition triangle that is shown.

    Attributes:
        components: Names at the corners.
        least: Least fraction of each component, shape ``(3,)``.
    """

    components: tuple[str, str, str]
    least: tuple[float, float, float]

    @classmethod
    def around(cls, components: Sequence[str], fractions: Floats) -> Triangle:
        """The smallest that holds some compositions, shape ``(n, 3)``."""
        low = np.floor(fractions.min(axis=0) / STEP + 1e-9) * STEP
        a, b, c = (round(float(value), 6) for value in np.clip(low, 0, None))
        first, second, third = components
        return cls((first, second, third), (a, b, c))

    @property
    def size(self) -> float:
        """Length of its sides, as a fraction of the whole triangle's."""
        return 1 - sum(self.least)

    def places(self, fractions: Floats) -> Floats:
        """Where compositions are drawn, shape ``(n, 2)``; the triangle's sides have length 1."""
        own = (np.atleast_2d(fractions) - self.least) / self.size
        return np.column_stack([own[:, 1] + own[:, 2] / 2, own[:, 2] * HEIGHT])


def plane(fractions: Floats) -> Floats:
    """Compositions as points of the whole triangle, where distances are true, shape ``(n, 2)``."""
    return np.column_stack([fractions[:, 1] + fractions[:, 2] / 2, fractions[:, 2] * HEIGHT])


def draw_frame(axes: Any, triangle: Triangle, title: str = "") -> None:
    """Draw sides, ticks in percent along each side, grid and names at the corners."""
    corners = np.array([(0, 0), (1, 0), (0.5, HEIGHT)])
    axes.fill(*corners.T, facecolor="white", edgecolor="black", lw=0.9, zorder=0)
    for number in range(3):
        _draw_side(axes, triangle, number)
    for (x, y), name, (dx, dy) in zip(
        corners,
        triangle.components,
        ((-0.05, -0.12), (0.05, -0.12), (0, 0.07)),
        strict=True,
    ):
        _write(axes, x + dx, y + dy, formula(name), ha="center", fontsize=_FONT + 2, weight="bold")
    axes.set_xlim(-0.21, 1.21)
    axes.set_ylim(-0.21, HEIGHT + 0.12)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.set_title(title, fontsize=_FONT + 2)


def draw_values(axes: Any, places: Floats, values: Floats, size: float = 16, **colours: Any) -> Any:
    """Draw a number of each sample as a colour; returns what a colour bar needs."""
    order = np.argsort(values)
    return axes.scatter(
        *places[order].T, c=values[order], s=size, cmap="viridis", linewidths=0, zorder=3, **colours
    )


def draw_groups(
    axes: Any, places: Floats, group: Sequence[int], colours: Sequence[Any], size: float = 16
) -> None:
    """Draw the number of the group of each sample as a colour."""
    axes.scatter(
        *places.T, c=[colours[g % len(colours)] for g in group], s=size, linewidths=0, zorder=3
    )


def formula(name: str) -> str:
    """A formula with its numbers as indices."""
    return re.sub(r"(\d+)", r"$_{\1}$", name)


def palette(count: int) -> list[Any]:
    """Colours that stay apart, the first eight of Okabe & Ito (2008) without black."""
    from matplotlib import colormaps

    first = ["#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#F0E442", "#666666"]
    return [*first, *colormaps["tab20b"](range(20))][: max(count, 1)]


def _draw_side(axes: Any, triangle: Triangle, number: int) -> None:
    """Ticks of one component, read along the side on which it grows towards its corner."""
    before, after = (number + 2) % 3, (number + 1) % 3
    whole = triangle.size
    step = next(s for s in (0.05, 0.1, 0.2, 0.25) if whole / s <= _MOST_TICKS + 1e-9)
    first = np.ceil(triangle.least[number] / step + 1e-9) * step
    for value in np.arange(first, triangle.least[number] + whole - 1e-9, step):
        ends = []
        for filler in (before, after):
            point = np.array(triangle.least, dtype=np.float64)
            point[number] = value
            point[filler] += whole - (value - triangle.least[number])
            ends.append(triangle.places(point)[0])
        start, end = ends
        axes.plot(*np.array([start, end]).T, color=GREY, lw=0.4, alpha=0.35, zorder=1)
        outward = (start - end) / np.linalg.norm(start - end)
        axes.plot(*np.array([start, start + TICK * outward]).T, color="black", lw=0.8, zorder=1)
        x, y = start + 3.2 * TICK * outward
        _write(axes, x, y, f"{100 * value:.0f}", ha="center", fontsize=_FONT)
    _name_side(axes, triangle, number, before)


def _name_side(axes: Any, triangle: Triangle, number: int, before: int) -> None:
    """Name of the component and its unit beside the side its ticks are on."""
    corners = np.array([(0, 0), (1, 0), (0.5, HEIGHT)])
    middle = (corners[number] + corners[before]) / 2
    away = middle - corners.mean(axis=0)
    x, y = middle + 0.16 * away / np.linalg.norm(away)
    along = corners[number] - corners[before]
    angle = (np.degrees(np.arctan2(along[1], along[0])) + 90) % 180 - 90
    _write(
        axes,
        x,
        y,
        f"{formula(triangle.components[number])} (%)",
        ha="center",
        rotation=angle,
        rotation_mode="anchor",
        fontsize=_FONT,
    )


def _write(axes: Any, x: float, y: float, text: str, **style: Any) -> None:
    """Text that takes no room from the triangle."""
    axes.text(x, y, text, va="center", **style).set_in_layout(False)
