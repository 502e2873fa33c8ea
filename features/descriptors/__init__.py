"""Descriptors: one file each, declaring itself as ``DESCRIPTOR``.

A descriptor turns a structure into a vector whose length follows from its parameters alone.
What it does not handle (a disordered site, too many atoms) it refuses with a reason, which the
feature store keeps in place of the vector.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from registry.errors import WrongUse
from registry.identity import recipe_id
from registry.plugins import discover
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Descriptor:
    """A descriptor of a crystal structure.

    Attributes:
        name: Name of the feature view.
        version: Raise it when the same structure would give another vector.
        parameters: Defaults by name.
        units: Unit of each parameter ('' when it has none).
        width: Length of the vector for given parameters.
        compute: ``compute(structure, **parameters)`` gives a vector of that length; raises
            Unsupported with a reason when the structure is not handled.
        unit: Unit of the values.
        source: Publication (paper and equation).
        disorder: How partial occupancy is treated: ``weighted`` or ``refused``.
    """

    name: str
    version: str
    parameters: Parameters
    units: Mapping[str, str]
    width: Callable[[Parameters], int]
    compute: Callable[..., Floats]
    unit: str
    source: str
    disorder: str

    def settings(self, **chosen: Any) -> dict[str, Any]:
        """Complete parameters: the defaults overridden by ``chosen``.

        Raises:
            WrongUse: For an unknown parameter, or a fraction where a whole number is needed.
        """
        for name in chosen:
            if name not in self.parameters:
                known = ", ".join(self.parameters)
                raise WrongUse(f"{self.name}: parameter", f"one of {known}", repr(name))
        return {**self.parameters, **{n: self._like_default(n, v) for n, v in chosen.items()}}

    def _like_default(self, name: str, value: Any) -> Any:
        """The value in the type of the default: 20 and 20.0 are one parameter, so one view."""
        kind = type(self.parameters[name])
        if kind in (int, float) and kind(value) != value:
            raise WrongUse(f"{self.name}: {name}", f"a value of type {kind.__name__}", repr(value))
        return kind(value) if kind in (int, float) else value

    def view_id(self, settings: Parameters) -> str:
        """Identity of this descriptor, its code version and its parameters."""
        return recipe_id(self.name, self.version, dict(settings))

    def run(self, structure: Structure, settings: Parameters) -> Floats:
        """Describe one structure with complete settings."""
        return self.compute(structure, **settings)


@lru_cache(maxsize=1)
def descriptors() -> dict[str, Descriptor]:
    """All descriptors by name."""
    return discover(sys.modules[__name__], "DESCRIPTOR")
