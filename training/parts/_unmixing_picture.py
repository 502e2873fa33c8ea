"""Picture of constituents: their patterns, how their number was chosen, where each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from training.parts._ternary import Triangle, draw_frame, draw_values, palette
from training.picture import BLUE, GREY, ORANGE, canvas, save

COLUMNS = 4
_FONT = 8


def draw_constituents(drawn: Mapping[str, Any], path: Path) -> None:
    """Draw what :class:`training.parts.unmixing.Unmixing` found with its first seed.

    Args:
        drawn: Its values.
        path: Picture to write.
    """
    shares = np.array(drawn["shares"])
    rows = -(-shares.shape[1] // COLUMNS)
    figure = canvas(10.5, 4.2 + 2.5 * rows)
    halves: Any = figure.subfigures(2, 1, height_ratios=(4.2, 2.5 * rows))
    above, below = halves
    left, right = above.subplots(1, 2, width_ratios=(1.5, 1))
    _patterns(left, drawn)
    _numbers(right, drawn)
    _maps(below, drawn, shares, rows)
    save(figure, path)


def _patterns(axes: Any, drawn: Mapping[str, Any]) -> None:
    """Constituents one above the other, copies next to each other in one colour."""
    parts, group = np.array(drawn["parts"]), np.array(drawn["group"])
    colours = palette(int(group.max()) + 1)
    for height, number in enumerate(np.argsort(group, kind="stable")[::-1]):
        colour = colours[group[number]]
        axes.plot(drawn["x"], parts[number] * 0.95 + height, color=colour, lw=1.1)
        axes.text(
            1.01,
            height + 0.1,
            _name(group[number]),
            transform=axes.get_yaxis_transform(),
            color=colour,
            fontsize=_FONT,
            weight="bold",
        )
    axes.set_yticks([])
    axes.set_xlim(drawn["x"][0], drawn["x"][-1])
    axes.set_ylim(-0.1, len(parts) + 0.1)
    axes.set_xlabel(drawn["axis"], fontsize=_FONT)
    axes.set_ylabel("intensity, each scaled to 1", fontsize=_FONT)
    axes.tick_params(labelsize=_FONT)
    axes.set_title(
        f"{len(parts)} constituents, {int(group.max()) + 1} without shifted copies", fontsize=9
    )


def _numbers(axes: Any, drawn: Mapping[str, Any]) -> None:
    """Silhouette and error against the number of constituents."""
    k, silhouette, error = np.array(drawn["tried"]).T
    axes.plot(k, silhouette, "o-", color=BLUE, ms=4, label="silhouette of the worst cluster")
    axes.plot(k, error, "s--", color=ORANGE, ms=4, label="left unexplained")
    axes.axvline(drawn["chosen"], color=GREY, ls=":", lw=1.2, label="chosen")
    axes.set_xticks(k, [f"{each:.0f}" for each in k])
    axes.set_ylim(min(0.0, silhouette.min()) - 0.05, 1.08)
    axes.set_xlabel("number of constituents", fontsize=_FONT)
    axes.tick_params(labelsize=_FONT)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=_FONT - 1, frameon=False)
    axes.set_title("how the number was chosen", fontsize=9)


def _maps(figure: Any, drawn: Mapping[str, Any], shares: Any, rows: int) -> None:
    """How much of each constituent is in each sample."""
    fractions = np.array(drawn["fractions"])
    triangle = Triangle.around(drawn["components"], fractions)
    places = triangle.places(fractions)
    panels = np.atleast_1d(figure.subplots(rows, COLUMNS)).ravel()
    size = 16 if len(places) > 150 else 30
    image: Any = None
    for number, axes in enumerate(panels):
        if number >= shares.shape[1]:
            axes.axis("off")
            continue
        draw_frame(axes, triangle, f"constituent {_name(number)}")
        image = draw_values(axes, places, shares[:, number], size, vmin=0, vmax=1)
    bar = figure.colorbar(image, ax=panels.tolist(), shrink=0.6, pad=0.01)
    bar.set_label("share of the intensity", fontsize=_FONT)
    bar.ax.tick_params(labelsize=_FONT)


def _name(group: int) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[group]
