"""Uniform grids of distances, given by their end and their step."""

from __future__ import annotations

from registry.errors import WrongUse


def positive(name: str, value: float) -> float:
    """Return a parameter that must be above zero.

    Raises:
        WrongUse: When it is not.
    """
    if not value > 0:
        raise WrongUse(name, "a number above 0", repr(value))
    return value


def steps(end_name: str, end: float, step_name: str, step: float) -> int:
    """Count the steps from zero to ``end``.

    Raises:
        WrongUse: When either is not positive, or ``end`` is no whole number of steps.
    """
    exact = positive(end_name, end) / positive(step_name, step)
    if not (0.5 < exact < 1e9) or abs(exact - round(exact)) > 1e-6 * exact:
        raise WrongUse(end_name, f"a whole number of {step_name} = {step}", repr(end))
    return round(exact)
