"""OPTIMADE's JSON: the answer for one structure or a page of them.

Only what names every atom of a periodic crystal is taken: molecules, slabs and entries with
implicit, attached or unplaced atoms or correlated disorder (assemblies) are refused by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import number
from ingest.readers._structures import check_cell, crystal, element, numbers_of
from registry.errors import BadInput, Unsupported
from registry.records import Material

NAME, VERSION = "optimade", "1"
_BEYOND = {"implicit_atoms", "site_attachments", "assemblies", "unknown_positions"}
_TYPE = re.compile(rb'"type"\s*:\s*"structures"')
_DEUTERIUM = (1.9, 2.1)
"""Mass (u) by which hydrogen is told to be deuterium."""


def read(source: Source) -> list[Material]:
    """Read every structure.

    Raises:
        BadInput: Naming the entry and its field.
        Unsupported: When it is no periodic crystal with all its atoms.
    """
    try:
        document = json.loads(source.content)
    except (ValueError, RecursionError) as error:
        raise BadInput(source.name, "JSON", f"{type(error).__name__}: {error}") from error
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict | list) or not data:
        raise BadInput(f"{source.name}: data", "a structure or a list of them", repr(data)[:60])
    meta = document.get("meta")
    about = meta if isinstance(meta, dict) else {}
    entries = data if isinstance(data, list) else [data]
    return [_material(entry, about, source) for entry in entries]


def _material(entry: Any, about: dict[str, Any], source: Source) -> Material:
    if not isinstance(entry, dict) or not isinstance(entry.get("attributes"), dict):
        raise BadInput(f"{source.name}: data", "a structure with attributes", repr(entry)[:60])
    identity, found = str(entry.get("id")), entry["attributes"]
    where = f"{source.name}: {identity}"
    _check_kind(found, where)
    lattice = numbers_of(found.get("lattice_vectors"), (3, 3), f"{where}: lattice_vectors")
    # before positions are made fractional by it
    check_cell(lattice, where)
    cartesian = numbers_of(
        found.get("cartesian_site_positions"), (-1, 3), f"{where}: cartesian_site_positions"
    )
    provider = about.get("provider")
    named = provider if isinstance(provider, dict) else {}
    material = crystal(
        source,
        (NAME, VERSION),
        lattice,
        list(_sites(found, len(cartesian), where)),
        np.linalg.solve(lattice.T, cartesian.T).T,
        part=identity,
        provider=named.get("name"),
        id=identity,
        immutable_id=found.get("immutable_id"),
        last_modified=found.get("last_modified"),
        url=about.get("_scatterlake_url"),
        api_version=about.get("api_version"),
    )
    licence = about.get("_scatterlake_licence")
    symbol = found.get("space_group_symbol_hermann_mauguin")
    return replace(
        material,
        source=f"{named.get('name') or 'OPTIMADE'}: {identity}",
        licence=licence if isinstance(licence, str) else None,
        declared_space_group=symbol if isinstance(symbol, str) else None,
    )


def _check_kind(found: dict[str, Any], where: str) -> None:
    periodic = found.get("dimension_types")
    if periodic is not None and periodic != [1, 1, 1]:
        expected = "a crystal, periodic in three directions"
        raise Unsupported(f"{where}: dimension_types", expected, repr(periodic)[:60])
    features = found.get("structure_features") or []
    if not isinstance(features, list):
        raise BadInput(f"{where}: structure_features", "a list", repr(features)[:60])
    beyond = sorted(_BEYOND.intersection(map(str, features)))
    if beyond:
        expected = "every atom at a place of its own"
        raise Unsupported(f"{where}: structure_features", expected, ", ".join(beyond))


def _sites(found: dict[str, Any], n: int, where: str) -> Iterator[dict[str, float]]:
    """For each site, its elements and their shares."""
    at_sites, species = found.get("species_at_sites"), found.get("species")
    if not isinstance(at_sites, list) or len(at_sites) != n:
        expected = f"names for {n} sites"
        raise BadInput(f"{where}: species_at_sites", expected, repr(at_sites)[:60])
    if not isinstance(species, list) or not all(isinstance(each, dict) for each in species):
        raise BadInput(f"{where}: species", "a list of species", repr(species)[:60])
    by_name = {str(each.get("name")): _shares(each, where) for each in species}
    for name in map(str, at_sites):
        if name not in by_name:
            raise BadInput(f"{where}: species_at_sites", "a name among species", repr(name)[:60])
        yield dict(by_name[name])


def _shares(species: dict[str, Any], where: str) -> dict[str, float]:
    place = f"{where}: species {str(species.get('name'))[:40]}"
    symbols, shares = species.get("chemical_symbols"), species.get("concentration")
    masses = species.get("mass") or []
    if not isinstance(symbols, list) or not isinstance(shares, list) or len(symbols) != len(shares):
        raise BadInput(place, "as many chemical_symbols as concentrations", repr(symbols)[:60])
    if not isinstance(masses, list) or len(masses) not in (0, len(symbols)):
        raise BadInput(place, "one mass for each of chemical_symbols", repr(masses)[:60])
    if species.get("attached"):
        raise Unsupported(place, "every atom at a place of its own", "attached atoms")
    found: dict[str, float] = {}
    for n, (symbol, share) in enumerate(zip(symbols, shares, strict=True)):
        # a vacancy is what is left of full occupancy
        if symbol == "vacancy":
            continue
        heavy = symbol == "H" and bool(masses)
        mass = number(masses[n], f"{place}: mass") if heavy else 0.0
        deuterium = _DEUTERIUM[0] < mass < _DEUTERIUM[1]
        name = "D" if deuterium else element(str(symbol), place)
        found[name] = found.get(name, 0.0) + number(share, f"{place}: concentration")
    if not found:
        raise Unsupported(place, "at least one atom", "a vacancy only")
    return found


def recognise(source: Source) -> float:
    """Sure by the type of the entry and a field that only structures have."""
    text = source.content.lstrip()[:1] == b"{" and b'"cartesian_site_positions"' in source.content
    return 0.97 if text and _TYPE.search(source.content) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="OPTIMADE structures",
    endings=(".json",),
    recognise=recognise,
    read=read,
    reference="Andersen et al., Sci. Data 8, 217 (2021); OPTIMADE specification 1.2",
)
