"""Coverage of a dataset: which members have which modality, by side and class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.lake import Lake
from training.definitions import SPLITS, class_order
from training.models import Labels
from training.stored import StoredDataset

ALL = "all"
MEASURED = "measured "

READ_SQL = """
WITH members AS (SELECT * FROM dataset_members WHERE manifest = $1),
read AS (
    SELECT entity_id, CASE kind WHEN 'experimental' THEN $2 ELSE '' END || technique AS modality
    FROM (SELECT entity_id, unnest(spectra) AS spectrum_id FROM members)
    JOIN (SELECT spectrum_id, technique, kind FROM spectra) USING (spectrum_id)
    UNION
    SELECT entity_id, "view" AS modality
    FROM (SELECT entity_id, unnest(views) AS view_id FROM members)
    JOIN (SELECT entity_id, view_id, "view" FROM features) USING (entity_id, view_id)
)
SELECT entity_id, split, label,
       (SELECT list(DISTINCT modality) FROM read WHERE read.entity_id = m.entity_id) AS found
FROM members m ORDER BY entity_id
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

    Curves are told apart by technique and by whether they were measured, features by their view.
    """
    members = lake.sql(READ_SQL, [stored.manifest, MEASURED]).to_pylist()
    definition = stored.definition
    classified = definition.task == "classification"
    labels = [m["label"] if classified else ALL for m in members]
    classes = class_order(labels) if classified else (ALL,)
    have = [frozenset(m["found"] or ()) for m in members]
    asked = dict.fromkeys(i.source for i in definition.inputs)
    modalities = (*asked, *sorted(frozenset[str]().union(*have) - asked.keys()))
    counts = np.zeros((len(modalities), len(classes), len(SPLITS)), dtype=np.int64)
    total = np.zeros(counts.shape[1:], dtype=np.int64)
    for member, label, own in zip(members, labels, have, strict=True):
        place = classes.index(label), SPLITS.index(member["split"])
        total[place] += 1
        for name in own:
            counts[modalities.index(name), *place] += 1
    return Coverage(modalities, classes, counts, total, _together(modalities, have))


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
