"""Errors a user may meet. Each says where, what was expected and what was found."""

from __future__ import annotations


class ScatterlakeError(Exception):
    """Base of every error that scatterlake raises on purpose."""


class BadInput(ScatterlakeError):
    """Input that cannot be accepted.

    Args:
        where: File, field or line, as precisely as known.
        expected: What would have been accepted.
        found: What was there instead.
    """

    def __init__(self, where: str, expected: str, found: str) -> None:
        self.where = where
        self.expected = expected
        self.found = found
        super().__init__(f"{where}: expected {expected}, found {found}")

    def __reduce__(self) -> tuple[type[BadInput], tuple[str, str, str]]:
        """Let it cross process boundaries."""
        return type(self), (self.where, self.expected, self.found)


class Unsupported(BadInput):
    """Valid input that one component (a descriptor, a simulator) does not handle."""


class WrongUse(BadInput):
    """An option or parameter that cannot be; nothing was started."""


class LakeError(ScatterlakeError):
    """The lake itself: missing, unreadable, written by a newer version."""


class QueryError(ScatterlakeError):
    """A SQL query that was refused or failed."""


class NotFound(ScatterlakeError):
    """A name that does not exist; the message lists the ones that do."""

    def __init__(self, what: str, name: str, known: list[str]) -> None:
        self.known = sorted(known)
        super().__init__(f"no {what} {name!r}; there are: {', '.join(self.known) or 'none'}")


class ModelRefused(ScatterlakeError):
    """A registered model that may not be loaded or used: altered, unsafe or unfit."""
