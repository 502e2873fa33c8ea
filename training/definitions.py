"""What a dataset is made of: inputs, a target, who is in, and how it is split.

Definitions are plain values with a canonical JSON form, so that they can be hashed, stored in the
lake and read back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from registry.errors import BadInput
from registry.identity import canonical_json
from registry.plugins import pick
from registry.records import Floats
from registry.vocabulary import CRYSTAL_SYSTEMS
from registry.vocabulary import technique as technique_named

SPLITS = ("train", "validation", "test")
MIN_GROUPS = 3
"""Fewest groups of a class: one for each side of the split."""


@dataclass(frozen=True)
class SpectrumInput:
    """One curve per material: a technique, resampled on an even grid and scaled to maximum 1.

    Attributes:
        name: Name of the input block.
        technique: Technique whose canonical axis and unit the grid is in.
        grid: First value, last value and number of points.
        simulator: Simulator of the curves; the one named like the technique when left out.
        parameters: What differs from the simulator's defaults.
    """

    name: str
    technique: str
    grid: tuple[float, float, int]
    simulator: str = ""
    parameters: dict[str, float] = field(default_factory=dict)
    kind: Literal["spectrum"] = "spectrum"

    def __post_init__(self) -> None:
        technique_named(self.technique)
        low, high, points = self.grid
        if not (low < high and points >= 2):
            raise BadInput(
                f"input {self.name!r}: grid",
                "(low, high, points >= 2), low < high",
                repr(self.grid),
            )

    @property
    def source(self) -> str:
        """What it reads, as people look for it: the technique."""
        return self.technique

    def points(self) -> Floats:
        """The grid in the canonical unit of the technique, shape ``(points,)``."""
        return np.linspace(*self.grid)

    def identity(self) -> str:
        """Recipe of the simulated curves.

        Raises:
            NotFound: When there is no such simulator.
            BadInput: When the simulator refuses a parameter.
        """
        from ingest.simulators import simulators

        simulator = pick(simulators(), "simulator", self.simulator or self.technique)
        recipe: str = simulator.recipe(simulator.settings(**self.parameters))
        return recipe


@dataclass(frozen=True)
class FeatureInput:
    """One vector per material: a descriptor with its parameters, read from the feature store.

    Attributes:
        name: Name of the input block.
        view: Name of the descriptor.
        parameters: What differs from the descriptor's defaults.
    """

    name: str
    view: str
    parameters: dict[str, Any] = field(default_factory=dict)
    kind: Literal["feature"] = "feature"

    @property
    def source(self) -> str:
        """What it reads, as people look for it: the feature view."""
        return self.view

    def identity(self) -> str:
        """Id of the feature view.

        Raises:
            NotFound: When there is no such descriptor.
            BadInput: When the descriptor refuses a parameter.
        """
        from features.descriptor import descriptors

        descriptor = pick(descriptors(), "descriptor", self.view)
        view_id: str = descriptor.view_id(descriptor.settings(**self.parameters))
        return view_id


Input = SpectrumInput | FeatureInput


@dataclass(frozen=True)
class Split:
    """How members are divided into train, validation and test.

    ``by`` names what is never divided: a ``material`` (a mineral in all its determinations), a
    ``chemical_system``, or nothing (``random``, which leaks and therefore cannot be registered).
    """

    by: Literal["material", "chemical_system", "random"] = "material"
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15)
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise BadInput("split fractions", "three above 0 with sum 1", repr(self.fractions))


@dataclass(frozen=True)
class DatasetDefinition:
    """A dataset in words: what is predicted from what, for which materials.

    Attributes:
        name: Name of the dataset.
        inputs: Input blocks; a material that lacks one is left out and counted.
        target: Column of ``materials`` that is predicted.
        where: SQL condition on ``materials``.
        split: How members are divided.
        min_groups: Fewest groups in a class.
    """

    name: str
    inputs: tuple[Input, ...]
    target: str = "crystal_system"
    where: str = "true"
    split: Split = Split()
    min_groups: int = MIN_GROUPS

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

    def json(self) -> str:
        """Canonical JSON, equal for equal definitions."""
        return canonical_json(asdict(self))

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


def reference_input(inputs: tuple[Input, ...]) -> Input:
    """Input by which members are compared: the first curve, or else the first of all."""
    return next((i for i in inputs if isinstance(i, SpectrumInput)), inputs[0])


def input_from(value: dict[str, Any]) -> Input:
    """Read an input back from its JSON form."""
    if value["kind"] == "feature":
        return FeatureInput(**value)
    return SpectrumInput(**{**value, "grid": tuple(value["grid"])})


def definition_from(text: str) -> DatasetDefinition:
    """Read a definition back from its canonical JSON."""
    value = json.loads(text)
    split = {**value["split"], "fractions": tuple(value["split"]["fractions"])}
    inputs = tuple(input_from(i) for i in value["inputs"])
    return DatasetDefinition(**{**value, "split": Split(**split), "inputs": inputs})
