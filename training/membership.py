"""Materials become members: groups, sides, and what was read for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registry.errors import BadInput
from registry.identity import digest
from registry.lake import Lake
from training.blocks import InputBlock
from training.definitions import SPLITS, DatasetDefinition, SpectrumInput, class_order
from training.grouping import keys, read_samples, read_times
from training.models import Block
from training.splits import Member, assign, assign_by_time, connected, groups_by_label


@dataclass(frozen=True)
class Kin:
    """What a split asks of the lake beyond the table of materials, by material.

    Attributes:
        samples: Samples each was measured on, for a split by sample.
        times: When each was last measured, for a split by time; None for other splits.
    """

    samples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    times: Mapping[str, datetime] | None = None


def read_kin(
    lake: Lake, definition: DatasetDefinition, ids: Sequence[str], at: dict[str, int]
) -> Kin:
    """Read what the split asks for.

    Raises:
        BadInput: When no material has it.
    """
    where = f"dataset {definition.name!r}: split by {definition.split.by}"
    if definition.split.by == "sample":
        return Kin(samples=read_samples(lake, ids, at, where))
    if definition.split.by == "time":
        return Kin(times=read_times(lake, ids, at, where))
    return Kin()


def members_of(
    definition: DatasetDefinition,
    kept: list[dict[str, Any]],
    found: Mapping[str, InputBlock],
    blocks: Mapping[str, Block],
    kin: Kin,
) -> tuple[Member, ...]:
    """Members in the order of their materials, each with its group and side.

    Args:
        definition: The dataset.
        kept: Rows of ``materials`` that are in, with their ``label``.
        found: What was read of each input.
        blocks: Values of the members, one row each; NaN where they have none.
        kin: What the split asks for.
    """
    curves = [i.name for i in definition.inputs if isinstance(i, SpectrumInput)]
    views = [i.name for i in definition.inputs if i.name not in curves]
    rows = {name: block.rows for name, block in found.items()}

    def read(names: list[str], entity: str) -> tuple[str, ...]:
        return tuple(found[n].ids[rows[n][entity]] for n in names if entity in rows[n])

    ids = [m["material_id"] for m in kept]
    # what is not there is no curve, or all that lack one would be one group
    seen = [
        tuple(digest(n, blocks[n][i].tobytes()) for n in curves if entity in rows[n])
        for i, entity in enumerate(ids)
    ]
    by = definition.split.by
    groups = connected(
        [
            keys(by, m, own, kin.samples.get(m["material_id"], ()))
            for m, own in zip(kept, seen, strict=True)
        ]
    )
    splits = _sides(definition, groups, kept, kin)
    return tuple(
        Member(
            entity_id=entity,
            name=m["name"],
            group=groups[i],
            split=splits[i],
            label=m["label"],
            spectra=read(curves, entity),
            views=read(views, entity),
            curves=seen[i],
        )
        for i, (entity, m) in enumerate(zip(ids, kept, strict=True))
    )


def class_names(definition: DatasetDefinition, members: Sequence[Member]) -> tuple[str, ...]:
    """Names of the classes in their order; none unless the task is classification."""
    if definition.task != "classification":
        return ()
    return class_order(m.label for m in members if m.label is not None)


def insist_on_sides(definition: DatasetDefinition, members: Sequence[Member]) -> None:
    """Insist on a dataset that can be learnt from and judged on.

    Raises:
        BadInput: For fewer than two classes or values, too few groups, an empty side, or a class
            that a side has none of.
    """
    where = f"dataset {definition.name!r}"
    labels = _classes(definition, [m.label for m in members])
    groups = groups_by_label([m.group for m in members], labels)
    values = {m.label for m in members}
    if definition.task != "unsupervised" and len(values) < 2:
        of = "classes" if definition.task == "classification" else "values of the target"
        raise BadInput(where, f"two or more {of}", ", ".join(map(str, values)))
    few = {label: len(own) for label, own in groups.items() if len(own) < definition.min_groups}
    if few:
        least = f"{definition.min_groups} or more independent groups"
        if definition.task == "classification":
            raise BadInput(where, f"{least} in every class", str(few))
        raise BadInput(where, least, str(*few.values()))
    sides = {side: {m.label for m in members if m.split == side} for side in SPLITS}
    empty = [side for side, there in sides.items() if not there]
    if empty:
        raise BadInput(where, "members on every side of the split", f"none in {', '.join(empty)}")
    if definition.task == "classification":
        gaps = [
            f"no {c!r} in {side}" for side in SPLITS for c in sorted(groups.keys() - sides[side])
        ]
        if gaps:
            raise BadInput(f"{where}: split", "every class on every side", ", ".join(gaps))


def _sides(
    definition: DatasetDefinition, groups: list[str], kept: list[dict[str, Any]], kin: Kin
) -> list[str]:
    split = definition.split
    if kin.times is not None:
        times = [kin.times[m["material_id"]] for m in kept]
        return assign_by_time(groups, times, split.fractions)
    labels = _classes(definition, [m["label"] for m in kept])
    return assign(groups, labels, split.fractions, split.seed)


def _classes(definition: DatasetDefinition, labels: Sequence[Any]) -> list[str]:
    """What must be on every side of the split: each class; without classes, anything."""
    return [label if definition.task == "classification" else "member" for label in labels]
