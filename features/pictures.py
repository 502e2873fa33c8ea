"""A picture of a view: a histogram of each number, or of many their norms, mean and spread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.reading import Matrix, tables
from features.views import View
from registry.lake import Lake

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN = 10_000
"""Entities that are drawn of a large view, the first by id: ids are hashes, so this is a sample."""
FEW = 12
"""So many numbers are drawn one by one: a few seldom share a unit, and have no order."""
SOME_SQL = """
SELECT entity_id FROM features WHERE view_id = $1 AND refused IS NULL AND NOT stale
ORDER BY entity_id LIMIT $2
"""


def draw(lake: Lake, view: View) -> Path:
    """Draw a view into the lake's ``pictures/``.

    Raises:
        LakeError: When a data file is missing or damaged.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    ids = lake.sql(SOME_SQL, [view.view_id, DRAWN])["entity_id"].to_pylist()
    values = tables(lake, view.view_id, ids, None, stale=False).values
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9, 3.2), layout="constrained")
        if values.shape[1] <= FEW:
            _each(figure, values, view)
        else:
            _all(figure, values, view)
        figure.suptitle(f"{view.name} {view.version}: {len(ids)} of {view.computed} drawn")
        path = lake.pictures / f"{view.name}-{view.view_id[:8]}.png"
        figure.savefig(path, dpi=120)
    return path


def _each(figure: Figure, values: Matrix, view: View) -> None:
    """A histogram of each column, labelled with its unit where the units are told one by one."""
    n = values.shape[1]
    units = [unit.strip() for unit in view.unit.split(";")]
    rows = -(-n // 6)
    figure.set_size_inches(9, 1.2 + 2 * rows)
    panels = figure.subplots(rows, min(n, 6), squeeze=False).ravel()
    for column, axes in enumerate(panels[:n]):
        axes.hist(values[:, column], bins=40, color="tab:blue")
        axes.set(xlabel=units[column] if len(units) == n else "", title=f"{column}")
    for axes in panels[n:]:
        axes.remove()
    figure.supylabel(f"number ({view.rows or view.entity})")


def _all(figure: Figure, values: Matrix, view: View) -> None:
    unit = f" [{view.unit}]" if view.unit else ""
    norms, mean = figure.subplots(1, 2)
    _norms(norms, values, f"norm{unit}", view.rows or view.entity)
    _mean(mean, values, f"value{unit}")


def _norms(axes: Axes, values: Matrix, label: str, of: str) -> None:
    axes.hist(np.linalg.norm(values, axis=1), bins=50, color="tab:blue")
    axes.set(xlabel=label, ylabel=f"number ({of})")


def _mean(axes: Axes, values: Matrix, label: str) -> None:
    column = np.arange(values.shape[1])
    if len(values):
        low, middle, high = _summary(values)
        axes.fill_between(column, low, high, color="tab:blue", alpha=0.25, lw=0, label="10-90 %")
        axes.plot(column, middle, color="tab:blue", lw=1, label="mean")
        axes.legend(frameon=False)
    axes.set(xlabel="column", ylabel=label)


def _summary(values: Matrix) -> tuple[Any, Any, Any]:
    low, high = np.quantile(values, [0.1, 0.9], axis=0)
    return low, values.mean(axis=0), high
