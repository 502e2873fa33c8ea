"""The one split authority: who may be on which side, and the audit that finds leaks.

A group is a connected component over shared keys (:mod:`training.grouping`). Every group has a
fixed pseudo-random position in [0, 1) from its name and the seed, and the fractions cut that
interval: a material added later moves nobody else, and the same lake is split alike on every
machine. Only where a class would be missing on one side is its nearest group moved there. A split
by time has borders in time instead.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from registry.errors import BadInput
from training.definitions import SPLITS


@dataclass(frozen=True)
class Member:
    """One material, sample or spectrum in a dataset.

    Attributes:
        entity_id: Its id.
        name: Mineral name, where it has one.
        group: Group it is in.
        split: train, validation or test.
        label: Value of the target, None when there is none.
        spectra: Spectrum ids read for it.
        views: Feature view ids read for it.
        curves: Digests of its curves as the models see them.
    """

    entity_id: str
    name: str | None
    group: str
    split: str
    label: str | None
    spectra: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leak:
    """Something that is on two sides of a split: what it is, its name, and the sides."""

    what: str
    name: str
    splits: tuple[str, ...]


def connected(keys: Sequence[Iterable[str]]) -> list[str]:
    """Group of each entity: entities that share a key, directly or through others, are one.

    Returns:
        The alphabetically first key of the entity's component, in the order given.
    """
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    listed = [sorted(own) for own in keys]
    for own in listed:
        for key in own:
            # the smaller key becomes the root, so the name does not depend on the order of rows
            low, high = sorted((root(own[0]), root(key)))
            parent[high] = low
    return [root(own[0]) for own in listed]


def position(group: str, seed: int) -> float:
    """Fixed pseudo-random place of a group in [0, 1)."""
    h = hashlib.blake2b(f"{seed}:{group}".encode(), digest_size=8).digest()
    return (int.from_bytes(h, "big") >> 11) / 2**53


def assign(
    groups: Sequence[str],
    labels: Sequence[str],
    fractions: Sequence[float],
    seed: int,
    sides: Sequence[str] = SPLITS,
) -> list[str]:
    """Side of each entity; entities of one group are on one side.

    Args:
        groups: Group of each entity.
        labels: Label of each entity.
        fractions: Shares of the sides.
        seed: Another seed is another split.
        sides: Names of the sides.
    """
    bounds = [sum(fractions[:i]) for i in range(len(sides) + 1)]
    spot = {g: position(g, seed) for g in sorted(set(groups))}
    placed = {
        g: next((s for s, b in zip(sides, bounds[1:], strict=True) if at < b), sides[-1])
        for g, at in spot.items()
    }
    for own in groups_by_label(groups, labels).values():
        for side, low, high in zip(sides, bounds, bounds[1:], strict=False):
            _fill(own, side, (low + high) / 2, spot, placed)
    return [placed[g] for g in groups]


def assign_by_time(
    groups: Sequence[str], times: Sequence[datetime], fractions: Sequence[float]
) -> list[str]:
    """Side of each entity: the oldest groups learn, the newest are the test.

    A group is as new as its newest entity, so nothing in train is newer than what any group of
    another side ends with. Sides fill up to their share of the entities; groups of one time are
    not divided either. Data added later move the borders: here that is what is asked for.

    Args:
        groups: Group of each entity.
        times: When each entity was last measured.
        fractions: Shares of train, validation and test.
    """
    newest: dict[str, datetime] = {}
    for group, time in zip(groups, times, strict=True):
        newest[group] = max(time, newest.get(group, time))
    count = Counter(newest[group] for group in groups)
    side_at: dict[datetime, str] = {}
    before = 0
    for time in sorted(count):
        middle = (before + count[time] / 2) / len(groups)
        sides = zip(SPLITS, accumulate(fractions), strict=True)
        side_at[time] = next((side for side, border in sides if middle < border), SPLITS[-1])
        before += count[time]
    return [side_at[newest[group]] for group in groups]


def _fill(
    own: list[str], side: str, middle: float, spot: dict[str, float], placed: dict[str, str]
) -> None:
    """Move the nearest group of a class to a side that has none, if another side can spare one."""
    count = Counter(placed[g] for g in own)
    spare = [g for g in own if count[placed[g]] > 1]
    if count[side] == 0 and spare:
        placed[min(spare, key=lambda g: (abs(spot[g] - middle), g))] = side


def groups_by_label(groups: Sequence[str], labels: Sequence[str]) -> dict[str, list[str]]:
    """Groups of each label, sorted; a group counts for the label most of its entities have."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for group, label in zip(groups, labels, strict=True):
        votes[group][label] += 1
    found: dict[str, list[str]] = {label: [] for label in sorted(set(labels))}
    for group in sorted(votes):
        winner = min(votes[group], key=lambda label: (-votes[group][label], label))
        found[winner].append(group)
    return found


def leaks(members: Iterable[Member]) -> list[Leak]:
    """Every group, mineral name or identical curve that is on more than one side."""
    sides: dict[tuple[str, str], set[str]] = defaultdict(set)
    for member in members:
        sides["group", member.group].add(member.split)
        if member.name:
            sides["mineral name", member.name.lower()].add(member.split)
        for curve in member.curves:
            sides["identical curve", curve].add(member.split)
    return [
        Leak(what, name, tuple(sorted(found)))
        for (what, name), found in sorted(sides.items())
        if len(found) > 1
    ]


def refuse_leaks(members: Iterable[Member], where: str) -> None:
    """Insist that nothing is on two sides.

    Raises:
        BadInput: Naming the first leaks.
    """
    found = leaks(members)
    if found:
        listed = "; ".join(f"{x.what} {x.name!r} in {' and '.join(x.splits)}" for x in found[:3])
        raise BadInput(where, "a split without leaks", f"{len(found)} leaks: {listed}")
