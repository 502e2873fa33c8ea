"""Pictures of what is in a lake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.lake import Lake
from registry.vocabulary import TECHNIQUES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EXAMPLE = """
SELECT s.technique, s.kind, s.x, s.intensity, s.x_quantity, s.x_unit,
       coalesce(m.name, s.title, s.sample_id) AS what
FROM spectra s LEFT JOIN materials m USING (material_id)
WHERE len(s.shape) = 1 AND len(s.x) >= 20
QUALIFY row_number() OVER (
    PARTITION BY s.technique ORDER BY s.kind, (m.name = 'Quartz') DESC, len(s.x) DESC, s.spectrum_id
) = 1
ORDER BY s.technique
"""
LOGARITHMIC = ("saxs", "sans", "nr", "xrr")
COLUMNS = 3


def draw_gallery(lake: Lake, target: Path | None = None) -> Path:
    """Draw one curve of every technique in the lake; returns the picture's path."""
    from matplotlib.figure import Figure

    rows = lake.sql(EXAMPLE).to_pylist()
    path = target or lake.pictures / "gallery.png"
    height = -(-max(len(rows), 1) // COLUMNS)
    figure = Figure(figsize=(4 * COLUMNS, 2.8 * height), layout="constrained")
    for number, row in enumerate(rows, 1):
        _draw(figure.add_subplot(height, COLUMNS, number), row)
    figure.savefig(path, dpi=110)
    return path


def _draw(axes: Axes, row: dict[str, Any]) -> None:
    technique = TECHNIQUES[row["technique"]]
    colour = "#0072B2" if row["kind"] == "experimental" else "#D55E00"
    axes.plot(row["x"], row["intensity"], lw=0.9, color=colour)
    if row["technique"] in LOGARITHMIC:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_minor_formatter("")
    kind = "measured" if row["kind"] == "experimental" else "simulated"
    axes.set_title(f"{technique.title}\n{(row['what'] or 'untitled')[:28]} ({kind})", fontsize=9)
    axes.set_xlabel(f"{row['x_quantity']} [{row['x_unit']}]", fontsize=8)
    axes.set_ylabel(technique.signal, fontsize=8)
    axes.tick_params(labelsize=7)
