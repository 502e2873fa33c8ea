"""Trigger: what comes in no longer looks like what was there when the champion learnt.

Recent rows are looked at in windows, each once and when it is full, so that the rate of false
alarms is that of a look, however often somebody looks. Rows of a group that was there before are
left out: they are not new, and would make every detector refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from registry.errors import BadInput
from registry.vocabulary import KINDS, Kind
from training.arrivals import not_in
from training.drift.detectors import DETECTORS, Evidence
from training.drift.known import against_earlier, against_structures
from training.drift.monitor import FEWEST, RATE, Look, look
from training.drift.paired import PAIRED
from training.drift.rows import GROUP_SQL, IDS_SQL, VECTORS_SQL, Rows, components, curves, summed
from training.drift.summaries import NAMES
from training.inputs import FeatureInput, SpectrumInput
from training.signs import Case, Sign

WINDOW, REFERENCE = 200, 800


@dataclass(frozen=True)
class Drift:
    """The trigger.

    Attributes:
        technique: Technique whose curves are looked at; the study reads it.
        view: Or the feature view.
        kind: Kind of the curves.
        where: SQL condition on ``spectra`` they fulfil.
        window: Rows looked at together.
        reference: Rows that were there before, at most: the newest.
        groups: What rows belong to that are not independent: ``sample``, ``material`` or ``none``.
        rate: Share of looks that alarm although nothing changed.
        detectors: Which look; the paired ones only at curves, and where samples are known.
    """

    technique: str = ""
    view: str = ""
    kind: Kind = "experimental"
    where: str = "true"
    window: int = WINDOW
    reference: int = REFERENCE
    groups: Literal["sample", "material", "none"] = "sample"
    rate: float = RATE
    detectors: tuple[str, ...] = (*DETECTORS, *PAIRED)

    def __post_init__(self) -> None:
        if bool(self.technique) == bool(self.view):
            raise BadInput("triggers: drift", "either 'technique' or 'view'", repr(self.technique))
        for field, value, known in (
            ("kind", self.kind, KINDS),
            ("groups", self.groups, tuple(GROUP_SQL)),
            *(("detectors", name, (*DETECTORS, *PAIRED)) for name in self.detectors),
        ):
            if value not in known:
                raise BadInput(f"triggers: drift: {field}", f"one of {', '.join(known)}", value)
        for field, size in (("window", self.window), ("reference", self.reference)):
            if size < FEWEST:
                raise BadInput(f"triggers: drift: {field}", f"{FEWEST} rows or more", repr(size))

    def __call__(self, case: Case) -> Sign:
        """Look at the newest full window.

        Raises:
            BadInput: When the study does not read the technique or the view.
        """
        before, after = (self._rows(case, at) for at in (case.learnt, case.now))
        answered = self._rows(case, case.since)
        known = pa.table({"group": before["group"]})
        fresh = not_in(not_in(after, answered, "row_id"), known, "group")
        what = f"{self.kind} {self.technique}" if self.technique else f"values of {self.view}"
        windows = fresh.num_rows // self.window
        numbers = {"reference": before.num_rows, "new": fresh.num_rows, "window": self.window}
        if not windows:
            reason = f"{fresh.num_rows} new {what}, {self.window} are looked at together"
            return Sign("drift", False, reason, {**numbers})
        if before.num_rows < FEWEST:
            reason = f"{before.num_rows} {what} when the {case.named} learnt: nothing to compare"
            return Sign("drift", False, reason, {**numbers})
        newest = fresh.slice((windows - 1) * self.window, self.window)
        reference = before.slice(max(0, before.num_rows - self.reference))
        old, new = self._values(case, reference, newest)
        if min(len(old.values), len(new.values)) < FEWEST:
            left = old.left_out + new.left_out
            reason = f"{what}: fewer than {FEWEST} are on the axis of the study, {left} are not"
            return Sign("drift", False, reason, {**numbers})
        others = self._beside_the_known(case, reference, newest, old, new)
        if self.technique:
            old, new = (summed(side, self._curve(case)) for side in (old, new))
        # equal columns tell nothing, and values may be of any size
        moves = np.ptp(np.concatenate([old.values, new.values]), axis=0) > 0
        detectors = [name for name in self.detectors if name in DETECTORS and moves.any()]
        if not detectors and not others:
            reason = f"{what}: all values are equal, and nothing is known to compare with"
            return Sign("drift", False, reason, {**numbers})
        found = look(
            old.values[:, moves],
            new.values[:, moves],
            [*old.groups, *new.groups],
            detectors,
            self.rate,
            others,
        )
        told = f"{what}, {len(new.values)} since against {len(old.values)} before: {found.reason}"
        moved = self._moved(found, np.flatnonzero(moves))
        told += f"; moved most: {moved}" if moved else ""
        return Sign("drift", bool(found.alarms), told, {**numbers, **_numbers(found)})

    def _rows(self, case: Case, at: dict[str, int]) -> pa.Table:
        if self.view:
            return case.lake.sql(VECTORS_SQL, [self._feature(case).identity()], at)
        self._curve(case)
        query = IDS_SQL.format(group=GROUP_SQL[self.groups], where=self.where)
        return case.lake.sql(query, [self.technique, self.kind], at)

    def _values(self, case: Case, old: pa.Table, new: pa.Table) -> tuple[Rows, Rows]:
        if self.technique:
            source = self._curve(case)
            one, other = (
                curves(case.lake, source, _pairs(ids), at)
                for ids, at in ((old, case.learnt), (new, case.now))
            )
            return one, other
        return components(_vectors(old), _vectors(new))

    def _beside_the_known(
        self, case: Case, before: pa.Table, since: pa.Table, old: Rows, new: Rows
    ) -> list[Evidence]:
        """What detectors say that know of structures and of earlier spectra of a material."""
        if not self.technique:
            return []
        found = []
        if "lines" in self.detectors:
            found.append(against_structures(case.lake, before, since, case.now))
        if "paired" in self.detectors:
            grid = self._curve(case).points()
            material = _materials(before) | _materials(since)
            found.append(against_earlier(grid, old, new, material))
        return [one for one in found if one is not None]

    def _moved(self, found: Look, columns: np.ndarray) -> str:
        """What moved most, as the paired detectors and the stability index say."""
        said = [e.moved for e in found.alarms if e.moved]
        named = [e.column for e in found.alarms if e.column is not None]
        if self.technique and named:
            said.append(NAMES[int(columns[named[0]])])
        return ", ".join(said)

    def _curve(self, case: Case) -> SpectrumInput:
        read = {i.technique: i for i in case.study.dataset.curves}
        if self.technique not in read:
            expected = f"a technique that {case.study.name} reads ({', '.join(read) or 'none'})"
            raise BadInput("triggers: drift: technique", expected, repr(self.technique))
        return read[self.technique]

    def _feature(self, case: Case) -> FeatureInput:
        views = [i for i in case.study.dataset.inputs if isinstance(i, FeatureInput)]
        read = {i.view: i for i in views}
        if self.view not in read:
            expected = f"a view that {case.study.name} reads ({', '.join(read) or 'none'})"
            raise BadInput("triggers: drift: view", expected, repr(self.view))
        return read[self.view]


def _pairs(ids: pa.Table) -> list[tuple[str, str]]:
    return list(zip(ids["row_id"].to_pylist(), ids["group"].to_pylist(), strict=True))


def _materials(ids: pa.Table) -> dict[str, str | None]:
    return dict(zip(ids["row_id"].to_pylist(), ids["material"].to_pylist(), strict=True))


def _vectors(rows: pa.Table) -> Rows:
    values = np.array(rows["vector"].to_pylist(), dtype=np.float64)
    return Rows(values, tuple(rows["group"].to_pylist()))


def _numbers(found: Look) -> dict[str, float]:
    told = {"limit": found.limit}
    for one in found.evidence:
        told[f"{one.detector} p"] = one.p_value
        told[one.detector] = one.statistic
    return told
