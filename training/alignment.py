"""Which measured curves belong together: of one member, in several techniques, at one condition.

A member may have been measured often, at many temperatures. Of all ways to take one curve for each
technique, the one is taken whose conditions lie closest together, each difference relative to its
tolerance and the largest of them counting; who has no way within the tolerances is not aligned. A
curve that does not say its temperature cannot be known to lie within a tolerance of another.

The composition of a sample is what ``properties`` has of it by the method ``composition``: a row
for each element, named by its symbol, with its atomic fraction.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from registry.errors import BadInput
from registry.lake import Lake
from registry.records import Floats
from training.entities import KEY, Entity
from training.inputs import SpectrumInput

COMPOSITION = "composition"
UNITS = {"temperature": "K", "pressure": "GPa", COMPOSITION: ""}
ROUNDING = 1e-9
"""Relative: a difference of exactly the tolerance is within it."""

CANDIDATES_SQL = """
SELECT {key} AS entity_id, spectrum_id, sample_id, temperature, pressure FROM spectra
WHERE technique = $1 AND kind = 'experimental' AND len(shape) = 1 AND NOT (retracted OR stale)
  AND least(x[1], x[-1]) <= $2 AND greatest(x[1], x[-1]) >= $3
  AND {key} IN (SELECT unnest($4::VARCHAR[])) AND ({where})
