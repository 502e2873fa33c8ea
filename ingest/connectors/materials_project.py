"""Structures and calculated absorption spectra of the Materials Project.

The interface is asked directly, as its own client ``mp-api`` does; the key is read from the
environment variable ``MP_API_KEY``, sent as a header and written nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from ingest.connectors import Connector, Document, Pages
from ingest.connectors._http import Client
from registry.errors import BadInput, WrongUse

ENDPOINT = "https://api.materialsproject.org"
PAGE = 100
_ROUTES = {"structures": "materials/core", "xas": "materials/xas"}
_FIELDS = {
    "structures": ("material_id", "structure", "symmetry", "last_updated", "builder_meta"),
    "xas": (
        "task_id",
        "spectrum",
        "absorbing_element",
        "edge",
        "spectrum_type",
        "last_updated",
        "builder_meta",
    ),
}
_ALWAYS = {"structures": {"deprecated": "false"}, "xas": {}}


def pages(client: Client, settings: Mapping[str, str], limit: int | None) -> Pages:
    """Documents of the kind asked for, page by page.

    Raises:
        WrongUse: When the kind is none.
        BadInput: When the server answers with something else, or with the same page again.
    """
    kind = settings.get("kind", "structures")
    if kind not in _ROUTES:
        raise WrongUse("materials_project: kind", " or ".join(_ROUTES), repr(kind))
    base = settings.get("provider", ENDPOINT).rstrip("/")
    wanted = {k: v for k, v in settings.items() if k not in ("kind", "provider")}
    query = {**_ALWAYS[kind], **wanted, "_fields": ",".join(_FIELDS[kind])}
    seen: set[str] = set()
    left = 0
    for url, entries, total in _answers(client, f"{base}/{_ROUTES[kind]}/", query, limit):
        documents = [_document(entry, kind, url) for entry in entries]
        new = [document for document in documents if document.identity not in seen]
        if not new:
            raise BadInput(url, "documents of a further page", "only those of pages before")
        seen.update(document.identity for document in new)
        left = total - len(seen)
        yield new
    if limit is None and left > 0:
        # the server sorts nothing unless told: while it is rebuilt, pages overlap and leave gaps
        found = f"{len(seen)}: it changed meanwhile; fetch once more, without what is kept"
        raise BadInput(f"{base}/{_ROUTES[kind]}/", f"{left + len(seen)} different documents", found)


def _answers(
    client: Client, base: str, query: dict[str, str], limit: int | None
) -> Iterator[tuple[str, list[Any], int]]:
    """Address, documents, and how many there are in all, page by page."""
    size, first, total = min(PAGE, limit or PAGE), 0, 1
    while first < total:
        url = f"{base}?{urlencode({**query, '_skip': str(first), '_limit': str(size)})}"
        answer = client.json(url)
        entries, meta = answer.get("data"), answer.get("meta")
        if not isinstance(entries, list) or not isinstance(meta, dict):
            raise BadInput(url, "data and meta of the Materials Project", repr(answer)[:100])
        if not isinstance(meta.get("total_doc"), int):
            raise BadInput(f"{url}: meta.total_doc", "a number", repr(meta)[:60])
        total = int(meta["total_doc"])
        if not entries and first < total:
            raise BadInput(url, f"documents from {first} to {total}", "none")
        if entries:
            yield url, entries, total
        first += size


def _document(entry: Any, kind: str, url: str) -> Document:
    if not isinstance(entry, dict):
        raise BadInput(f"{url}: data", "documents", repr(entry)[:100])
    names = (
        ("material_id",)
        if kind == "structures"
        else ("task_id", "spectrum_type", "absorbing_element", "edge")
    )
    parts = [entry.get(name) for name in names]
    if not all(isinstance(part, str) and part for part in parts):
        raise BadInput(f"{url}: data", f"documents with {', '.join(names)}", repr(parts)[:100])
    identity = "-".join(map(str, parts))
    about = {"id": identity, "kind": kind, "url": url.partition("?")[0]}
    return Document(identity, {"materials_project": about, "document": entry})


def _headers() -> dict[str, str]:
    key = os.environ.get("MP_API_KEY", "")
    if not key:
        raise WrongUse(
            "environment variable MP_API_KEY", "a key of the Materials Project", "nothing"
        )
    return {"X-API-KEY": key}


CONNECTOR = Connector(
    name="materials_project",
    title="the Materials Project",
    settings={
        "provider": f"address of the interface, else {ENDPOINT}",
        "kind": "structures (default) or xas",
        "material_ids": "such as mp-149,mp-13 (structures)",
        "task_ids": "such as mp-149,mp-13",
        "formula": "such as Fe2O3, ABO3 or Si*",
        "chemsys": "chemical systems, such as Li-Fe-O",
        "elements": "elements that occur, such as Si,O",
        "exclude_elements": "elements that do not (structures)",
        "crystal_system": "such as Cubic (structures)",
        "spacegroup_number": "1 to 230 (structures)",
        "spacegroup_symbol": "such as Fm-3m (structures)",
        "absorbing_element": "such as Fe (xas)",
        "edge": "K, L2, L3 or L2,3 (xas)",
        "spectrum_type": "XANES, EXAFS or XAFS (xas)",
        "spectrum_ids": "such as mp-149-XANES-Si-K (xas)",
    },
    required=(),
    headers=_headers,
    pages=pages,
    reference="Jain et al., APL Mater. 1, 011002 (2013); api.materialsproject.org",
)
