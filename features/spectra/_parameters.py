"""Checks of parameters, told before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable

from registry.errors import WrongUse


def above(name: str, value: float, limit: float = 0.0) -> float:
    """Return a parameter that must exceed a limit.

    Raises:
        WrongUse: When it does not.
    """
    if not value > limit:
        raise WrongUse(name, f"a number above {limit:g}", repr(value))
    return value


def at_least(name: str, value: int, least: int) -> int:
    """Return a count that must not be smaller.

    Raises:
        WrongUse: When it is.
    """
    if value < least:
        raise WrongUse(name, f"at least {least}", repr(value))
    return value


def one_of(name: str, value: str, known: Iterable[str]) -> str:
    """Return a word that must be among those known.

    Raises:
        WrongUse: When it is not.
    """
    words = tuple(known)
    if value not in words:
        raise WrongUse(name, f"one of {', '.join(words)}", repr(value))
    return value


def share(name: str, value: float) -> float:
    """Return a parameter that must be a part of one.

    Raises:
        WrongUse: When it is not between 0 and 1.
    """
    if not 0 < value < 1:
        raise WrongUse(name, "a share between 0 and 1", repr(value))
    return value
