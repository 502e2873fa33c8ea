"""Readers: one file per format, each declaring itself as ``READER``.

A reader says how sure it is that a file is its own from the name and the first bytes, and
turns the file into records. The surest reader wins; a tie goes to the smaller name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from registry.errors import BadInput
from registry.identity import digest
from registry.plugins import discover
from registry.records import Material, Spectrum

HEAD_BYTES = 8192


@dataclass(frozen=True)
class Source:
    """A file as readers see it: where it is, its bytes, and what the user said about it.

    ``hints`` may hold ``technique``, ``x_unit``, ``columns``, ``wavelength``, ``kind`` and
    sample conditions; they win over what a reader would guess.
    """

    path: Path
    content: bytes
    hints: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """File name without folder."""
        return self.path.name

    @property
    def head(self) -> bytes:
        """First bytes, enough to recognise a format."""
        return self.content[:HEAD_BYTES]

    @cached_property
    def digest(self) -> str:
        """Content digest of the file."""
        return digest(self.content)

    def text(self) -> str:
        """Content as text: UTF-8, else Latin-1 (which old instruments write)."""
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.content.decode("latin-1")


@dataclass(frozen=True)
class Reader:
    """A file format.

    Attributes:
        name: Name of the format, stored as ``producer``.
        version: Raise it when the same file would give other rows.
        title: What a person calls the format.
        endings: Usual file endings, lower case, for the documentation.
        recognise: Certainty from 0 (not mine) to 1 that a source is of this format.
        read: Turns a source into records; raises BadInput with the place when it cannot.
        reference: Specification of the format.
    """

    name: str
    version: str
    title: str
    endings: tuple[str, ...]
    recognise: Callable[[Source], float]
    read: Callable[[Source], Sequence[Spectrum | Material]]
    reference: str


@lru_cache(maxsize=1)
def readers() -> dict[str, Reader]:
    """All readers by name."""
    return discover("READER", sys.modules[__name__])


def reader_for(source: Source) -> Reader:
    """The reader that is surest about a source.

    Raises:
        BadInput: When the file is empty or no reader recognises it.
    """
    if not source.content:
        raise BadInput(source.name, "a file with content", "an empty file")
    sure = [(-reader.recognise(source), name) for name, reader in readers().items()]
    certainty, name = min(sure)
    if certainty == 0:
        kinds = ", ".join(sorted({e for r in readers().values() for e in r.endings}))
        raise BadInput(source.name, f"a known format ({kinds})", _first_line(source))
    return readers()[name]


def _first_line(source: Source) -> str:
    return f"a file that starts with {source.head.splitlines()[0][:60]!r}"
