"""What is known of the samples of a library: compositions, regions, amounts, from properties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.errors import BadInput
from registry.lake import Lake
from registry.records import Floats
from training.datasets import Dataset
from training.models import Labels
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

    def read(self, lake: Lake, dataset: Dataset) -> Floats:
        """Fractions, rows adding up to one, shape ``(n, 3)``.

        Raises:
            BadInput: When a member lacks one, or has none of any.
        """
        found = numbers(lake, dataset, [Property(c, self.method) for c in self.components])
        sums = found.sum(axis=1, keepdims=True)
        if (found < 0).any() or not (sums > 0).all():
            where = f"dataset {dataset.definition.name!r}: composition"
            raise BadInput(where, "fractions of 0 or more, not all of them 0", "others")
        return np.asarray(found / sums)


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
