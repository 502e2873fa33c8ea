"""Checks: what must hold of a spectrum or a structure, declared once.

A check is a quality column (a number per entity), its limits and its severity. Checks of spectra
that are measured together are one file of this folder, found by itself: it declares ``CHECKS``.
The gate refuses what breaks an ``error`` check before it is stored (or, in a lenient lake, flags
it); Great Expectations runs all of them over the stored rows and keeps the results.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from registry.plugins import discover
from registry.records import Floats

if TYPE_CHECKING:
    from ingest.checks._curves import Curves

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: Name of the check, and of the quality column it reads. Stored results are known by
            it: a check that measures in another way gets another name.
        meaning: What the value is, in words a user reads in a refusal.
        lower: Smallest value that passes, None for no limit.
        upper: Largest value that passes, None for no limit.
        severity: ``error`` refuses the entity, ``warning`` stores and flags it.
        techniques: Techniques it applies to; empty for all.
        always: Refused by a lenient lake too: what is stored could not be read back.
    """

    name: str
    meaning: str
    lower: float | None = None
    upper: float | None = None
    severity: Severity = "error"
    techniques: tuple[str, ...] = ()
    always: bool = False

    def applies_to(self, technique: str) -> bool:
        """Whether the check is meant for a technique."""
        return not self.techniques or technique in self.techniques

    def broken_by(self, values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which values are outside the limits; NaN says that the check does not apply."""
        given = np.asarray(values, dtype=np.float64)
        below = given < (-np.inf if self.lower is None else self.lower)
        above = given > (np.inf if self.upper is None else self.upper)
        return np.asarray(below | above)

    def limits(self) -> str:
        """The limits in words."""
        if self.lower is not None and self.upper is not None:
            return f"{self.lower:g} to {self.upper:g}"
        return f"at least {self.lower:g}" if self.lower is not None else f"at most {self.upper:g}"


@dataclass(frozen=True)
class CheckSet:
    """Checks of spectra that are measured together.

    Attributes:
        name: What they are about.
        checks: The checks.
        measure: ``measure(curves)`` gives a column of shape ``(n,)`` for the name of every check,
            NaN where it does not apply or cannot be told.
        techniques: Techniques that are measured; empty for all.
        together: A column tells of the whole batch, not of each row alone.
    """

    name: str
    checks: tuple[Check, ...]
    measure: Callable[[Curves], dict[str, Floats]]
    techniques: tuple[str, ...] = ()
    together: bool = False

    def refuses(self) -> bool:
        """Whether one of its checks can refuse."""
        return any(check.severity == "error" for check in self.checks)


@lru_cache(maxsize=1)
def check_sets() -> dict[str, Any]:
    """All sets of checks of spectra by name."""
    return discover("CHECKS", sys.modules[__name__])
