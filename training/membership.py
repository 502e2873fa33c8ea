"""Candidates become members: groups, sides, and what was read for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.errors import BadInput
from training.definitions import SPLITS, DatasetDefinition, SpectrumInput, class_order
from training.entities import Subject
from training.grouping import Kin, keys_of
from training.sources import Source
from training.splits import Member, assign, assign_by_time, connected, groups_by_label

TEST = "test"


@dataclass(frozen=True)
class Placed:
    """A candidate on its side.

    Attributes:
        subject: The candidate.
        group: Its group.
        split: Its side.
        source: What is read for it.
        measured: Whether that is measured where others are simulated.
    """

    subject: Subject
    group: str
    split: str
    source: Source
    measured: bool = False


def place(
    definition: DatasetDefinition,
    subjects: Sequence[Subject],
    labels: Mapping[str, str | None],
    usual: Source,
    measured: Source | None,
    kin: Kin,
) -> list[Placed]:
    """Candidates with their groups and sides, in the order given.

    Args:
        definition: The dataset.
        subjects: Candidates that are able with one source or the other.
        labels: Their labels.
        usual: What members are read from.
        measured: What the test side is read from when nothing but measured curves may be there:
            a group of which anyone is measured is on the test side, without those who are not.
        kin: What the split asks for.
    """
    entity, by = definition.entity, definition.split.by
    seen = [usual.curves] if measured is None else [usual.curves, measured.curves]
    groups = connected(
        [
            keys_of(entity, by, s, [c for own in seen for c in own.get(s.entity_id, ())], kin)
            for s in subjects
        ]
    )
    every = list(zip(subjects, groups, strict=True))
    if measured is None:
        sides = _sides(definition, every, labels, kin, SPLITS)
        return [Placed(s, g, x, usual) for (s, g), x in zip(every, sides, strict=True)]
    tested = {group for subject, group in every if subject.entity_id in measured.able}
    learnt = [(subject, group) for subject, group in every if group not in tested]
    learnt_on = _sides(definition, learnt, labels, kin, SPLITS[:2])
    side_of = {group: side for (_, group), side in zip(learnt, learnt_on, strict=True)}
    placed = [
        Placed(s, g, TEST, measured, measured=True)
        if g in tested
        else Placed(s, g, side_of[g], usual)
        for s, g in every
    ]
    return [p for p in placed if p.subject.entity_id in p.source.able]


def member_of(definition: DatasetDefinition, placed: Placed, label: str | None) -> Member:
    """The member that a candidate becomes."""
    entity, blocks = placed.subject.entity_id, placed.source.blocks
    curves = [i.name for i in definition.inputs if isinstance(i, SpectrumInput)]
    views = [i.name for i in definition.inputs if i.name not in curves]

    def read(names: list[str]) -> tuple[str, ...]:
        return tuple(
            blocks[n].ids[blocks[n].rows[entity]] for n in names if entity in blocks[n].rows
        )

    return Member(
        entity_id=entity,
        name=placed.subject.name,
        group=placed.group,
        split=placed.split,
        label=label,
        spectra=read(curves),
        views=read(views),
        curves=placed.source.curves.get(entity, ()),
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
    definition: DatasetDefinition,
    grouped: Sequence[tuple[Subject, str]],
    labels: Mapping[str, str | None],
    kin: Kin,
    sides: Sequence[str],
) -> list[str]:
    split, groups = definition.split, [group for _, group in grouped]
    if kin.times is not None:
        times = [kin.times[subject.entity_id] for subject, _ in grouped]
        return assign_by_time(groups, times, split.fractions)
    classes = _classes(definition, [labels[subject.entity_id] for subject, _ in grouped])
    shares = split.fractions[: len(sides)]
    whole = [share / sum(shares) for share in shares] if len(sides) < len(SPLITS) else shares
    return assign(groups, classes, whole, split.seed, sides)


def _classes(definition: DatasetDefinition, labels: Sequence[Any]) -> list[str]:
    """What must be on every side of the split: each class; without classes, anything."""
    return [label if definition.task == "classification" else "member" for label in labels]
