"""Assembling a dataset from the lake.

The manifest hashes the definition and every member with its side, label and the ids of what was
read for it. Those ids are content, so the same data gives the same manifest on any machine,
whatever the version numbers of its tables.

What is retracted or stale at the snapshot is left out. Retractions belong to the snapshot like any
other table: a dataset read at its old snapshot is the same again, and is then stale itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from registry.errors import BadInput
from registry.identity import canonical_json, digest
from registry.lake import Lake, now
from training.blocks import InputBlock, read_block
from training.datasets import Dataset, Measured
from training.definitions import SPLITS, DatasetDefinition, SpectrumInput, class_order
from training.models import Inputs
from training.splits import Member, assign, connected, groups_by_label


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
    materials, retracted = _materials(lake, definition, at)
    ids = [m["material_id"] for m in materials]
    found = {i.name: read_block(lake, i, ids, at) for i in definition.inputs}
    _insist_on_inputs(definition, found)
    left_out = _left_out(ids, found, retracted)
    kept = [m for m in materials if all(m["material_id"] in set_ for set_ in _present(found))]
    blocks = {name: block.values[_rows(block, kept)] for name, block in found.items()}
    members = _members(definition, kept, found, blocks)
    _insist_on_classes(definition, members)
    measured, members = _measured(lake, definition, members, at)
    dataset = Dataset(
        definition=definition,
        snapshot=at,
        members=members,
        class_names=class_order(m.label for m in members),
        blocks=blocks,
        measured=measured,
        left_out=left_out,
        manifest=_manifest(definition, members),
    )
    _note(lake, dataset)
    return dataset


def _materials(
    lake: Lake, definition: DatasetDefinition, at: dict[str, int]
) -> tuple[list[dict[str, Any]], int]:
    """Materials to choose from, and how many more are retracted."""
    target = '"' + definition.target.replace('"', '""') + '"'
    every: list[dict[str, Any]] = lake.sql(
        f"""SELECT material_id, name, formula, space_group_number, chemical_system,
                   CAST({target} AS VARCHAR) AS label, retracted
            FROM materials WHERE {definition.where} ORDER BY material_id""",
        at=at,
    ).to_pylist()
    rows = [row for row in every if not row["retracted"]]
    where = f"dataset {definition.name!r}"
    if not rows:
        raise BadInput(where, f"materials where {definition.where}", "none")
    unlabelled = sum(row["label"] is None or row["label"].lower() == "nan" for row in rows)
    if unlabelled:
        raise BadInput(
            where,
            f"a label in {definition.target!r} for every material (narrow 'where' otherwise)",
            f"{unlabelled} of {len(rows)} without",
        )
    return rows, len(every) - len(rows)


def _insist_on_inputs(definition: DatasetDefinition, found: dict[str, InputBlock]) -> None:
    for source in definition.inputs:
        block = found[source.name]
        if not block.entities:
            why = Counter(block.refused.values()).most_common(1)
            raise BadInput(
                f"dataset {definition.name!r}: input {source.name!r}",
                f"{source.source} of at least one material with {source.parameters or 'defaults'}"
                f" (simulate or compute it first)",
                f"none usable ({why[0][0]})" if why else "none in the lake",
            )


def _present(found: dict[str, InputBlock]) -> list[set[str]]:
    return [set(block.entities) for block in found.values()]


def _left_out(ids: list[str], found: dict[str, InputBlock], retracted: int) -> dict[str, int]:
    """Each material left out counts once: as retracted, or under the first input that it lacks."""
    reasons = Counter({"material: retracted": retracted} if retracted else {})
    present = dict(zip(found, _present(found), strict=True))
    for entity in ids:
        lacking = next((name for name in found if entity not in present[name]), None)
        if lacking is not None:
            reasons[found[lacking].refused.get(entity, f"{lacking}: not in the lake")] += 1
    return dict(sorted(reasons.items()))


def _rows(block: InputBlock, kept: list[dict[str, Any]]) -> list[int]:
    row = {entity: i for i, entity in enumerate(block.entities)}
    return [row[m["material_id"]] for m in kept]


def _members(
    definition: DatasetDefinition,
    kept: list[dict[str, Any]],
    found: dict[str, InputBlock],
    blocks: Inputs,
) -> tuple[Member, ...]:
    curves = [i.name for i in definition.inputs if isinstance(i, SpectrumInput)]
    views = [i.name for i in definition.inputs if i.name not in curves]
    rows = {name: _rows(block, kept) for name, block in found.items()}
    seen = [
        tuple(digest(name, blocks[name][i].tobytes()) for name in curves) for i in range(len(kept))
    ]
    labels = [m["label"] for m in kept]
    keys = [_keys(definition.split.by, m, c) for m, c in zip(kept, seen, strict=True)]
    groups = connected(keys)
    splits = assign(groups, labels, definition.split.fractions, definition.split.seed)
    return tuple(
        Member(
            entity_id=m["material_id"],
            name=m["name"],
            group=groups[i],
            split=splits[i],
            label=m["label"],
            spectra=tuple(found[name].ids[rows[name][i]] for name in curves),
            views=tuple(found[name].ids[rows[name][i]] for name in views),
            curves=seen[i],
        )
        for i, m in enumerate(kept)
    )


def _keys(by: str, material: dict[str, Any], curves: tuple[str, ...]) -> list[str]:
    """What a material shares with those it must stay together with."""
    if by == "random":
        return [f"material:{material['material_id']}"]
    # the first in the alphabet names the group: never a curve, which changes with the simulator
    keys = [f"formula:{material['formula']} {material['space_group_number']}"]
    keys += [f"same-curve:{curve}" for curve in curves]
    if material["name"]:
        keys.append(f"mineral:{material['name'].lower()}")
    if by == "chemical_system":
        keys.append(f"chemistry:{material['chemical_system']}")
    return keys


def _insist_on_classes(definition: DatasetDefinition, members: tuple[Member, ...]) -> None:
    where = f"dataset {definition.name!r}"
    groups = groups_by_label([m.group for m in members], [m.label for m in members])
    if len(groups) < 2:
        raise BadInput(where, "two or more classes", ", ".join(groups) or "no member at all")
    few = {label: len(own) for label, own in groups.items() if len(own) < definition.min_groups}
    if few:
        raise BadInput(
            where, f"{definition.min_groups} or more independent groups in every class", str(few)
        )
    empty = [side for side in SPLITS if all(m.split != side for m in members)]
    if empty:
        raise BadInput(where, "members on every side of the split", f"none in {', '.join(empty)}")


def _measured(
    lake: Lake, definition: DatasetDefinition, members: tuple[Member, ...], at: dict[str, int]
) -> tuple[Measured | None, tuple[Member, ...]]:
    """Measured curves of test members that have one for every technique of the dataset."""
    curves = [i for i in definition.inputs if isinstance(i, SpectrumInput)]
    test = [m.entity_id for m in members if m.split == "test"]
    found = [read_block(lake, i, test, at, kind="experimental") for i in curves]
    common = sorted(set.intersection(*(set(b.entities) for b in found))) if found else []
    if not common:
        return None, members
    row = {m.entity_id: i for i, m in enumerate(members)}
    changed = list(members)
    blocks: Inputs = {}
    for source, block in zip(curves, found, strict=True):
        at_row = {entity: i for i, entity in enumerate(block.entities)}
        blocks[source.name] = block.values[[at_row[entity] for entity in common]]
        for entity in common:
            member = changed[row[entity]]
            read = (*member.spectra, block.ids[at_row[entity]])
            changed[row[entity]] = replace(member, spectra=read)
    rows = np.array([row[entity] for entity in common], dtype=np.int64)
    return Measured(rows, blocks), tuple(changed)


def _manifest(definition: DatasetDefinition, members: tuple[Member, ...]) -> str:
    content = [(m.entity_id, m.split, m.label, m.spectra, m.views) for m in members]
    return digest("dataset", definition.json(), canonical_json(content))


def _note(lake: Lake, dataset: Dataset) -> None:
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
                "target": dataset.definition.target,
                **{f"n_{side}": sizes[side] for side in SPLITS},
                "left_out": canonical_json(dataset.left_out),
                "created_at": now(),
            }
        ],
    )
