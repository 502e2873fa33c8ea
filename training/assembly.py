"""Assembling a dataset from the lake.

What is retracted or stale at the snapshot is left out. Retractions belong to the snapshot like any
other table: a dataset read at its old snapshot is the same again, and is then stale itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from registry.errors import BadInput
from registry.lake import Lake
from training.blocks import matrix
from training.datasets import Dataset, Measured
from training.definitions import DatasetDefinition
from training.entities import PLURAL, Subject, read_subjects
from training.grouping import read_kin
from training.manifest import manifest_of, note
from training.membership import TEST, Placed, class_names, insist_on_sides, member_of, place
from training.models import Inputs
from training.quality import Quality, Spread, keep_quality
from training.sources import (
    Source,
    curves_source,
    insist_on_inputs,
    measured_source,
    reasons,
    usual_source,
)
from training.splits import Member
from training.targets import read_labels

BESIDE = "measured "
"""What measured curves of test members are called that are simulated on the other sides."""


def assemble(
    lake: Lake, definition: DatasetDefinition, snapshot: dict[str, int] | None = None
) -> Dataset:
    """Read a dataset and note it in ``datasets`` and ``dataset_members``, once per manifest.

    Args:
        lake: The lake.
        definition: What to read.
        snapshot: Table versions, the newest by default.

    Raises:
        BadInput: When no model could be trained on it; the message says what is missing.
    """
    # a snapshot from before there was a table of retractions had none
    at = {"retractions": 0, **snapshot} if snapshot else lake.snapshot()
    everyone, retracted = _everyone(lake, definition, at)
    labels = _labels(lake, definition, [s.entity_id for s in everyone], at)
    kin = read_kin(lake, definition, [s for s in everyone if s.entity_id in labels], at)
    dated = labels if kin.times is None else labels.keys() & kin.times.keys()
    subjects = [s for s in everyone if s.entity_id in dated]
    ids = [s.entity_id for s in subjects]
    usual = usual_source(lake, definition, ids, at)
    insist_on_inputs(definition, usual)
    measured = None
    if definition.split.test == "measured":
        measured = measured_source(lake, definition, ids, usual, at)
    sources = [usual] if measured is None else [usual, measured]
    able = set[str]().union(*(source.able for source in sources))
    placed = place(
        definition, [s for s in subjects if s.entity_id in able], labels, usual, measured, kin
    )
    if not placed:
        where = f"dataset {definition.name!r}"
        raise BadInput(where, "members that have every input", "no member at all")
    members = tuple(member_of(definition, p, labels[p.subject.entity_id]) for p in placed)
    insist_on_sides(definition, members)
    blocks = _blocks(placed, usual, measured)
    beside = _beside(lake, definition, members, blocks, at)
    left_out = Counter(reasons(definition, ids, sources, able))
    left_out += Counter(beside.left_out)
    left_out[f"{definition.entity}: retracted"] = retracted
    left_out["target: none"] = len(everyone) - len(labels)
    left_out["time: never measured"] = len(labels) - len(subjects)
    left_out["test: simulated, in a group that is measured"] = len(able) - len(placed)
    dataset = Dataset(
        definition=definition,
        snapshot=at,
        members=beside.members,
        class_names=class_names(definition, members),
        blocks=blocks,
        measured=beside.measured,
        left_out={reason: n for reason, n in sorted(left_out.items()) if n},
        manifest=manifest_of(definition, beside.members),
    )
    note(lake, dataset)
    keep_quality(lake, dataset.manifest, _quality(placed, beside.source))
    return dataset


@dataclass(frozen=True)
class _Beside:
    """Measured curves of the test side: which, who has them, where from, and who has none why."""

    measured: Measured | None
    members: tuple[Member, ...]
    source: Source
    left_out: Mapping[str, int]


def _everyone(
    lake: Lake, definition: DatasetDefinition, at: dict[str, int]
) -> tuple[list[Subject], int]:
    found, retracted = read_subjects(lake, definition.entity, definition.where, at)
    if not found:
        expected = f"{PLURAL[definition.entity]} where {definition.where}"
        raise BadInput(f"dataset {definition.name!r}", expected, "none")
    return found, retracted


def _labels(
    lake: Lake, definition: DatasetDefinition, ids: list[str], at: dict[str, int]
) -> Mapping[str, str | None]:
    """Label of every candidate that can have one."""
    if definition.target is None:
        return dict.fromkeys(ids)
    return read_labels(lake, definition, ids, at)


def _blocks(placed: Sequence[Placed], usual: Source, measured: Source | None) -> Inputs:
    """Values of members: each side from what it is read from."""
    ids = [p.subject.entity_id for p in placed]
    blocks: Inputs = {name: block.of(ids) for name, block in usual.blocks.items()}
    if measured is None:
        return blocks
    rows = np.array([p.split == TEST for p in placed])
    tested = [entity for entity, is_test in zip(ids, rows, strict=True) if is_test]
    for name, block in measured.blocks.items():
        if block.is_curve:
            matrix(blocks[name])[rows] = matrix(block.of(tested))
    return blocks


def _beside(
    lake: Lake,
    definition: DatasetDefinition,
    members: tuple[Member, ...],
    blocks: Inputs,
    at: dict[str, int],
) -> _Beside:
    """Measured curves of test members: those that are there already, or else read beside them."""
    test = np.flatnonzero([m.split == TEST for m in members])
    if definition.tested_on == "experimental":
        own = {i.name: matrix(blocks[i.name])[test] for i in definition.curves}
        return _Beside(Measured(test, own), members, Source({}), {})
    if definition.entity == "spectrum":
        return _Beside(None, members, Source({}), {})
    ids = [members[i].entity_id for i in test]
    found = curves_source(lake, definition, ids, "experimental", at)
    left_out = Counter(f"{BESIDE}curves: {reason}" for reason in found.unaligned.values())
    have = set[str]().union(*(block.entities for block in found.blocks.values()))
    rows = np.array([i for i in test if members[i].entity_id in have], dtype=np.int64)
    if not len(rows):
        return _Beside(None, members, found, left_out)
    read = {
        i: tuple(b.ids[b.rows[e]] for b in found.blocks.values() if e in b.rows)
        for i in rows
        for e in [members[i].entity_id]
    }
    changed = tuple(
        replace(m, spectra=(*m.spectra, *read[i])) if i in read else m
        for i, m in enumerate(members)
    )
    own = {n: matrix(b.of([members[i].entity_id for i in rows])) for n, b in found.blocks.items()}
    return _Beside(Measured(rows, own), changed, found, left_out)


def _quality(placed: Sequence[Placed], beside: Source) -> Quality:
    """What resampling lost and how far aligned curves lie apart, of the members."""
    errors: dict[str, dict[str, float]] = {}
    differences: dict[str, dict[str, float]] = dict(beside.differences)
    for p in placed:
        entity = p.subject.entity_id
        # curves of a test side that is read as measured are another kind than those of the others
        kind = BESIDE if p.measured else ""
        for name, block in p.source.blocks.items():
            if block.is_curve and entity in block.rows:
                of_input = errors.setdefault(kind + name, {})
                of_input[entity] = float(block.errors[block.rows[entity]])
        if entity in p.source.differences:
            differences[entity] = p.source.differences[entity]
    for name, block in beside.blocks.items():
        own = {entity: float(block.errors[i]) for i, entity in enumerate(block.entities)}
        errors |= {BESIDE + name: own} if own else {}
    return Quality({name: Spread.of(own) for name, own in errors.items()}, differences)
