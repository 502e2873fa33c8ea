"""pymatgen's JSON: structures, computed entries and phonon densities of states, also gzipped.

Objects are read as plain data: nothing named in the file is imported. A list, or a document
that holds such objects under its keys, gives all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import number, provenance, with_hints
from ingest.readers._gzip import head, unpacked
from ingest.readers._structures import crystal, element, numbers_of
from registry.errors import BadInput
from registry.records import Axis, Floats, Material, Spectrum
from registry.structures import material_id

NAME, VERSION = "pymatgen_json", "1"
_STRUCTURES = ("Structure", "IStructure")
_DENSITIES = ("PhononDos", "CompletePhononDos")
_ENTRIES = ("ComputedStructureEntry",)
_CONTENT = re.compile(rb'"@class"\s*:\s*"(Structure|\w*Entry|\w*PhononDos)"')
_HEAD = 2**16

Record = Spectrum | Material


def read(source: Source) -> list[Record]:
    """Read every structure and density of states.

    Raises:
        BadInput: Naming the object and its field, when something is missing or no number.
        Unsupported: When the file unpacks to more than 64 MiB.
    """
    content = unpacked(source.content, source.name)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadInput(source.name, "JSON", f"{type(error).__name__}: {error}") from error
    records = list(_records(document, "", source))
    if not records:
        expected = "a Structure, ComputedStructureEntry or PhononDos of pymatgen"
        raise BadInput(source.name, expected, f"a {type(document).__name__} without")
    return records


def _records(value: Any, part: str, source: Source) -> Iterator[Record]:
    """Records of a document, of its members, or of the members of a list."""
    if isinstance(value, list):
        for n, each in enumerate(value, start=1):
            if isinstance(each, dict):
                yield from _records_of(each, f"{part}[{n}]", source)
    elif isinstance(value, dict):
        yield from _records_of(value, part, source)


def _records_of(value: dict[str, Any], part: str, source: Source) -> Iterator[Record]:
    kind = value.get("@class")
    if kind in _STRUCTURES or (kind is None and {"lattice", "sites"} <= value.keys()):
        yield _structure(value, part, source, {})
    elif kind in _ENTRIES:
        about = {key: value[key] for key in ("entry_id", "energy") if value.get(key) is not None}
        yield _structure(_member(value, "structure", dict, part, source), part, source, about)
    elif kind in _DENSITIES:
        yield from _density_of_states(value, part, source)
    elif kind is None:
        for key, each in value.items():
            if isinstance(each, dict | list) and key != "data":
                inner = f"{part}.{key}" if part else key
                members = each if isinstance(each, list) else [each]
                if any(isinstance(m, dict) and "@class" in m for m in members):
                    yield from _records(each, inner, source)


def _structure(value: dict[str, Any], part: str, source: Source, about: dict[str, Any]) -> Material:
    where = _where(part, source)
    lattice = _member(value, "lattice", dict, part, source).get("matrix")
    sites = _member(value, "sites", list, part, source)
    species, positions, moments = [], [], []
    for n, site in enumerate(sites, start=1):
        place = f"{where}: site {n}"
        if not isinstance(site, dict) or not isinstance(site.get("species"), list):
            raise BadInput(place, "species and abc", str(site)[:60])
        species.append(_species(site["species"], place))
        positions.append(numbers_of(site.get("abc"), (3,), f"{place}: abc"))
        properties = site.get("properties")
        moments.append(properties.get("magmom") if isinstance(properties, dict) else None)
    return crystal(
        source,
        (NAME, VERSION),
        numbers_of(lattice, (3, 3), f"{where}: lattice"),
        species,
        np.array(positions).reshape(-1, 3),
        part=part or None,
        magnetic_moments=moments if any(m is not None for m in moments) else None,
        **about,
    )


def _species(found: list[Any], place: str) -> dict[str, float]:
    """Elements of a site and their occupancies; those of several oxidation states add up."""
    shares: dict[str, float] = {}
    for each in found:
        if not isinstance(each, dict):
            raise BadInput(place, "element and occupancy", str(each)[:60])
        symbol = element(str(each.get("element")), place)
        shares[symbol] = shares.get(symbol, 0.0) + number(each.get("occu"), f"{place}: occu")
    if not shares:
        raise BadInput(place, "at least one element", "none")
    return shares


def _density_of_states(value: dict[str, Any], part: str, source: Source) -> Iterator[Record]:
    where = _where(part, source)
    frequencies = numbers_of(value.get("frequencies"), (-1,), f"{where}: frequencies")
    shape = frequencies.shape
    total = numbers_of(value.get("densities"), shape, f"{where}: densities")
    material = None
    if isinstance(value.get("structure"), dict):
        name = f"{part}.structure" if part else "structure"
        material = _structure(value["structure"], name, source, {})
        yield material
    linked = None if material is None else material_id(material)
    yield _spectrum(frequencies, total, part, linked, source)
    if value.get("pdos"):
        projected = numbers_of(value["pdos"], (-1, *shape), f"{where}: pdos").T
        yield _spectrum(frequencies, projected, f"{part}.pdos" if part else "pdos", linked, source)


def _spectrum(
    frequencies: Floats, densities: Floats, part: str, material: str | None, source: Source
) -> Spectrum:
    atoms = (
        () if densities.ndim == 1 else (Axis("atom", "", np.arange(1.0, densities.shape[1] + 1)),)
    )
    spectrum = Spectrum(
        technique="phonon_dos",
        kind="simulated",
        x=Axis("energy", "THz", frequencies),
        intensity=densities,
        intensity_unit="1/THz",
        axes=atoms,
        title=source.path.name.split(".json")[0],
        material_id=material,
        provenance=provenance(source, NAME, VERSION, part or None),
    )
    return with_hints(spectrum, source)


def _member(value: dict[str, Any], key: str, kind: type, part: str, source: Source) -> Any:
    if not isinstance(value.get(key), kind):
        raise BadInput(f"{_where(part, source)}: {key}", kind.__name__, str(value.get(key))[:60])
    return value[key]


def _where(part: str, source: Source) -> str:
    return f"{source.name}: {part}" if part else source.name


def recognise(source: Source) -> float:
    """Sure by the class of an object, possible by the ending."""
    if _CONTENT.search(head(source.content, _HEAD)):
        return 0.95
    return 0.3 if source.name.lower().endswith((".json", ".json.gz")) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="pymatgen JSON",
    endings=(".json", ".json.gz"),
    recognise=recognise,
    read=read,
    reference="Ong et al., Comput. Mater. Sci. 68, 314 (2013): pymatgen, as_dict",
)
