"""Checks: what must hold of a spectrum or a structure, declared once.

A check is a quality column (a number per entity), its limits and its severity. The gate refuses
what breaks an ``error`` check before it is stored; Great Expectations runs all of them over the
stored rows and keeps the results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: Name of the check, and of the quality column it reads.
        meaning: What the value is, in words a user reads in a refusal.
        lower: Smallest value that passes, None for no limit.
        upper: Largest value that passes, None for no limit.
        severity: ``error`` refuses the entity, ``warning`` stores and flags it.
        techniques: Techniques it applies to; empty for all.
    """

    name: str
    meaning: str
    lower: float | None = None
    upper: float | None = None
    severity: Severity = "error"
    techniques: tuple[str, ...] = ()

    def applies_to(self, technique: str) -> bool:
        """Whether the check is meant for a technique."""
        return not self.techniques or technique in self.techniques

    def passes(self, value: float) -> bool:
        """Whether a value is within the limits; NaN never is."""
        above = self.lower is None or value >= self.lower
        below = self.upper is None or value <= self.upper
        return value == value and above and below  # noqa: PLR0124 - NaN differs from itself

    def limits(self) -> str:
        """The limits in words."""
        if self.lower is not None and self.upper is not None:
            return f"{self.lower:g} to {self.upper:g}"
        return f"at least {self.lower:g}" if self.lower is not None else f"at most {self.upper:g}"
