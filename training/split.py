"""How a dataset is divided, in words; :mod:`training.splits` does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from registry.errors import BadInput
from training.targets import Property

SPLITS = ("train", "validation", "test")
By = Literal["material", "sample", "prototype", "chemical_system", "space_group", "time", "random"]
BY: tuple[By, ...] = get_args(By)
OF_MATERIALS: tuple[By, ...] = ("prototype", "chemical_system", "space_group")
TestOf = Literal["any", "measured"]
TESTS: tuple[TestOf, ...] = get_args(TestOf)


@dataclass(frozen=True)
class Split:
    """How members are divided into train, validation and test.

    ``by`` names what is never divided: a ``material`` (a mineral in all its determinations), a
    ``sample`` (what was measured on one), a ``prototype`` (anonymous formula and space group), a
    ``chemical_system``, a ``space_group``, or nothing (``random``, which leaks and therefore
    cannot be registered). ``time`` divides by when members were last measured: the newest are
    the test side, nothing in train is newer than it, and the seed means nothing.

    Samples and spectra stay with their material where they have one, a spectrum otherwise with its
    sample, and equal curves stay together. What materials alone have (prototype, chemical system,
    space group) can divide them only when each has a material.

    Attributes:
        by: What is never divided.
        fractions: Shares of train, validation and test.
        seed: Another seed is another split.
        test: ``measured``: every group with a measured curve is the test side and is read as
            measured there; what else there is of these groups is left out, and train and
            validation see simulated curves only.
        together: Property; members with one value of it are not divided either.
    """

    by: By = "material"
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15)
    seed: int = 0
    test: TestOf = "any"
    together: Property | None = None

    def __post_init__(self) -> None:
        if self.by not in BY:
            raise BadInput("split by", f"one of {', '.join(BY)}", repr(self.by))
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise BadInput("split fractions", "three above 0 with sum 1", repr(self.fractions))
        if self.test not in TESTS:
            raise BadInput("split test", f"one of {', '.join(TESTS)}", repr(self.test))
        if self.test == "measured" and self.by == "time":
            raise BadInput("split test", "any, as the newest are the test side", repr(self.test))
