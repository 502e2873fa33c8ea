"""How good a dataset is beyond its size: what resampling lost, how far aligned curves lie apart.

Kept beside the tables as ``datasets/<manifest>.json``. It follows from the members, so it is no
part of the manifest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from registry.identity import canonical_json
from registry.lake import Lake

LIMIT = 0.05
"""Resampling error that one member in twenty may exceed before a dataset is said to lose detail."""


@dataclass(frozen=True)
class Spread:
    """One number per member, summed up.

    Attributes:
        n: Members.
        median: Of them.
        most: What 95 % of them do not exceed.
        worst: The largest.
        member: Whose that is.
    """

    n: int
    median: float
    most: float
    worst: float
    member: str

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Spread:
        """Sum up values by member, of one member at least."""
        names, numbers = list(values), np.array(list(values.values()))
        worst = int(numbers.argmax())
        median, most = np.percentile(numbers, [50, 95])
        return cls(len(names), float(median), float(most), float(numbers[worst]), names[worst])


@dataclass(frozen=True)
class Quality:
    """What was found when a dataset was assembled.

    Attributes:
        resampling: Of each input of curves, the root mean square difference between a curve and its
            resampled form interpolated back, relative to the peak; ``measured`` inputs apart.
        differences: Between the curves taken for a member, by condition, by member.
    """

    resampling: dict[str, Spread] = field(default_factory=dict)
    differences: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def coarse(self) -> list[str]:
        """Inputs whose grid loses more than :data:`LIMIT` of one member in twenty or more."""
        return [name for name, spread in self.resampling.items() if spread.most > LIMIT]

    def apart(self) -> dict[str, Spread]:
        """Differences between aligned curves by condition."""
        names = sorted({name for own in self.differences.values() for name in own})
        return {
            name: Spread.of({member: own[name] for member, own in self.differences.items()})
            for name in names
        }


def keep_quality(lake: Lake, manifest: str, quality: Quality) -> None:
    """Keep it with the lake."""
    lake.storage.create(_path(manifest), canonical_json(asdict(quality)).encode())


def stored_quality(lake: Lake, manifest: str) -> Quality | None:
    """Read it back; None for a dataset that was assembled before any of this was recorded."""
    text = lake.storage.read(_path(manifest))
    if text is None:
        return None
    value = json.loads(text)
    spreads = {name: Spread(**own) for name, own in value["resampling"].items()}
    return Quality(spreads, value["differences"])


def _path(manifest: str) -> str:
    return f"datasets/{manifest}.json"
