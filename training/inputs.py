"""Inputs of a dataset: curves of a technique on a grid, or values of a feature view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from registry.errors import BadInput, Unsupported
from registry.plugins import pick
from registry.records import Floats
from registry.vocabulary import Kind
from registry.vocabulary import technique as technique_named
from training.entities import Entity

if TYPE_CHECKING:
    from features.descriptor import Descriptor
    from registry.lake import Lake

Missing = Literal["require", "drop", "mask"]
MISSING: tuple[Missing, ...] = get_args(Missing)


@dataclass(frozen=True)
class SpectrumInput:
    """One curve per member: a technique, resampled on an even grid and scaled to maximum 1.

    Attributes:
        name: Name of the input block.
        technique: Technique whose canonical axis and unit the grid is in.
        grid: First value, last value and number of points.
        simulator: Simulator of the curves; the one named like the technique when left out.
        parameters: What differs from the simulator's defaults.
        missing: What happens to a member that lacks it: see
            :class:`training.definitions.DatasetDefinition`.
        measured: Whether measured curves are read and not simulated ones.
        where: SQL condition on ``spectra`` that its curves fulfil, such as ``absorber = 'Fe'``.
    """

    name: str
    technique: str
    grid: tuple[float, float, int]
    simulator: str = ""
    parameters: dict[str, float] = field(default_factory=dict)
    kind: Literal["spectrum"] = "spectrum"
    missing: Missing = "require"
    measured: bool = False
    where: str = "true"

    def __post_init__(self) -> None:
        _insist_on_missing(self.name, self.missing)
        technique_named(self.technique)
        if self.measured and (self.simulator or self.parameters):
            raise BadInput(
                f"input {self.name!r}: {self.simulates}", "none: it reads measured curves", "some"
            )
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

    @property
    def curves(self) -> Kind:
        """Which kind of curve it reads."""
        return "experimental" if self.measured else "simulated"

    @property
    def simulates(self) -> str:
        """The field that says how its curves are simulated, empty when none does."""
        return "simulator" if self.simulator else "parameters" if self.parameters else ""

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
    """One value per member: a descriptor with its parameters, read from the feature store.

    A view with a row for each site or edge gives a ragged table
    (:class:`training.models.Ragged`). A spectrum or a sample has the values of its material, too.

    Attributes:
        name: Name of the input block.
        view: Name of the descriptor, or ``latent`` (:mod:`training.latent`).
        parameters: What differs from the descriptor's defaults.
        missing: What happens to a member that lacks it: see
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
        """
        from training.latent import LATENT, latent_view_id

        if self.view == LATENT:
            return latent_view_id(self.parameters)
        descriptor = self._descriptor()
        view_id: str = descriptor.view_id(descriptor.settings(**self.parameters))
        return view_id

    def describes(self) -> Literal["material", "spectrum"]:
        """What the view has values of.

        Raises:
            NotFound: When there is no such descriptor.
        """
        from training.latent import LATENT

        if self.view == LATENT:
            return "spectrum" if self.parameters.get("entity") == "spectrum" else "material"
        return self._descriptor().entity

    def width(self, lake: Lake) -> int:
        """Length of its vectors, or of each row; of codes, as the lake has noted it (0: none)."""
        from training.latent import LATENT

        if self.view == LATENT:
            query = "SELECT width FROM feature_views WHERE view_id = $1"
            noted = lake.sql(query, [self.identity()])["width"].to_pylist()
            return int(noted[0]) if noted else 0
        descriptor = self._descriptor()
        return descriptor.width(descriptor.settings(**self.parameters))

    def is_ragged(self) -> bool:
        """Whether a value has a row for each site or edge."""
        from training.latent import LATENT

        return self.view != LATENT and bool(self._descriptor().rows)

    def refuse_entity(self, entity: Entity) -> None:
        """Insist that members of this kind have values of the view.

        Raises:
            Unsupported: When they have not.
        """
        describes = self.describes()
        if describes == "spectrum" and entity != "spectrum":
            found = f"one for each {describes}"
            raise Unsupported(f"input {self.name!r}: view", f"a value for each {entity}", found)

    def _descriptor(self) -> Descriptor:
        from features.descriptor import descriptors

        found: Descriptor = pick(descriptors(), "descriptor", self.view)
        return found


Input = SpectrumInput | FeatureInput


def reference_input(inputs: tuple[Input, ...]) -> Input:
    """Input by which members are compared: the first curve, or else the first of all.

    One that nobody lacks goes before one that some may lack.
    """
    return min(inputs, key=lambda i: (i.missing == "mask", not isinstance(i, SpectrumInput)))


def plain(source: dict[str, Any]) -> dict[str, Any]:
    """JSON form of an input without what is usual: as it was before there was a choice."""
    usual = {"missing": "require", "measured": False, "where": "true"}
    return {n: v for n, v in source.items() if n not in usual or v != usual[n]}


def input_from(value: dict[str, Any]) -> Input:
    """Read an input back from its JSON form."""
    if value["kind"] == "feature":
        return FeatureInput(**value)
    return SpectrumInput(**{**value, "grid": tuple(value["grid"])})


def _insist_on_missing(name: str, missing: str) -> None:
    if missing not in MISSING:
        raise BadInput(f"input {name!r}: missing", f"one of {', '.join(MISSING)}", repr(missing))
