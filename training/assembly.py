"""Assembling a dataset from the lake.

What is retracted or stale at the snapshot is left out. Retractions belong to the snapshot like any
other table: a dataset read at its old snapshot is the same again, and is then stale itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from registry.errors import BadInput
from registry.lake import Lake
from training.blocks import InputBlock, read_block
from training.datasets import Dataset, Measured
from training.definitions import DatasetDefinition, SpectrumInput
from training.manifest import manifest_of, note
from training.membership import class_names, insist_on_sides, members_of, read_kin
from training.models import Block
from training.splits import Member
from training.targets import read_labels


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
    where = f"dataset {definition.name!r}"
    materials, retracted = _materials(lake, definition, at)
    labels = _labels(lake, definition, [m["material_id"] for m in materials], at)
    kin = read_kin(lake, definition, list(labels), at)
    ids = [entity for entity in labels if kin.times is None or entity in kin.times]
    found = {i.name: read_block(lake, i, ids, at) for i in definition.inputs}
    _insist_on_inputs(definition, found)
    apart = {
        "material: retracted": retracted,
        "target: none": len(materials) - len(labels),
        "time: never measured": len(labels) - len(ids),
    }
    able, left_out = _chosen(definition, ids, found, apart)
    kept = [{**m, "label": labels[e]} for m in materials if (e := m["material_id"]) in able]
    if not kept:
        raise BadInput(where, "members that have every input", "no member at all")
    blocks = {name: _filled(block, kept) for name, block in found.items()}
    members = members_of(definition, kept, found, blocks, kin)
    insist_on_sides(definition, members)
    measured, members = _measured(lake, definition, members, at)
    dataset = Dataset(
        definition=definition,
        snapshot=at,
        members=members,
        class_names=class_names(definition, members),
        blocks={**blocks},
        measured=measured,
        left_out=left_out,
        manifest=manifest_of(definition, members),
    )
    note(lake, dataset)
    return dataset


def _materials(
    lake: Lake, definition: DatasetDefinition, at: dict[str, int]
) -> tuple[list[dict[str, Any]], int]:
    """Materials to choose from, and how many more are retracted."""
    every: list[dict[str, Any]] = lake.sql(
        f"""SELECT material_id, name, formula, space_group_number, chemical_system, retracted
            FROM materials WHERE {definition.where} ORDER BY material_id""",
        at=at,
    ).to_pylist()
    rows = [row for row in every if not row["retracted"]]
    if not rows:
        where = f"dataset {definition.name!r}"
        raise BadInput(where, f"materials where {definition.where}", "none")
    return rows, len(every) - len(rows)


def _labels(
    lake: Lake, definition: DatasetDefinition, ids: list[str], at: dict[str, int]
) -> Mapping[str, str | None]:
    """Label of every material that can have one, in the order of their ids."""
    if definition.target is None:
        return dict.fromkeys(ids)
    return read_labels(lake, definition.name, definition.target, definition.task, ids, at)


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


def _chosen(
    definition: DatasetDefinition,
    ids: list[str],
    found: dict[str, InputBlock],
    apart: dict[str, int],
) -> tuple[set[str], dict[str, int]]:
    """Who is in, and how many are not, by reason.

    Each material left out counts once: as set apart, or under the first input that it lacks.
    """
    reasons = Counter({reason: n for reason, n in apart.items() if n})
    present = {name: set(block.entities) for name, block in found.items()}
    needed = [i.name for i in definition.inputs if i.missing == "require"]
    able = set(ids).intersection(set().union(*present.values()), *(present[n] for n in needed))
    for entity in ids:
        if entity in able:
            continue
        name = next((name for name in needed if entity not in present[name]), None)
        if name is None:
            reasons["no input at all"] += 1
        else:
            reasons[found[name].refused.get(entity, f"{name}: not in the lake")] += 1
    return able, dict(sorted(reasons.items()))


def _filled(block: InputBlock, kept: list[dict[str, Any]]) -> Block:
    """Values of members, a row of NaN for each that lacks them."""
    row = block.rows
    values = np.full((len(kept), block.values.shape[1]), np.nan, dtype=np.float32)
    have = [i for i, m in enumerate(kept) if m["material_id"] in row]
    values[have] = block.values[[row[kept[i]["material_id"]] for i in have]]
    return values


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
    blocks: dict[str, Block] = {}
    for source, block in zip(curves, found, strict=True):
        at_row = block.rows
        blocks[source.name] = block.values[[at_row[entity] for entity in common]]
        for entity in common:
            member = changed[row[entity]]
            read = (*member.spectra, block.ids[at_row[entity]])
            changed[row[entity]] = replace(member, spectra=read)
    rows = np.array([row[entity] for entity in common], dtype=np.int64)
    return Measured(rows, blocks), tuple(changed)
