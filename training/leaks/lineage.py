"""What members come from: materials, samples, measurements, parameters of simulators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from registry.identity import canonical_json, digest
from registry.lake import Lake
from training.datasets import Dataset
from training.leaks.twins import PRETRAINING, Case, Entry
from training.splits import Member

NOISE = ("seed", "counts", "background", "draw", "draw_seed")
"""Parameters of a simulator that do not change what is simulated."""

ORIGINS_SQL = """
SELECT spectrum_id, material_id, sample_id, kind, file_digest, file_part, producer, parameters
FROM spectra WHERE spectrum_id IN (SELECT unnest($1::VARCHAR[]))
"""


def case_of(lake: Lake, dataset: Dataset, pretraining: Dataset | None = None) -> Case:
    """Members of a dataset, and of what a model learnt from before, with where they come from.

    Of the pre-training set the train and validation sides count: its test side nobody has seen.
    """
    entries = list(_entries(lake, dataset))
    if pretraining is not None:
        before = (e for e in _entries(lake, pretraining) if e.side != "test")
        entries += [
            # groups are named by each dataset for itself
            replace(e, side=PRETRAINING, keys=frozenset(k for k in e.keys if k[0] != "group"))
            for e in before
        ]
    return Case(lake, dataset, pretraining, tuple(entries))


def _entries(lake: Lake, dataset: Dataset) -> Iterator[Entry]:
    wanted = sorted({name for member in dataset.members for name in member.spectra})
    rows = lake.sql(ORIGINS_SQL, [wanted], dataset.snapshot).to_pylist()
    origins = {row["spectrum_id"]: row for row in rows}
    is_material = dataset.definition.entity == "material"
    for row, member in enumerate(dataset.members):
        own = [origins[name] for name in member.spectra if name in origins]
        materials = {origin["material_id"] for origin in own} - {None}
        if is_material:
            materials.add(member.entity_id)
        draws = frozenset(_draws(own))
        keys = {("parent material", material) for material in materials}
        keys |= {("simulated sample", name) for name in draws}
        keys |= set(_declared(member)) | set(_measurements(own))
        yield Entry(
            entity_id=member.entity_id,
            side=member.split,
            row=row,
            group=member.group,
            keys=frozenset(keys),
            materials=tuple(sorted(materials)),
            draws=draws,
        )


def _declared(member: Member) -> Iterator[tuple[str, str]]:
    """What the split itself goes by."""
    yield "group", member.group
    if member.name:
        yield "mineral name", member.name.lower()
    for curve in member.curves:
        yield "identical curve", curve


def _measurements(origins: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for origin in origins:
        if origin["kind"] == "experimental":
            if origin["sample_id"]:
                yield "sample", origin["sample_id"]
            if origin["file_digest"]:
                yield "measurement", f"{origin['file_digest']} {origin['file_part'] or ''}".strip()


def _draws(origins: list[dict[str, Any]]) -> Iterator[str]:
    """What simulators made without a material, whatever the noise."""
    for origin in origins:
        if origin["kind"] == "simulated" and origin["material_id"] is None:
            told = json.loads(origin["parameters"] or "{}")
            sample = {name: value for name, value in told.items() if name not in NOISE}
            if sample:
                yield digest("draw", origin["producer"] or "", canonical_json(sample))