ORDER BY entity_id, spectrum_id
"""
COMPOSITION_SQL = """
SELECT entity_id, property AS element, value FROM properties
WHERE method = $1 AND value IS NOT NULL AND entity_id IN (SELECT unnest($2::VARCHAR[]))
"""


@dataclass(frozen=True)
class Alignment:
    """Largest differences between curves of one member that are read together.

    Attributes:
        temperature: K, or None: any.
        pressure: GPa, or None: any.
        composition: Atomic fraction of any element between the samples that they were measured
            on, or None: any.
    """

    temperature: float | None = None
    pressure: float | None = None
    composition: float | None = None

    def __post_init__(self) -> None:
        for name, tolerance in asdict(self).items():
            if tolerance is not None and not (math.isfinite(tolerance) and tolerance > 0):
                raise BadInput(f"align: {name}", "a number above 0", repr(tolerance))
        if not self.tolerances:
            raise BadInput("align", f"a tolerance on one of {', '.join(UNITS)}", "none")

    @property
    def tolerances(self) -> dict[str, float]:
        """Those that are declared, by condition."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Aligned:
    """What was found.

    Attributes:
        chosen: Spectrum of each member, by input; of who is aligned.
        differences: Largest difference between them by condition, by member.
        refused: Why the others are not aligned.
    """

    chosen: Mapping[str, dict[str, str]]
    differences: dict[str, dict[str, float]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Taken:
    """A curve that could be read, and its conditions by name; of a composition, by element."""

    spectrum_id: str
    conditions: Mapping[str, Mapping[str, float] | None]


def aligned(
    lake: Lake,
    align: Alignment,
    inputs: Sequence[SpectrumInput],
    ids: Sequence[str],
    entity: Entity,
    at: dict[str, int],
) -> Aligned:
    """Choose measured curves of members that belong together.

    A member that has curves for one input only is aligned with itself.

    Args:
        lake: The lake.
        align: Tolerances.
        inputs: Which curves are read together.
        ids: Members.
        entity: What they are.
        at: Snapshot.
    """
    found = Aligned({i.name: {} for i in inputs})
    every = {i.name: _candidates(lake, i, ids, entity, at) for i in inputs}
    for member in ids:
        options = {name: own[member] for name, own in every.items() if member in own}
        if len(options) < 2:
            for name, curves in options.items():
                found.chosen[name][member] = curves[0].spectrum_id
            continue
        best = _closest(list(options.values()), align.tolerances)
        if isinstance(best, str):
            found.refused[member] = f"align: {best}"
            continue
        for name, curve in zip(options, best, strict=True):
            found.chosen[name][member] = curve.spectrum_id
        found.differences[member] = {
            name: float(np.ptp(_values(best, name), axis=0).max(initial=0.0))
            for name in align.tolerances
        }
    return found


def _candidates(
    lake: Lake, source: SpectrumInput, ids: Sequence[str], entity: Entity, at: dict[str, int]
) -> dict[str, list[_Taken]]:
    """Curves of each member that cover the grid of an input."""
    query = CANDIDATES_SQL.format(key=KEY[entity], where=source.where)
    low, high, _ = source.grid
    rows = lake.sql(query, [source.technique, low, high, list(ids)], at).to_pylist()
    fractions: dict[str, dict[str, float]] = defaultdict(dict)
    samples = sorted({row["sample_id"] for row in rows if row["sample_id"] is not None})
    for row in lake.sql(COMPOSITION_SQL, [COMPOSITION, samples], at).to_pylist():
        fractions[row["entity_id"]][row["element"]] = row["value"]
    found: dict[str, list[_Taken]] = defaultdict(list)
    for row in rows:
        known: dict[str, Mapping[str, float] | None] = {
            name: None if row[name] is None else {name: row[name]}
            for name in ("temperature", "pressure")
        }
        known[COMPOSITION] = fractions.get(row["sample_id"])
        found[row["entity_id"]].append(_Taken(row["spectrum_id"], known))
    return found


def _closest(
    options: Sequence[Sequence[_Taken]], tolerances: Mapping[str, float]
) -> list[_Taken] | str:
    """One curve of each input, as close together as can be; or why there is none."""
    stated = [_stated(curves, tolerances) for curves in options]
    for name in tolerances:
        if any(all(c.conditions[name] is None for c in curves) for curves in options):
            return f"{name} not stated"
    if not all(stated):
        return f"{' and '.join(tolerances)} not stated together"
    best = _nearest(stated, tolerances)
    if best is not None:
        return best
    for name, tolerance in tolerances.items():
        if _nearest(stated, {name: tolerance}) is None:
            return f"{name} differs by more than {f'{tolerance:g} {UNITS[name]}'.strip()}"
    return f"{' and '.join(tolerances)} not within tolerance together"


def _stated(curves: Sequence[_Taken], tolerances: Mapping[str, float]) -> list[_Taken]:
    """Curves that say all conditions, of equal conditions the first."""
    first: dict[str, _Taken] = {}
    for curve in curves:
        asked = [curve.conditions[name] for name in tolerances]
        if all(condition is not None for condition in asked):
            first.setdefault(repr([sorted((c or {}).items()) for c in asked]), curve)
    return list(first.values())


def _nearest(
    options: Sequence[Sequence[_Taken]], tolerances: Mapping[str, float]
) -> list[_Taken] | None:
    """The combination of least spread, the first of equal ones; None when none is within 1.

    Combinations are built up input by input and dropped as soon as they are too wide, so few are
    ever kept; none is missed.
    """
    every = [curve for curves in options for curve in curves]
    scaled = np.concatenate([_values(every, name) / t for name, t in tolerances.items()], axis=1)
    parts = np.split(scaled, np.cumsum([len(curves) for curves in options])[:-1])
    chosen = np.arange(len(parts[0]))[:, None]
    low = high = parts[0]
    for values in parts[1:]:
        least, most = np.minimum(low[:, None], values), np.maximum(high[:, None], values)
        one, other = np.nonzero((most - least <= 1 + ROUNDING).all(axis=2))
        chosen = np.concatenate([chosen[one], other[:, None]], axis=1)
        low, high = least[one, other], most[one, other]
    if not len(chosen):
        return None
    best = chosen[np.argmin((high - low).max(axis=1))]
    return [curves[i] for curves, i in zip(options, best, strict=True)]


def _values(curves: Sequence[_Taken], condition: str) -> Floats:
    """A condition of curves, shape ``(n, k)``: one number, or a fraction for each element."""
    told = [curve.conditions[condition] or {} for curve in curves]
    names = sorted(set().union(*told))
    return np.array([[own.get(name, 0.0) for name in names] for own in told])
