"""Documents of the Materials Project, as ``scatterlake fetch materials_project`` keeps them.

A document of the core collection gives a structure. One of the XAS collection gives a structure
and a spectrum calculated by FEFF for one of its sites, or averaged over those of an element.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ingest.readers import Reader, Source, pymatgen_json
from ingest.readers._common import provenance, with_hints
from ingest.readers._structures import element, numbers_of
from ingest.rows import row_of_material
from registry.errors import BadInput
from registry.records import Axis, Material, Spectrum

NAME, VERSION = "materials_project", "1"
_MARK = b'"materials_project"'
# emmet's short names, as in builder_meta.license
_LICENCES = {"BY-C": "CC-BY-4.0", "BY-NC": "CC-BY-NC-4.0"}


def read(source: Source) -> list[Spectrum | Material]:
    """Read the structure, and the spectrum where there is one.

    Raises:
        BadInput: Naming the field; also when the absorbing site is not in the structure or is
            not of the absorbing element.
    """
    try:
        content = json.loads(source.content)
    except (ValueError, RecursionError) as error:
        raise BadInput(source.name, "JSON", f"{type(error).__name__}: {error}") from error
    about = _member(content, "materials_project", source.name)
    document = _member(content, "document", source.name)
    said = {
        "provider": "Materials Project",
        "id": about.get("id"),
        "last_modified": document.get("last_updated"),
        "url": about.get("url"),
        "database_version": _optional(document, "builder_meta").get("database_version"),
    }
    licence = _LICENCES.get(str(_optional(document, "builder_meta").get("license")))
    if about.get("kind") != "xas":
        return [_material(document, said, licence, source)]
    spectrum = _member(document, "spectrum", source.name)
    material = _material(spectrum, said, licence, source)
    return [material, _spectrum(document, spectrum, material, said, source)]


def _material(
    holder: dict[str, Any], said: dict[str, Any], licence: str | None, source: Source
) -> Material:
    structure = _member(holder, "structure", source.name)
    plain = Source(source.path, json.dumps({**structure, "@class": "Structure"}).encode())
    (found,) = (each for each in pymatgen_json.read(plain) if isinstance(each, Material))
    moments = found.provenance.parameters.get("magnetic_moments")
    symbol = _optional(holder, "symmetry").get("symbol")
    return replace(
        found,
        declared_space_group=symbol if isinstance(symbol, str) else None,
        source=f"Materials Project: {said['id']}",
        licence=licence,
        provenance=provenance(source, NAME, VERSION, "structure", magnetic_moments=moments, **said),
    )


def _spectrum(
    document: dict[str, Any],
    found: dict[str, Any],
    material: Material,
    said: dict[str, Any],
    source: Source,
) -> Spectrum:
    absorber = element(str(document.get("absorbing_element")), f"{source.name}: absorbing_element")
    site = found.get("absorbing_index")
    _check_site(site, absorber, material, source.name)
    energy = numbers_of(found.get("x"), (-1,), f"{source.name}: x")
    mu = numbers_of(found.get("y"), energy.shape, f"{source.name}: y")
    spectrum = Spectrum(
        technique="xas",
        kind="simulated",
        x=Axis("energy", "eV", energy),
        intensity=mu,
        title=str(said["id"]),
        # as a row: cells without symmetry are refused there, before neighbours are looked for
        material_id=row_of_material(material)["material_id"],
        absorber=absorber,
        edge=str(document.get("edge")),
        licence=material.licence,
        provenance=provenance(
            source,
            NAME,
            VERSION,
            "spectrum",
            spectrum_type=document.get("spectrum_type"),
            absorbing_site=site,
            averaged="over the sites of the absorber" if site is None else None,
            **said,
        ),
    )
    return with_hints(spectrum, source)


def _check_site(site: Any, absorber: str, material: Material, where: str) -> None:
    """A site index counts from 0 in the structure's list of sites."""
    if site is None:
        if not any(absorber in each.species for each in material.sites):
            raise BadInput(f"{where}: absorbing_element", "an element of the structure", absorber)
        return
    last = len(material.sites) - 1
    if not isinstance(site, int) or isinstance(site, bool) or not 0 <= site <= last:
        raise BadInput(f"{where}: absorbing_index", f"a site from 0 to {last}", repr(site)[:60])
    there = material.sites[site].species
    if absorber not in there:
        expected = f"{absorber} at site {site}"
        raise BadInput(f"{where}: absorbing_index", expected, ", ".join(sorted(there)))


def _optional(holder: dict[str, Any], key: str) -> dict[str, Any]:
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def _member(holder: Any, key: str, where: str) -> dict[str, Any]:
    found = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(found, dict):
        raise BadInput(f"{where}: {key}", "an object", repr(found)[:60])
    return found


def recognise(source: Source) -> float:
    """Sure by the object that says where the document is from."""
    head = source.head.lstrip()
    return 0.98 if head.startswith(b"{") and _MARK in head else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Materials Project documents",
    endings=(".json",),
    recognise=recognise,
    read=read,
    reference="Mathew et al., Sci. Data 5, 180151 (2018); Jain et al., APL Mater. 1, 011002 (2013)",
)
