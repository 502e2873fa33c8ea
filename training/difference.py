"""What became of a dataset: two manifests, member by member."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from registry.identity import canonical_json
from registry.lake import Lake
from training.stored import StoredDataset, stored_members

Change = tuple[str, str | None, str, str]
"""Entity, its name, what it was, what it is."""


@dataclass(frozen=True)
class Difference:
    """From one manifest to another.

    Attributes:
        definition: Fields that differ, with both values; inputs one by one (``input xrd``), empty
            where there was or is none.
        added: Members that are new: id, name, nothing, side.
        gone: Members that are no more: id, name, side, nothing.
        moved: Members on another side.
        relabelled: Members with another value of the target.
        reread: Members of which other spectra or feature views are read; id, name, and how many
            ids are read no more and are new.
    """

    definition: tuple[tuple[str, str, str], ...]
    added: tuple[Change, ...]
    gone: tuple[Change, ...]
    moved: tuple[Change, ...]
    relabelled: tuple[Change, ...]
    reread: tuple[Change, ...]

    def members(self) -> dict[str, tuple[Change, ...]]:
        """Changes of members by kind."""
        return {
            "added": self.added,
            "gone": self.gone,
            "moved between sides": self.moved,
            "other label": self.relabelled,
            "other data read": self.reread,
        }


def difference(lake: Lake, old: StoredDataset, new: StoredDataset) -> Difference:
    """Compare two stored datasets."""
    before = {m["entity_id"]: m for m in stored_members(lake, old.manifest)}
    after = {m["entity_id"]: m for m in stored_members(lake, new.manifest)}
    both = [(before[e], after[e]) for e in sorted(before.keys() & after.keys())]
    return Difference(
        definition=_definition(old, new),
        added=tuple(
            (e, after[e]["name"], "", after[e]["split"]) for e in sorted(after.keys() - before)
        ),
        gone=tuple(
            (e, before[e]["name"], before[e]["split"], "") for e in sorted(before.keys() - after)
        ),
        moved=_changed(both, "split"),
        relabelled=_changed(both, "label"),
        reread=tuple(_reread(a, b) for a, b in both if _read(a) != _read(b)),
    )


def _definition(old: StoredDataset, new: StoredDataset) -> tuple[tuple[str, str, str], ...]:
    a, b = _fields(old), _fields(new)
    names = [*a, *(name for name in b if name not in a)]
    found = [(name, a.get(name, ""), b.get(name, "")) for name in names]
    return tuple(change for change in found if change[1] != change[2])


def _fields(stored: StoredDataset) -> dict[str, str]:
    """Fields of a definition as text, one for every input."""
    value = json.loads(stored.definition.json())
    inputs = {f"input {i['name']}": canonical_json(i) for i in value.pop("inputs")}
    named = {"task": stored.definition.task, **value}
    return {n: v if isinstance(v, str) else canonical_json(v) for n, v in named.items()} | inputs


def _changed(both: list[tuple[dict[str, Any], dict[str, Any]]], what: str) -> tuple[Change, ...]:
    return tuple(
        (b["entity_id"], b["name"], str(a[what]), str(b[what]))
        for a, b in both
        if a[what] != b[what]
    )


def _read(member: dict[str, Any]) -> set[str]:
    return {*member["spectra"], *member["views"]}


def _reread(a: dict[str, Any], b: dict[str, Any]) -> Change:
    lost, won = len(_read(a) - _read(b)), len(_read(b) - _read(a))
    return b["entity_id"], b["name"], f"{lost} no more", f"{won} new"
