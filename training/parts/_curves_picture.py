"""Picture of a translation: what each way explains, and curves of a usual member and the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.picture import BLUE, COLOURS, GREY, figure_of, save


def draw_translation(drawn: Mapping[str, Any], path: Path) -> None:
    """Draw what a finding of a translation keeps for it."""
    panels = len(drawn["members"]) + 1
    figure, first = figure_of(9.0, 1.0 + 1.9 * panels)
    first.remove()
    axes = figure.subplots(panels)
    _draw_shares(axes[0], drawn["scores"])
    figure.suptitle(drawn["title"], fontsize=11)
    for ax, member in zip(axes[1:], drawn["members"], strict=True):
        for number, (label, curve) in enumerate(member["curves"]):
            style = {"color": "black", "lw": 1.0} if number == 0 else {"lw": 1.2}
            if number:
                style |= {"color": COLOURS[number - 1], "alpha": 0.85}
            ax.plot(drawn["x"], curve, label=label, **style)
        ax.set_title(member["title"], fontsize=9, loc="left")
        ax.set_ylabel(drawn["y_axis"], fontsize=8)
        ax.margins(x=0.01)
    axes[-1].set_xlabel(drawn["x_axis"])
    handles, labels = axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    save(figure, path)


def _draw_shares(axes: Any, scores: Sequence[tuple[str, float, float, float]]) -> None:
    places = range(len(scores) - 1, -1, -1)
    for place, (_, value, low, high) in zip(places, scores, strict=True):
        axes.plot([low, high], [place, place], color="black", lw=1.5)
        axes.plot(value, place, "o", color=BLUE)
        axes.annotate(
            f"{value:.3f}",
            (1.01, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=8,
            annotation_clip=False,
        )
    axes.set_yticks(list(places), [label for label, *_ in scores], fontsize=8)
    axes.set_ylim(-0.6, len(scores) - 0.4)
    axes.axvline(0, color=GREY, ls=":", lw=1.2)
    axes.set_xlabel("explained variance on the test side (line: 95 % of resampled groups)")
