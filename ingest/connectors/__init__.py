"""Connectors: one file per service that gives structures or spectra, declared as ``CONNECTOR``.

A connector asks its service page by page and yields documents; each is kept as a file, which a
reader turns into records like any other file (:mod:`ingest.fetch`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ingest.connectors._http import Client
from registry.errors import WrongUse
from registry.plugins import discover


@dataclass(frozen=True)
class Document:
    """One entry of a service: its id there, and a JSON object that a reader understands."""

    identity: str
    content: dict[str, Any]


Pages = Iterator[list[Document]]


@dataclass(frozen=True)
class Connector:
    """A service.

    Attributes:
        name: What a user calls it.
        title: What a person calls it.
        settings: What may be asked for, with its meaning.
        required: Which of these must be given.
        headers: What is sent with each request; raises WrongUse when a key is missing.
        pages: ``pages(client, settings, limit)``: documents page by page.
        reference: Description of the interface.
    """

    name: str
    title: str
    settings: Mapping[str, str]
    required: tuple[str, ...]
    headers: Callable[[], dict[str, str]]
    pages: Callable[[Client, Mapping[str, str], int | None], Pages]
    reference: str

    def check(self, settings: Mapping[str, str]) -> None:
        """Complain about settings that are not known or missing.

        Raises:
            WrongUse: With those there are.
        """
        known = "; ".join(f"{name}: {meaning}" for name, meaning in self.settings.items())
        for name in settings:
            if name not in self.settings:
                raise WrongUse(f"{self.name}: setting", f"one of ({known})", repr(name))
        for name in self.required:
            if not settings.get(name):
                raise WrongUse(f"{self.name}: {name}", self.settings[name], "nothing")


@lru_cache(maxsize=1)
def connectors() -> dict[str, Connector]:
    """All connectors by name."""
    return discover("CONNECTOR", sys.modules[__name__])
