"""Coverage of a dataset: which members have which modality, by side and class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from registry.lake import Lake
from registry.vocabulary import Kind
from training.definitions import SPLITS, SpectrumInput, class_order
from training.models import Labels
from training.stored import StoredDataset

ALL = "all"
MEASURED = "measured "

MEMBERS_SQL = """
SELECT entity_id, split, label, spectra, views FROM dataset_members
WHERE manifest = $1 ORDER BY entity_id
"""
CURVES_SQL = """
SELECT spectrum_id FROM spectra
WHERE spectrum_id IN (SELECT unnest(spectra) FROM dataset_members WHERE manifest = $1)
  AND technique = $2 AND kind = $3 AND ($4 = '' OR recipe = $4) AND ({where})
"""


@dataclass(frozen=True)
class Coverage:
    """How many members have what.

    Attributes:
        modalities: Techniques and feature views that were read.
        classes: Names of the classes, or ``all`` alone where there are none.
        counts: Members that have a modality, shape ``(modalities, classes, sides)``.
        members: All members, shape ``(classes, sides)``.
        together: Members by what exactly they have, the most frequent first.
    """

    modalities: tuple[str, ...]
    classes: tuple[str, ...]
    counts: Labels
    members: Labels
    together: tuple[tuple[tuple[str, ...], int], ...]

    def rows(self) -> list[tuple[str, ...]]:
        """Modality, class, one cell a side, and all sides: ``3 of 5``, or ``5`` when all have it.

        With more than one class, each modality ends with a row over all of them.
        """
        found = []
        for modality, counts in zip(self.modalities, self.counts, strict=True):
            lines = list(zip(self.classes, counts, self.members, strict=True))
            if len(lines) > 1:
                lines.append((ALL, counts.sum(axis=0), self.members.sum(axis=0)))
            for name, have, of in lines:
                sides = zip([*have, have.sum()], [*of, of.sum()], strict=True)
                found.append((modality, name, *(_cell(int(n), int(m)) for n, m in sides)))
        return found


def coverage(lake: Lake, stored: StoredDataset) -> Coverage:
    """Count what the members of a stored dataset have.

    Each input is a modality, called by its technique or view, or by its own name where another
    input has the same; measured curves are apart from simulated ones.
    """
    members = lake.sql(MEMBERS_SQL, [stored.manifest]).to_pylist()
    definition = stored.definition
    classified = definition.task == "classification"
    labels = [m["label"] if classified else ALL for m in members]
    classes = class_order(labels) if classified else (ALL,)
    read = _modalities(lake, stored)
    have = [_of(m, read) for m in members]
    usual = len(definition.inputs)
    # one of measured curves is shown where there are any
    modalities = tuple(
        name for n, name in enumerate(read) if n < usual or any(name in own for own in have)
    )
    counts = np.zeros((len(modalities), len(classes), len(SPLITS)), dtype=np.int64)
    total = np.zeros(counts.shape[1:], dtype=np.int64)
    for member, label, own in zip(members, labels, have, strict=True):
        place = classes.index(label), SPLITS.index(member["split"])
        total[place] += 1
        for name in own:
            counts[modalities.index(name), *place] += 1
    return Coverage(modalities, classes, counts, total, _together(modalities, have))


def _modalities(lake: Lake, stored: StoredDataset) -> dict[str, set[str]]:
    """Ids of the spectra or views that are read as each modality, measured ones last."""
    inputs = stored.definition.inputs
    sources = Counter(i.source for i in inputs)
    name = {i.name: i.source if sources[i.source] == 1 else i.name for i in inputs}
    found: dict[str, set[str]] = {}
    for i in inputs:
        if isinstance(i, SpectrumInput):
            found[name[i.name]] = _curves(lake, stored, i, i.curves)
        else:
            found[name[i.name]] = {i.identity()}
    for i in stored.definition.curves:
        if not i.measured:
            found[MEASURED + name[i.name]] = _curves(lake, stored, i, "experimental")
    return found


def _curves(lake: Lake, stored: StoredDataset, source: SpectrumInput, kind: Kind) -> set[str]:
    """Spectra of a dataset that an input reads."""
    of_recipe = kind == "simulated" and stored.definition.entity == "material"
    recipe = source.identity() if of_recipe else ""
    query = CURVES_SQL.format(where=source.where)
    asked = [stored.manifest, source.technique, kind, recipe]
    return set(lake.sql(query, asked)["spectrum_id"].to_pylist())


def _of(member: dict[str, Any], read: dict[str, set[str]]) -> frozenset[str]:
    ids = {*member["spectra"], *member["views"]}
    return frozenset(name for name, own in read.items() if own & ids)


def draw_coverage(found: Coverage, title: str, path: Path) -> None:
    """Draw the share of members that have each modality, with counts; one panel a side."""
    from matplotlib.figure import Figure

    width = 2.5 + len(SPLITS) * (0.5 + 0.55 * len(found.classes))
    figure = Figure(figsize=(width, 2.2 + 0.4 * len(found.modalities)), layout="constrained")
    panels = figure.subplots(1, len(SPLITS), sharey=True)
    share = found.counts / np.maximum(found.members, 1)
    for n, (axes, side) in enumerate(zip(panels, SPLITS, strict=True)):
        image = axes.imshow(share[:, :, n], cmap="cividis", vmin=0, vmax=1, aspect="auto")
        for (i, j), value in np.ndenumerate(share[:, :, n]):
            colour = "black" if value > 0.5 else "white"
            count = str(found.counts[i, j, n])
            axes.text(j, i, count, ha="center", va="center", color=colour, fontsize=8)
        axes.set_xticks(range(len(found.classes)), found.classes, rotation=60, ha="right")
        axes.set_title(f"{side}: {found.members[:, n].sum()}", fontsize=9)
    panels[0].set_yticks(range(len(found.modalities)), found.modalities)
    figure.colorbar(image, ax=list(panels), label="share that has it")
    figure.suptitle(title, fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def _together(
    modalities: Sequence[str], have: Sequence[frozenset[str]]
) -> tuple[tuple[tuple[str, ...], int], ...]:
    patterns = Counter(tuple(m for m in modalities if m in own) for own in have)
    return tuple(sorted(patterns.items(), key=lambda item: (-item[1], item[0])))


def _cell(n: int, of: int) -> str:
    return str(n) if n == of else f"{n} of {of}"
