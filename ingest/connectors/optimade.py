"""Structures from any database that speaks OPTIMADE.

Pages are followed by ``links.next`` as the specification says, on the server that was named and
nowhere else, and no page twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from ingest.connectors import Connector, Document, Pages
from ingest.connectors._http import Client
from registry.errors import BadInput, WrongUse

PAGE = 100
_FIELDS = (
    "lattice_vectors",
    "dimension_types",
    "cartesian_site_positions",
    "species",
    "species_at_sites",
    "structure_features",
    "space_group_symbol_hermann_mauguin",
    "immutable_id",
    "last_modified",
    "chemical_formula_reduced",
)


def pages(client: Client, settings: Mapping[str, str], limit: int | None) -> Pages:
    """Structures that match ``filter``, page by page, each as a response for one entry.

    Raises:
        WrongUse: When the provider is no address.
        BadInput: When the server answers with something else than OPTIMADE, sends the reader
            round in circles or to another server.
    """
    base = _base(settings["provider"])
    about = _about(client, base)
    # response_fields names only what the server has: older versions refuse the others
    fields = ",".join(name for name in _FIELDS if name in _properties(client, base))
    asked = {
        "filter": settings.get("filter"),
        "response_fields": fields,
        "page_limit": str(min(PAGE, limit or PAGE)),
    }
    first = f"{base}/structures?{urlencode({k: v for k, v in asked.items() if v})}"
    seen: set[str] = set()
    for url, answer in _answers(client, first):
        entries = _entries(answer, url)
        new = [entry for entry in entries if entry["id"] not in seen]
        if entries and not new:
            raise BadInput(url, "entries of a further page", "only those of pages before")
        seen.update(entry["id"] for entry in new)
        yield [_document(entry, base, about) for entry in new]


def _base(provider: str) -> str:
    """Versioned base URL of a provider (specification, section Base URL)."""
    parts = urlsplit(provider)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongUse("optimade: provider", "an address such as https://host/optimade", provider)
    bare = provider.split("?", maxsplit=1)[0].rstrip("/")
    return bare if re.search(r"/v\d+(\.\d+)*$", bare) else f"{bare}/v1"


def _answers(client: Client, first: str) -> Iterator[tuple[str, dict[str, Any]]]:
    url: str | None = first
    visited: set[str] = set()
    while url:
        visited.add(url)
        answer = client.json(url)
        yield url, answer
        following = _next(answer, url)
        if following in visited:
            raise BadInput(f"{url}: links.next", "a page not seen before", following)
        url = following


def _next(answer: dict[str, Any], url: str) -> str | None:
    links = answer.get("links")
    link = links.get("next") if isinstance(links, dict) else None
    if isinstance(link, dict):
        link = link.get("href")
    if not link:
        return None
    if not isinstance(link, str):
        raise BadInput(f"{url}: links.next", "an address", repr(link)[:100])
    following = urljoin(url, link)
    if urlsplit(following)[:2] != urlsplit(url)[:2]:
        raise BadInput(f"{url}: links.next", "a page of the same server", following[:200])
    return following


def _entries(answer: dict[str, Any], url: str) -> list[dict[str, Any]]:
    entries = answer.get("data")
    if not isinstance(entries, list):
        raise BadInput(f"{url}: data", "a list of structures", repr(entries)[:100])
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise BadInput(f"{url}: data", "structures with an id", repr(entry)[:100])
    return entries


def _document(entry: dict[str, Any], base: str, about: dict[str, Any]) -> Document:
    meta = {**about, "_scatterlake_url": f"{base}/structures/{entry['id']}"}
    kept = {key: entry.get(key) for key in ("id", "type", "attributes")}
    return Document(entry["id"], {"data": kept, "meta": meta})


def _about(client: Client, base: str) -> dict[str, Any]:
    """What holds for all entries: the provider's name and licence, from ``/info``."""
    answer = client.json(f"{base}/info")
    data, meta = answer.get("data"), answer.get("meta")
    attributes = data.get("attributes") if isinstance(data, dict) else None
    if not isinstance(attributes, dict) or not isinstance(meta, dict):
        raise BadInput(f"{base}/info", "an OPTIMADE description", repr(answer)[:100])
    licence = attributes.get("available_licenses") or attributes.get("license")
    if isinstance(licence, dict):
        licence = licence.get("href")
    if isinstance(licence, list):
        licence = " OR ".join(str(each) for each in licence)
    told = {
        "api_version": meta.get("api_version") or attributes.get("api_version"),
        "provider": meta.get("provider"),
        "_scatterlake_licence": licence,
    }
    return {key: value for key, value in told.items() if value}


def _properties(client: Client, base: str) -> set[str]:
    url = f"{base}/info/structures"
    data = client.json(url).get("data")
    properties = data.get("properties") if isinstance(data, dict) else None
    if not isinstance(properties, dict):
        raise BadInput(url, "the properties of structures", repr(data)[:100])
    return set(properties)


CONNECTOR = Connector(
    name="optimade",
    title="OPTIMADE databases",
    settings={
        "provider": "address of the database, such as https://host/optimade",
        "filter": "which structures, in OPTIMADE's language, such as 'elements HAS \"Si\"'",
    },
    required=("provider",),
    headers=dict,
    pages=pages,
    reference="Andersen et al., Sci. Data 8, 217 (2021); OPTIMADE specification 1.2",
)
