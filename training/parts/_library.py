"""What is known of the samples of a library: compositions, regions, amounts, from properties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.errors import BadInput
from registry.lake import Lake
from registry.records import Floats
from training.datasets import Dataset
from training.definitions import DatasetDefinition
from training.models import Labels
from training.study_runs import held_in
from training.targets import Property, read_texts


@dataclass(frozen=True)
class Composition:
    """Three components whose fractions are properties of every member, called like them.

    Attributes:
        components: Elements or oxides, in the order of the corners of the triangle.
        method: Method of those properties.
    """

    components: tuple[str, str, str]
    method: str = "composition"

    @property
    def properties(self) -> list[Property]:
        """The fraction of each component."""
        return [Property(component, self.method) for component in self.components]

    def read(self, lake: Lake, dataset: Dataset) -> Floats:
        """Fractions, rows adding up to one, shape ``(n, 3)``.

        Raises:
            BadInput: When a member lacks one, or has none of any.
        """
        found = numbers(lake, dataset, self.properties)
        sums = found.sum(axis=1, keepdims=True)
        if (found < 0).any() or not (sums > 0).all():
            where = f"dataset {dataset.definition.name!r}: composition"
            raise BadInput(where, "fractions of 0 or more, not all of them 0", "others")
        return np.asarray(found / sums)


def properties_of(part: Any) -> Iterator[Property]:
    """Properties of members that a part reads; those of its datasets are in their manifests."""
    for held in held_in(part, Property, Composition, DatasetDefinition):
        if isinstance(held, Property):
            yield held
        elif isinstance(held, Composition):
            yield from held.properties


def numbers(lake: Lake, dataset: Dataset, wanted: list[Property]) -> Floats:
    """Values of properties of every member, shape ``(n, properties)``.

    Raises:
        BadInput: When a member lacks one.
    """
    return np.array([[float(text) for text in texts(lake, dataset, p)] for p in wanted]).T


def classes(lake: Lake, dataset: Dataset, wanted: Property) -> tuple[Labels, tuple[str, ...]]:
    """A property of every member as numbers of classes, shape ``(n,)``, and the classes' names."""
    names, label = np.unique(texts(lake, dataset, wanted), return_inverse=True)
    return np.asarray(label, dtype=np.int64), tuple(map(str, names))


def texts(lake: Lake, dataset: Dataset, wanted: Property) -> list[str]:
    """A property of every member, in the order of the members.

    Raises:
        BadInput: When a member lacks it.
    """
    ids = [member.entity_id for member in dataset.members]
    found = read_texts(lake, wanted, ids, dataset.snapshot)
    missing = [name for name in ids if name not in found]
    if missing:
        raise BadInput(
            f"property {wanted.name!r} by {wanted.method!r}",
            f"one of every member of {dataset.definition.name!r}",
            f"none of {len(missing)} of {len(ids)}, {missing[0]!r} first",
        )
    return [found[name] for name in ids]
