"""Members of a dataset as the leak audit sees them, and what it finds: twins on two sides.

Sides come one after the other: what is learnt from (``pre-training``, ``train``), what is chosen
by (``validation``), what is judged by (``test``). Twins leak when the side of one comes later than
that of the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from registry.lake import Lake
from training.datasets import Dataset

PRETRAINING = "pre-training"
RANK = {PRETRAINING: 0, "train": 0, "validation": 1, "test": 2}

KINDS: Mapping[str, str] = {
    "group": "members of one group of the split",
    "mineral name": "determinations of one mineral",
    "identical curve": "curves that are equal on the grid of the model",
    "parent material": "curves of one material, at whatever wavelength and by whatever simulator",
    "sample": "measured on one sample",
    "measurement": "one data set of one file",
    "simulated sample": "one set of parameters of a simulator, counted anew",
    "identical structure": "one structure under two ids",
    "near-identical structure": "one structure, determined twice",
    "copied curve": "one measurement, scaled or resampled",
    "near-duplicate curve": "curves that differ by no more than their noise",
}
"""What twins may have in common."""


@dataclass(frozen=True)
class Twins:
    """Two members on different sides that are the same thing.

    Attributes:
        kind: What they have in common, one of :data:`KINDS`.
        first: Member of the earlier side.
        second: Member of the later side.
        sides: Side of each.
        score: How far apart they are, 0 for the same.
        limit: How far apart twins of this kind may be.
        what: Name of what they share, or what was compared.
    """

    kind: str
    first: str
    second: str
    sides: tuple[str, str]
    score: float = 0.0
    limit: float = 0.0
    what: str = ""

    def __str__(self) -> str:
        near = f" ({self.score:.3g}, limit {self.limit:.3g})" if self.limit else ""
        one, other = (f"{m} in {s}" for m, s in zip(self.names, self.sides, strict=True))
        return f"{self.kind} {self.what!r}: {one} and {other}{near}"

    @property
    def names(self) -> tuple[str, str]:
        """Both members."""
        return self.first, self.second


@dataclass(frozen=True)
class Compared:
    """What was compared, and up to where two members are one.

    Attributes:
        what: Structures, or the name of an input.
        limit: Largest distance of twins.
        pairs: How many pairs were looked at closely.
        note: How the limit was found.
    """

    what: str
    limit: float
    pairs: int
    note: str


@dataclass(frozen=True)
class Entry:
    """One member.

    Attributes:
        entity_id: Its id.
        side: Where it is.
        row: Its row in its dataset.
        group: Group of the split that it is in.
        keys: What it shares with whoever has the same key: kind and name.
        materials: Materials that it is, or is of.
        draws: What was simulated without a material, as digests of the parameters.
    """

    entity_id: str
    side: str
    row: int
    group: str
    keys: frozenset[tuple[str, str]] = frozenset()
    materials: tuple[str, ...] = ()
    draws: frozenset[str] = frozenset()

    @property
    def rank(self) -> int:
        """Place of its side in the order of use."""
        return RANK[self.side]


@dataclass(frozen=True)
class Case:
    """What is audited.

    Attributes:
        lake: The lake.
        dataset: The dataset.
        pretraining: What a model learnt from before, or None.
        entries: Members of both, those of the dataset first and in its order.
    """

    lake: Lake
    dataset: Dataset
    pretraining: Dataset | None
    entries: tuple[Entry, ...]


def twins_of(
    kind: str, one: Entry, other: Entry, score: float = 0.0, limit: float = 0.0, what: str = ""
) -> Twins:
    """Twins with the member of the earlier side first."""
    first, second = sorted((one, other), key=lambda entry: entry.rank)
    ids, sides = (first.entity_id, second.entity_id), (first.side, second.side)
    return Twins(kind, *ids, sides, score, limit, what)


def sharing(entries: Sequence[Entry]) -> list[Twins]:
    """Twins by key: each member of a later side with one of the earliest side that has its key."""
    owners: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        for key in entry.keys:
            owners[key].append(entry)
    found = []
    for (kind, name), own in sorted(owners.items()):
        first = min(own, key=lambda entry: entry.rank)
        late = (entry for entry in own if entry.rank > first.rank)
        found += [twins_of(kind, first, entry, what=name) for entry in late]
    return found


def closest(found: Iterable[Twins]) -> list[Twins]:
    """Of the twins of each later member the closest of each kind."""
    best: dict[tuple[str, str], Twins] = {}
    for twins in found:
        key = twins.kind, twins.second
        if key not in best or twins.score < best[key].score:
            best[key] = twins
    return list(best.values())
