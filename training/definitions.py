"""What a dataset is made of: inputs, a target, who is in, and how it is split.

Definitions are plain values with a canonical JSON form, so that they can be hashed, stored in the
lake and read back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from registry.errors import BadInput
from registry.identity import canonical_json
from registry.plugins import pick
from registry.vocabulary import CRYSTAL_SYSTEMS
from training.inputs import (
    MISSING,
    FeatureInput,
    Input,
    Missing,
    SpectrumInput,
    input_from,
    reference_input,
)
from training.models import TASKS, Task
from training.targets import Property, column_of

__all__ = [
    "BY",
    "MIN_GROUPS",
    "MISSING",
    "SPLITS",
    "By",
    "DatasetDefinition",
    "FeatureInput",
    "Input",
    "Missing",
    "SpectrumInput",
    "Split",
    "class_order",
    "definition_from",
    "input_from",
    "reference_input",
]

SPLITS = ("train", "validation", "test")
By = Literal["material", "sample", "prototype", "chemical_system", "space_group", "time", "random"]
BY: tuple[By, ...] = get_args(By)
MIN_GROUPS = 3
"""Fewest groups of a class: one for each side of the split."""


@dataclass(frozen=True)
class Split:
    """How members are divided into train, validation and test.

    ``by`` names what is never divided: a ``material`` (a mineral in all its determinations), a
    ``sample`` (what was measured on one), a ``prototype`` (anonymous formula and space group), a
    ``chemical_system``, a ``space_group``, or nothing (``random``, which leaks and therefore
    cannot be registered). ``time`` divides by when materials were last measured: the newest are
    the test side, nothing in train is newer than it, and the seed means nothing.
    """

    by: By = "material"
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.by not in BY:
            raise BadInput("split by", f"one of {', '.join(BY)}", repr(self.by))
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise BadInput("split fractions", "three above 0 with sum 1", repr(self.fractions))


@dataclass(frozen=True)
class DatasetDefinition:
    """A dataset in words: what is predicted from what, for which materials.

    What an input does about a material that lacks it is its ``missing``:

    - ``require``: the material is left out of the dataset and counted (listwise deletion);
    - ``drop``: it stays for models that do not read the input, and
      :meth:`training.datasets.Dataset.complete` leaves it out for those that do (pairwise
      deletion);
    - ``mask``: it stays with a row of NaN, for models that take members with gaps.

    A material that lacks every input is left out, and an input that nobody has is refused. The
    three are compared in Little & Rubin, Statistical Analysis with Missing Data (2019), chapter 3.

    Attributes:
        name: Name of the dataset.
        inputs: Input blocks.
        target: Column of ``materials`` or property that is predicted; None when unsupervised.
        where: SQL condition on ``materials``.
        split: How members are divided.
        min_groups: Fewest groups in a class; without classes, of all.
        task: What is learnt.
    """

    name: str
    inputs: tuple[Input, ...]
    target: str | Property | None = "crystal_system"
    where: str = "true"
    split: Split = Split()
    min_groups: int = MIN_GROUPS
    task: Task = "classification"

    def __post_init__(self) -> None:
        names = [i.name for i in self.inputs]
        if not names or len(set(names)) != len(names):
            raise BadInput(
                f"dataset {self.name!r}: inputs", "one or more, named apart", repr(names)
            )
        if self.min_groups < MIN_GROUPS:
            raise BadInput(
                f"dataset {self.name!r}: min_groups", f"{MIN_GROUPS} or more", str(self.min_groups)
            )

        if self.task not in TASKS:
            raise BadInput(f"dataset {self.name!r}: task", f"one of {', '.join(TASKS)}", self.task)
        if (self.target is None) != (self.task == "unsupervised"):
            raise BadInput(
                f"dataset {self.name!r}: target",
                "none when unsupervised, and one otherwise",
                f"{self.target!r} for {self.task}",
            )
        if isinstance(self.target, str):
            column_of(self.name, self.target)

    def json(self) -> str:
        """Canonical JSON, equal for equal definitions."""
        value = asdict(self)
        if self.task == "classification":
            del value["task"]  # as definitions were written before there were other tasks
        for source in value["inputs"]:
            if source["missing"] == "require":
                del source["missing"]  # likewise: manifests of old definitions stay what they are
        return canonical_json(value)

    @property
    def predicts(self) -> str | None:
        """Name of the target, None when unsupervised."""
        return self.target.name if isinstance(self.target, Property) else self.target

    @property
    def unit(self) -> str:
        """Unit of the target, empty when it has none."""
        if isinstance(self.target, Property):
            return self.target.unit
        return "" if self.target is None else column_of(self.name, self.target).unit

    def input(self, name: str) -> Input:
        """Return the input called ``name``.

        Raises:
            NotFound: When there is none.
        """
        found: Input = pick({i.name: i for i in self.inputs}, "input", name)
        return found


def class_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Distinct labels: crystal systems from low to high symmetry, anything else by alphabet."""
    names = set(labels)
    if names <= set(CRYSTAL_SYSTEMS):
        return tuple(name for name in CRYSTAL_SYSTEMS if name in names)
    return tuple(sorted(names))


def definition_from(text: str) -> DatasetDefinition:
    """Read a definition back from its canonical JSON."""
    value = json.loads(text)
    split = {**value["split"], "fractions": tuple(value["split"]["fractions"])}
    read = {"split": Split(**split), "inputs": tuple(input_from(i) for i in value["inputs"])}
    if isinstance(value["target"], dict):
        read["target"] = Property(**value["target"])
    return DatasetDefinition(**{**value, **read})
