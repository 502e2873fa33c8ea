"""Simulators: one file per forward model, each declaring itself as ``SIMULATOR``.

A simulator turns a structure into a curve, or parameters alone when its sample has no structure
(``from_structure`` false: particles, layers). It names the technique it imitates, its version and
every parameter with its unit; together they are the recipe stored with each simulated row.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

from registry.errors import WrongUse
from registry.identity import recipe_id
from registry.plugins import discover
from registry.records import Axis, Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True)
class Parameter:
    """One parameter of a simulator: default, unit, meaning and allowed range.

    ``drawn`` is the range it is drawn from where samples are drawn at random and the user gave
    neither a value nor a range; without it the default holds. ``scale`` is how: evenly, evenly in
    the logarithm, or whole numbers.
    """

    default: float
    unit: str
    meaning: str
    lower: float = -float("inf")
    upper: float = float("inf")
    drawn: tuple[float, float] | None = None
    scale: Literal["linear", "log", "whole"] = "linear"


@dataclass(frozen=True)
class Curve:
    """What a simulator returns: an axis and an intensity of the same length.

    A map has further ``axes`` and an intensity of shape ``(len(x), *len(axes))``. ``wavelength``
    (angstrom) is set where the technique has one, ``uncertainty`` (one standard deviation, in the
    shape of the intensity) where noise was simulated, ``resolution`` (one standard deviation of
    x, in its unit and length) where the curve was smeared, ``absorber`` and ``edge`` where there
    is one, ``temperature`` (K) where it was chosen.
    """

    x: Axis
    intensity: Floats
    intensity_unit: str = ""
    wavelength: float | None = None
    uncertainty: Floats | None = None
    axes: tuple[Axis, ...] = ()
    resolution: Floats | None = None
    absorber: str | None = None
    edge: str | None = None
    temperature: float | None = None


@dataclass(frozen=True)
class Simulator:
    """A forward model.

    Attributes:
        name: Stored as ``producer``.
        version: Raise it when the same input would give another curve.
        technique: The technique it imitates.
        parameters: Every parameter by name.
        simulate: ``simulate(structure, **parameters)``, or ``simulate(**parameters)`` when it is
            not from a structure; raises Unsupported when it must refuse.
        source: Publication of the model.
        from_structure: Whether it needs a structure.
    """

    name: str
    version: str
    technique: str
    parameters: dict[str, Parameter]
    simulate: Callable[..., Curve]
    source: str
    from_structure: bool = True

    def settings(self, **chosen: float) -> dict[str, float]:
        """Complete, checked parameters: the defaults overridden by ``chosen``.

        Raises:
            WrongUse: For an unknown parameter or a value out of range.
        """
        for name, value in chosen.items():
            if name not in self.parameters:
                known = ", ".join(self.parameters)
                raise WrongUse(f"{self.name}: parameter", f"one of {known}", repr(name))
            limits = self.parameters[name]
            if not (isinstance(value, Real) and limits.lower <= value <= limits.upper):
                raise WrongUse(
                    f"{self.name}: {name}",
                    f"{limits.lower} to {limits.upper} {limits.unit}",
                    repr(value),
                )
        return {name: float(chosen.get(name, p.default)) for name, p in self.parameters.items()}

    def recipe(self, settings: dict[str, float]) -> str:
        """Identity of this simulator, its version and its settings."""
        return recipe_id(self.name, self.version, settings)

    def run(self, structure: Structure | None, settings: dict[str, Any]) -> Curve:
        """Simulate one structure (None where none is needed) with complete settings."""
        if not self.from_structure:
            return self.simulate(**settings)
        return self.simulate(structure, **settings)


@lru_cache(maxsize=1)
def simulators() -> dict[str, Simulator]:
    """All simulators by name."""
    return discover("SIMULATOR", sys.modules[__name__])
