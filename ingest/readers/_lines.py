"""Text files read line after line: numbers and counts in fixed places, errors with the line."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ingest.readers._common import number
from ingest.readers._signs import odd_row, overflows
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

    def table(self, rows: int, width: int, what: str, fixed: bool = False) -> Floats:
        """Read ``rows`` lines of at least ``width`` numbers each, shape ``(rows, width)``.

        Args:
            rows: Number of lines.
            width: Numbers in each.
            what: What they are, for errors.
            fixed: Whether the format writes fields of fixed width: a longer or shorter row is
                damaged.

        Raises:
            BadInput: With the line that is no such row.
        """
        first = self._at
        values = np.array([self._row(width, what) for _ in range(rows)]).reshape(rows, width)
        read = self._lines[first : self._at]
        odd = odd_row(read) if fixed else None
        if odd is not None:
            place = f"{self._where}, line {first + odd + 1}"
            raise BadInput(place, f"a row as long as the others ({what})", repr(read[odd][:60]))
        return values

    def several(
        self, count: int, what: str, fields: Callable[[str], list[str]] = str.split
    ) -> Floats:
        """Read ``count`` numbers, as many a line as there are, shape ``(count,)``.

        Args:
            count: How many.
            what: What is expected, for errors.
            fields: Cuts a line into the words of its numbers.

        Raises:
            BadInput: With the line that is not numbers, or where there is one too many.
        """
        found: list[float] = []
        while len(found) < count:
            line = self.raw(what).rstrip()
            words = fields(line)
            try:
                found += [float(word) for word in words]
            except ValueError as error:
                raise BadInput(self.place, what, repr(line[:60])) from error
            if not words or len(found) > count:
                raise BadInput(self.place, f"{count} numbers in all", f"{len(found)}")
        return np.array(found)

    def _row(self, width: int, what: str) -> list[float]:
        line = self.next(what)
        row = numbers_in(" ".join(line.split()[:width]))
        if len(row) < width:
            raise BadInput(self.place, f"{width} numbers ({what})", repr(line[:60]))
        return row


def rows_of(lines: Iterable[str], first: int, width: int, where: str) -> Floats:
    """Numbers of lines that hold ``width`` each, shape ``(rows, width)``; blank ones hold none.

    Args:
        lines: The lines.
        first: Number of the first of them in the file.
        width: Numbers in each.
        where: Name of the file, for errors.

    Raises:
        BadInput: With the line that is no such row.
    """
    rows = []
    for n, line in enumerate(lines, start=first):
        if not line.strip():
            continue
        row = numbers_in(line)
        if len(row) != width:
            raise BadInput(f"{where}, line {n}", f"{width} numbers", repr(line.strip()[:60]))
        rows.append(row)
    return np.array(rows).reshape(-1, width)


def numbers_in(line: str) -> list[float]:
    """The numbers of a line; none when one of its words is no number, or too large for one."""
    words = line.split()
    try:
        row = [float(word) for word in words]
    except ValueError:
        return []
    return [] if any(map(overflows, words, row)) else row
