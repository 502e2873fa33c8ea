"""Structures that are one as a property of materials, for a split that keeps them together.

``Split(together=note_structures(lake))`` puts minerals that are one under several names (spelling,
synonyms, ends of a solid solution that were analysed alike) on one side.
"""

from __future__ import annotations

from ingest.labels import Label, write_properties
from registry.lake import Lake
from training.definitions import DatasetDefinition
from training.leaks.structures import NEAR, distances, read_structures
from training.splits import connected
from training.targets import Property

STRUCTURE = Property("structure", "training.leaks 1")
"""Its text is the same for materials that are near-identical, directly or through others."""


def note_if_asked(lake: Lake, definition: DatasetDefinition) -> None:
    """Note structures where a dataset keeps them together: materials come in at any time."""
    if definition.split.together == STRUCTURE:
        note_structures(lake)


def note_structures(lake: Lake, where: str = "true") -> Property:
    """Note of every material which structure it is; what was noted before is brought up to date.

    Args:
        lake: The lake.
        where: SQL condition on ``materials``.

    Returns:
        The property, for :class:`training.definitions.Split`.
    """
    rows = lake.sql(f"SELECT material_id FROM materials WHERE ({where}) AND NOT retracted")
    structures = read_structures(lake, rows["material_id"].to_pylist())
    names = list(structures.place)
    like = {name: [name] for name in names}
    for one, other, distance, _ in distances(structures):
        if distance <= NEAR:
            like[names[one]].append(names[other])
    groups = connected(list(like.values()))
    write_properties(
        lake,
        [
            Label(name, STRUCTURE.name, STRUCTURE.method, text=group)
            for name, group in zip(names, groups, strict=True)
        ],
        replace=True,
        source="structures",
    )
    return STRUCTURE
