"""Tables of numbers in text files: where they begin, what their columns are called.

The table is the first run of rows with the file's usual number of columns; from there on every
line must be such a row, blank or a comment, so that a damaged line is found, not passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from ingest.readers._signs import cut_short, odd_row, overflows
from registry.errors import BadInput
from registry.records import Floats

FEWEST_ROWS = 3
_RUN = 5
_SHORTEST_TITLE = 4
_COMMENT = re.compile(r"^\s*(#|%|!|;|//|'|\")")
# Lines after which only data follow, whatever numbers stand above (ISIS, NIST, SES).
_DATA_FOLLOW = re.compile(
    r"\s*(\d+\s+\(.*\)\s*$|the \d+ columns\b|ascii data\b|begin_data\b)", re.I
)
_NOT_A_NUMBER = re.compile(r"[-+]?(1\.#(IND|INF|QNAN)\S*|nan|-)$", re.IGNORECASE)
_FORTRAN_EXPONENT = re.compile(r"(?<=[\d.])[dD](?=[-+]?\d)")
_NAME_SPLITS = (r"\s*\|\s*", r"\s+-\s+", r"\s*\t\s*", r"\s*[,;]\s*", r"\s{2,}", r"\s+")
_NAME_PREFIX = re.compile(
    r"^[\s#%!;/'\"]*(L\s+(?=\S))?(the \d+ columns are|data columns( are)?:?|"
    r"ascii data in order of:)?[\s|]*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Table:
    """A table of numbers.

    Attributes:
        header: Lines above the numbers, comment signs kept.
        names: Column names, or None where the file gives none.
        values: Shape ``(rows, columns)``; what a file writes for 'no value' is NaN.
    """

    header: list[str]
    names: list[str] | None
    values: Floats


def read_table(text: str, where: str, fixed: bool = False) -> Table:
    """Find and read the table of a text.

    Args:
        text: The text.
        where: Name of the file, for errors.
        fixed: Whether the format writes fields of fixed width: a longer or shorter row is damaged.

    Raises:
        BadInput: When there is none, or with the line number of a row that does not parse, is cut
            short at the end of the file or stands behind the file's first line, met again.
    """
    lines = text.splitlines()
    rows = [_numbers(line) for line in lines]
    first = max((n + 1 for n, line in enumerate(lines) if _DATA_FOLLOW.match(line)), default=0)
    counts = Counter(len(row) for row in rows[first:] if row is not None and len(row) > 1)
    if not counts or counts.most_common(1)[0][1] < FEWEST_ROWS:
        raise BadInput(where, f"a table of at least {FEWEST_ROWS} rows of numbers", "none")
    width = counts.most_common(1)[0][0]
    start = _start(rows, width, first, counts[width])
    for n in range(first, start):
        row = rows[n]
        if row is not None and len(row) == width:
            raise _damaged(where, lines, _interruption(lines, rows, n, width), width)
    values, places = [], []
    for n in range(start, len(lines)):
        row = rows[n]
        if row is not None and len(row) == width:
            values.append(row)
            places.append(n)
        elif lines[n].strip("\x00\x1a ,;\t") and not _COMMENT.match(lines[n]):
            raise _damaged(where, lines, n, width)
        elif len(lines[n].strip()) >= _SHORTEST_TITLE and lines[n] == lines[0]:
            raise BadInput(
                f"{where}, line {n + 1}", "one table", "the first line of the file again"
            )
    _check_widths(lines, places, fixed, not text.endswith(("\n", "\r")), where)
    header = [line for line in lines[:start] if line.strip()]
    return Table(header, _names(header, width), np.array(values, dtype=np.float64))


def _check_widths(
    lines: list[str], places: list[int], fixed: bool, unfinished: bool, where: str
) -> None:
    """Refuse a row that lost or gained characters, where the widths of the others tell."""
    rows = [lines[n] for n in places]
    odd = odd_row(rows) if fixed else None
    if odd is None and unfinished and places[-1] == len(lines) - 1 and cut_short(rows):
        odd = len(rows) - 1
    if odd is not None:
        place = f"{where}, line {places[odd] + 1}"
        raise BadInput(place, "a row as long as the others", repr(rows[odd].strip()[:60]))


def _start(rows: list[list[float] | None], width: int, first: int, count: int) -> int:
    """Line of the first run of rows; short tables and gaps (blank, comment) are allowed for."""
    run, begun = 0, first
    for n in range(first, len(rows)):
        row = rows[n]
        if row is None:
            continue
        begun = n if run == 0 else begun
        run = run + 1 if len(row) == width else 0
        if run >= min(_RUN, count):
            return begun
    return begun


def _interruption(lines: list[str], rows: list[list[float] | None], n: int, width: int) -> int:
    for m in range(n + 1, len(lines)):
        row = rows[m]
        if not (row is not None and len(row) == width) and lines[m].strip():
            return m
    return n


def _damaged(where: str, lines: list[str], n: int, width: int) -> BadInput:
    return BadInput(f"{where}, line {n + 1}", f"{width} numbers", repr(lines[n].strip()[:60]))


def _numbers(line: str) -> list[float] | None:
    """The numbers of a line; an empty list for text; None for blank lines and comments."""
    if not line.strip("\x00\x1a ,;\t") or _COMMENT.match(line):
        return None
    found = []
    for token in _tokens(line):
        try:
            number = float(_FORTRAN_EXPONENT.sub("e", token))
            if overflows(token, number):
                return []
            found.append(number)
        except ValueError:
            if not _NOT_A_NUMBER.match(token):
                return []
            found.append(np.nan)
    return found


def _tokens(line: str) -> list[str]:
    line = line.strip().rstrip(",;")
    if ";" in line:
        # with ';' between values a comma is the decimal sign of many countries
        return [token.strip().replace(",", ".") for token in line.split(";")]
    return [t.strip() for t in line.split(",")] if "," in line else line.split()


def _names(header: list[str], width: int) -> list[str] | None:
    """Names from the last lines of the header that split into as many words as columns."""
    for line in reversed(header[-4:]):
        text = _NAME_PREFIX.sub("", line).strip().rstrip("|").strip()
        for pattern in _NAME_SPLITS:
            names = [name.strip("<>") for name in re.split(pattern, text)]
            if len(names) == width and all(re.search(r"[A-Za-zθτμ]", name) for name in names):
                return names
    return None
