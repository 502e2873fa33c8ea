"""Inputs of a dataset: curves of a technique on a grid, or vectors of a feature view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from registry.errors import BadInput, Unsupported
from registry.plugins import pick
from registry.records import Floats
from registry.vocabulary import technique as technique_named

Missing = Literal["require", "drop", "mask"]
MISSING: tuple[Missing, ...] = get_args(Missing)


@dataclass(frozen=True)
class SpectrumInput:
    """One curve per material: a technique, resampled on an even grid and scaled to maximum 1.

    Attributes:
        name: Name of the input block.
        technique: Technique whose canonical axis and unit the grid is in.
        grid: First value, last value and number of points.
        simulator: Simulator of the curves; the one named like the technique when left out.
        parameters: What differs from the simulator's defaults.
        missing: What happens to a material that lacks it: see
            :class:`training.definitions.DatasetDefinition`.
    """

    name: str
    technique: str
    grid: tuple[float, float, int]
    simulator: str = ""
    parameters: dict[str, float] = field(default_factory=dict)
    kind: Literal["spectrum"] = "spectrum"
    missing: Missing = "require"

    def __post_init__(self) -> None:
        _insist_on_missing(self.name, self.missing)
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
        view: Name of the descriptor, or ``latent`` (:mod:`training.latent`).
        parameters: What differs from the descriptor's defaults.
        missing: What happens to a material that lacks it: see
            :class:`training.definitions.DatasetDefinition`.
    """

    name: str
    view: str
    parameters: dict[str, Any] = field(default_factory=dict)
    kind: Literal["feature"] = "feature"
    missing: Missing = "require"

    def __post_init__(self) -> None:
        _insist_on_missing(self.name, self.missing)

    @property
    def source(self) -> str:
        """What it reads, as people look for it: the feature view."""
        return self.view

    def identity(self) -> str:
        """Id of the feature view.

        Raises:
            NotFound: When there is no such descriptor.
            BadInput: When the descriptor refuses a parameter.
            Unsupported: When it does not give one vector for each material.
        """
        from features.descriptor import descriptors
        from training.latent import LATENT, latent_view_id

        if self.view == LATENT:
            return latent_view_id(self.parameters)
        descriptor = pick(descriptors(), "descriptor", self.view)
        if descriptor.entity != "material" or descriptor.rows:
            found = f"one for each {descriptor.rows or descriptor.entity}"
            raise Unsupported(f"input {self.name!r}: view", "a vector for each material", found)
        view_id: str = descriptor.view_id(descriptor.settings(**self.parameters))
        return view_id


Input = SpectrumInput | FeatureInput


def reference_input(inputs: tuple[Input, ...]) -> Input:
    """Input by which members are compared: the first curve, or else the first of all."""
    return next((i for i in inputs if isinstance(i, SpectrumInput)), inputs[0])


def input_from(value: dict[str, Any]) -> Input:
    """Read an input back from its JSON form."""
    if value["kind"] == "feature":
        return FeatureInput(**value)
    return SpectrumInput(**{**value, "grid": tuple(value["grid"])})


def _insist_on_missing(name: str, missing: str) -> None:
    if missing not in MISSING:
        raise BadInput(f"input {name!r}: missing", f"one of {', '.join(MISSING)}", repr(missing))
