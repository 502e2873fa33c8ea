"""What a dataset is made of: inputs, a target, who is in, and how it is split.

Definitions are plain values with a canonical JSON form, so that they can be hashed, stored in the
lake and read back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from registry.errors import BadInput
from registry.identity import canonical_json
from registry.plugins import pick
from registry.vocabulary import CRYSTAL_SYSTEMS, Kind
from training.alignment import Alignment
from training.entities import ENTITIES, PLURAL, Entity
from training.inputs import (
    MISSING,
    FeatureInput,
    Input,
    Missing,
    SpectrumInput,
    input_from,
    plain,
    reference_input,
)
from training.models import TASKS, Task
from training.split import BY, SPLITS, By, Split
from training.targets import Property, column_of

__all__ = [
    "BY",
    "MIN_GROUPS",
    "MISSING",
    "SPLITS",
    "Alignment",
    "By",
    "DatasetDefinition",
    "Entity",
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

MIN_GROUPS = 3
"""Fewest groups of a class: one for each side of the split."""


@dataclass(frozen=True)
class DatasetDefinition:
    """A dataset in words: what is predicted from what, for which materials, samples or spectra.

    What an input does about a member that lacks it is its ``missing``:

    - ``require``: the member is left out of the dataset and counted (listwise deletion);
    - ``drop``: it stays for models that do not read the input, and
      :meth:`training.datasets.Dataset.complete` leaves it out for those that do (pairwise
      deletion);
    - ``mask``: it stays with a row of NaN, for models that take members with gaps.

    A member that lacks every input is left out, and an input that nobody has is refused. The
    three are compared in Little & Rubin, Statistical Analysis with Missing Data (2019), chapter 3.

    Attributes:
        name: Name of the dataset.
        inputs: Input blocks.
        target: Column of ``materials`` or property that is predicted; None when unsupervised.
        where: SQL condition on ``materials``, ``samples`` or ``spectra``, as the entity is
            (:mod:`training.entities`).
        split: How members are divided.
        min_groups: Fewest groups in a class; without classes, of all.
        task: What is learnt.
        entity: What a member is. Which curves of samples and spectra are read is said by ``where``:
            their inputs name no simulator and no parameters.
        align: How far measured curves of one member may differ in their conditions; None: any of
            them are read together, the first of each technique by id.
    """

    name: str
    inputs: tuple[Input, ...]
    target: str | Property | None = "crystal_system"
    where: str = "true"
    split: Split = field(default_factory=Split)
    min_groups: int = MIN_GROUPS
    task: Task = "classification"
    entity: Entity = "material"
    align: Alignment | None = None

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
        self._insist_on_entity()
        self._insist_on_kind()

    def _insist_on_entity(self) -> None:
        where = f"dataset {self.name!r}"
        if self.entity not in ENTITIES:
            raise BadInput(f"{where}: entity", f"one of {', '.join(ENTITIES)}", repr(self.entity))
        for source in self.curves if self.entity != "material" else ():
            if source.simulates:
                raise BadInput(
                    f"{where}: input {source.name!r}: {source.simulates}",
                    f"none: where says which {PLURAL[self.entity]} are read",
                    "some",
                )

    def _insist_on_kind(self) -> None:
        where = f"dataset {self.name!r}"
        kinds = {i.curves for i in self.curves}
        if len(kinds) > 1:
            expected = "the same for all curves: measured and simulated ones are never mixed"
            raise BadInput(f"{where}: inputs: measured", expected, "both")
        if self.split.test == "measured" and kinds != {"simulated"}:
            expected = "curves that are simulated to learn from (measured: false)"
            raise BadInput(f"{where}: split: test", expected, ", ".join(kinds) or "no curve")
        if self.align is None:
            return
        if len(self.curves) < 2 or self.entity == "spectrum":
            found = f"{len(self.curves)} of a {self.entity}"
            raise BadInput(f"{where}: align", "two inputs of curves or more", found)
        if self.entity == "sample" and self.align.composition is not None:
            expected = "none: a sample has one composition"
            raise BadInput(f"{where}: align: composition", expected, "a tolerance")

    @property
    def curves(self) -> list[SpectrumInput]:
        """Inputs that are curves."""
        return [i for i in self.inputs if isinstance(i, SpectrumInput)]

    @property
    def tested_on(self) -> Kind:
        """Kind of the curves on the test side: ``experimental``, or else ``simulated``."""
        measured = self.split.test == "measured" or any(i.measured for i in self.curves)
        return "experimental" if measured else "simulated"

    def json(self) -> str:
        """Canonical JSON, equal for equal definitions."""
        value = asdict(self)
        # what is usual goes unsaid where it once was all there was: old manifests stay as they are
        usual = {"task": "classification", "entity": "material", "align": None}
        value = {n: v for n, v in value.items() if n not in usual or v != usual[n]}
        if self.align is not None:
            value["align"] = self.align.tolerances
        value["inputs"] = [plain(source) for source in value["inputs"]]
        for name, unsaid in (("test", "any"), ("together", None)):
            if value["split"][name] == unsaid:
                del value["split"][name]
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
    if "together" in split:
        split["together"] = Property(**split["together"])
    read: dict[str, Any] = {
        "split": Split(**split),
        "inputs": tuple(input_from(i) for i in value["inputs"]),
    }
    if "align" in value:
        read["align"] = Alignment(**value["align"])
    if isinstance(value["target"], dict):
        read["target"] = Property(**value["target"])
    return DatasetDefinition(**{**value, **read})
