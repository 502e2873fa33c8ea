"""Structures and spectra from a service into the lake, through the same door as files.

Every document is kept as a file in the lake's folder, ``fetched/<connector>/documents``, and
ingested from there: same readers, same checks, same quarantine. The answers of the service are
kept beside them for a while, so a fetch that was stopped goes on without asking for them again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingest.connectors import Document, connectors
from ingest.connectors._http import Client, Manners
from ingest.files import IngestReport, ingest_files
from registry.identity import canonical_json, digest
from registry.lake import Lake
from registry.plugins import pick
from registry.records import Refused

LONGEST_NAME = 80
Progress = Callable[[int, int], None]


@dataclass
class FetchReport:
    """What became of the documents.

    Attributes:
        documents: Documents the service gave.
        stored: New rows by table.
        known: Documents whose rows were in the lake already.
        known_rows: Rows read whose content was there already.
        refused: What went to quarantine.
    """

    documents: int = 0
    stored: dict[str, int] = field(default_factory=lambda: {"materials": 0, "spectra": 0})
    known: int = 0
    known_rows: int = 0
    refused: list[Refused] = field(default_factory=list)

    def add(self, part: IngestReport) -> None:
        """Count what became of one page."""
        self.documents += part.files
        self.known += part.known_files
        self.known_rows += part.known_rows
        self.refused += part.refused
        for table, n in part.stored.items():
            self.stored[table] += n


def fetch(
    lake: Lake,
    name: str,
    settings: Mapping[str, str] | None = None,
    limit: int | None = None,
    manners: Manners | None = None,
    progress: Progress | None = None,
) -> FetchReport:
    """Fetch from a service. Stopped half-way, the next call goes on where it stopped.

    Args:
        lake: Where to.
        name: Connector.
        settings: What is asked for; see the connector's settings.
        limit: At most so many documents.
        manners: How the service is asked.
        progress: Called with (documents done, documents at most or 0) after each page.

    Raises:
        NotFound: When there is no such connector.
        WrongUse: When a setting is not known or missing, or the service wants a key.
        BadInput: When the service cannot be reached or understood; what it gave before is stored.
    """
    connector = pick(connectors(), "connector", name)
    asked = dict(settings or {})
    connector.check(asked)
    folder = lake.path / "fetched" / name
    kept = folder / "documents"
    kept.mkdir(parents=True, exist_ok=True)
    report = FetchReport()
    with Client(folder / "answers", manners, connector.headers()) as client:
        for page in connector.pages(client, asked, limit):
            wanted = page if limit is None else page[: limit - report.documents]
            report.add(ingest_files(lake, [_kept(document, kept) for document in wanted]))
            if progress:
                progress(report.documents, limit or 0)
            if limit is not None and report.documents >= limit:
                break
    return report


def _kept(document: Document, folder: Path) -> Path:
    """The document as a file; a newer version of it is another one."""
    content = canonical_json(document.content).encode()
    # ids are the service's: nothing in them may name another folder
    readable = re.sub(r"[^A-Za-z0-9-]", "_", document.identity)[:LONGEST_NAME]
    path = folder / f"{readable}.{digest(content)[:12]}.json"
    if not path.exists():
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(content)
        partial.replace(path)
    return path
