"""The manifest of a dataset, and its rows in the lake.

The manifest hashes the definition and every member with its side, label and the ids of what was
read for it. Those ids are content, so the same data gives the same manifest on any machine,
whatever the version numbers of its tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from registry.identity import canonical_json, digest
from registry.lake import Lake, now
from training.datasets import Dataset
from training.definitions import SPLITS, DatasetDefinition
from training.splits import Member


def manifest_of(definition: DatasetDefinition, members: Sequence[Member]) -> str:
    """Hash of a definition and its members."""
    content = [(m.entity_id, m.split, m.label, m.spectra, m.views) for m in members]
    return digest("dataset", definition.json(), canonical_json(content))


def note(lake: Lake, dataset: Dataset) -> None:
    """Note a dataset in ``datasets`` and ``dataset_members``, once per manifest."""
    manifest, members = dataset.manifest, dataset.members
    lake.append(
        "dataset_members",
        [
            {
                "manifest": manifest,
                "entity_id": m.entity_id,
                "group": m.group,
                "split": m.split,
                "label": m.label,
                "spectra": list(m.spectra),
                "views": list(m.views),
            }
            for m in members
        ],
    )
    sizes = Counter(m.split for m in members)
    lake.append(
        "datasets",
        [
            {
                "manifest": manifest,
                "dataset": dataset.definition.name,
                "definition": dataset.definition.json(),
                "snapshot": canonical_json(dataset.snapshot),
                "target": dataset.definition.predicts,
                **{f"n_{side}": sizes[side] for side in SPLITS},
                "left_out": canonical_json(dataset.left_out),
                "created_at": now(),
            }
        ],
    )
