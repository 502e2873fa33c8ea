"""Text files read line after line: numbers and counts in fixed places, errors with the line."""

from __future__ import annotations

import numpy as np

from ingest.readers._common import number
from registry.errors import BadInput
from registry.records import Floats

_MOST_DIGITS = 12


class Lines:
    """Lines of a text, handed out one after the other.

    Args:
        text: The text.
        where: Name of the file, for errors.
    """

    def __init__(self, text: str, where: str) -> None:
        self._lines = text.splitlines()
        self._where = where
        self._at = 0

    @property
    def left(self) -> int:
        """Number of lines not yet read."""
        return len(self._lines) - self._at

    @property
    def place(self) -> str:
        """The line read last, for errors."""
        return f"{self._where}, line {max(self._at, 1)}"

    def blank_left(self) -> bool:
        """Whether nothing but blank lines is left."""
        return not any(line.strip() for line in self._lines[self._at :])

    def next(self, what: str) -> str:
        """Return the next line, stripped; ``what`` is expected there.

        Raises:
            BadInput: At the end of the file.
        """
        return self.raw(what).strip()

    def raw(self, what: str) -> str:
        """Return the next line as it is.

        Raises:
            BadInput: At the end of the file.
        """
        if self.left == 0:
            raise BadInput(f"{self._where}, line {self._at + 1}", what, "the end of the file")
        self._at += 1
        return self._lines[self._at - 1]

    def skip_blank(self) -> None:
        """Pass over blank lines."""
        while self.left and not self._lines[self._at].strip():
            self._at += 1

    def number(self, what: str) -> float:
        """Read a line that is one finite number.

        Raises:
            BadInput: When it is not.
        """
        return number(self.next(what), f"{self.place}: {what}")

    def count(self, what: str) -> int:
        """Read a line that is a count of things of at least one line each.

        Raises:
            BadInput: When it is no whole number, or more than there are lines left.
        """
        return self.counted(self.next(what), what)

    def counted(self, text: str, what: str) -> int:
        """Turn part of the line read last into a count, as :meth:`count` does."""
        digits = text.strip().lstrip("0") or "0"
        if not text.strip().isdecimal() or len(digits) > _MOST_DIGITS or int(digits) > self.left:
            raise BadInput(
                f"{self.place}: {what}", f"0 to {self.left} lines that follow", text[:60]
            )
        return int(digits)

    def table(self, rows: int, width: int, what: str) -> Floats:
        """Read ``rows`` lines of at least ``width`` numbers each, shape ``(rows, width)``.

        Raises:
            BadInput: With the line that is no such row.
        """
        return np.array([self._row(width, what) for _ in range(rows)]).reshape(rows, width)

    def _row(self, width: int, what: str) -> list[float]:
        line = self.next(what)
        try:
            row = [float(word) for word in line.split()[:width]]
        except ValueError:
            row = []
        if len(row) < width:
            raise BadInput(self.place, f"{width} numbers ({what})", repr(line[:60]))
        return row
