"""CIF: crystal structures, one material per data block that holds atoms.

Cell and sites are kept as given (conventional cell, disorder, isotopes); oxidation states are
not read. Rows of one position form one mixed site, and so do partially occupied positions
closer than 0.5 angstrom whose occupancies sum to at most 1.05. A block whose atoms are not
those of its own ``_chemical_formula_sum`` is refused: labels are easily misread (NH4 as Nh).
Magnetic moments (magCIF) are no part of a material: they go to the provenance, by site.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

from ingest.readers import Reader, Source
from ingest.readers._common import number, provenance
from ingest.readers._structures import FARTHEST, check_cell
from registry.errors import BadInput, Unsupported
from registry.records import Material
from registry.structures import material_of

if TYPE_CHECKING:
    from pymatgen.core import Structure

NAME, VERSION = "cif", "3"
ENDINGS = (".cif", ".mcif")
CLOSEST = 0.5
"""Two atoms closer than this (angstrom) cannot both be there."""
MOST_OCCUPANCY = 1.05
_CELL = (
    *(f"_cell_length_{i}" for i in "abc"),
    *(f"_cell_angle_{i}" for i in ("alpha", "beta", "gamma")),
)
_POSITION = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
_NAMES = ("_chemical_name_mineral", "_chemical_name_common", "_chemical_name_systematic")
_SPACE_GROUPS = (
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M_alt",
    "_symmetry_space_group_name_H-M_alt",
    "_space_group_name_H-M_ref",
)
_MAGNETIC_GROUPS = ("_space_group_magn.name_BNS", "_space_group_magn.number_BNS")
_TEMPERATURES = ("_diffrn_ambient_temperature", "_cell_measurement_temperature")
_PRESSURES = ("_diffrn_ambient_pressure", "_cell_measurement_pressure")
_KPA_PER_GPA = 1e6
# Groups of atoms under one label: pymatgen leaves them out without a word.
_GROUP_LABEL = re.compile(r"OH(?![a-z])|NO3")
# What pymatgen raises over malformed text, found by damaging files at every byte.
_MALFORMED = (ValueError, KeyError, IndexError, ZeroDivisionError)


def read(source: Source) -> list[Material]:
    """Read every data block with atoms.

    Raises:
        BadInput: Naming block and field, when a block is incomplete, has two atoms on one
            spot, occupancies above one, or unreadable text.
        Unsupported: For incommensurate and disordered magnetic structures.
    """
    # CIF is ASCII; pymatgen drops other characters, and with a typographic minus the sign
    text = source.text().encode("ascii", "replace").decode()
    blocks = re.split(r"^[^\S\n]*data_", "\n" + text, flags=re.MULTILINE)[1:]
    materials = [m for block in blocks if (m := _material(source, "data_" + block)) is not None]
    if not materials:
        raise BadInput(source.name, "a data block with atoms", f"{len(blocks)} blocks without")
    return materials


def _material(source: Source, block: str) -> Material | None:
    where = f"{source.name}: {block.split(maxsplit=1)[0]}"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parser, fields = _parsed(block, where)
        if not fields.keys() & {"_cell_length_a", "_atom_site_label"}:
            return None
        _check_fields(fields, where)
        structure = _structure(parser, where)
    check_cell(structure.lattice.matrix, where)
    noted = [*parser.warnings, *(str(w.message) for w in caught)]
    space_group = _first(fields, _SPACE_GROUPS)
    if any("Defaulting to P1" in note for note in noted) and space_group not in (None, "P 1", "P1"):
        raise BadInput(f"{where}: symmetry", "operations or a known space group", repr(space_group))
    _check_elements(structure, fields, where)
    moments = _magnetic_moments(structure)
    structure, merged = _one_site_per_spot(structure, where)
    return material_of(
        structure,
        provenance=provenance(
            source,
            NAME,
            VERSION,
            block.split(maxsplit=1)[0],
            warnings=[*dict.fromkeys(noted), *merged],
            magnetic_moments=moments,
            magnetic_space_group=_first(fields, _MAGNETIC_GROUPS) if moments else None,
        ),
        name=_first(fields, _NAMES),
        declared_space_group=space_group,
        source=_publication(fields),
        temperature=_number_of(fields, _TEMPERATURES, where),
        pressure=_pressure(fields, where),
    )


def _parsed(block: str, where: str) -> tuple[Any, dict[str, Any]]:
    from pymatgen.io.cif import CifParser

    try:
        parser = CifParser.from_str(block, check_cif=False, occupancy_tolerance=MOST_OCCUPANCY)
        (fields,) = parser.as_dict().values()
    except _MALFORMED as error:
        raise BadInput(where, "well-formed CIF", f"{type(error).__name__}: {error}") from error
    return parser, fields


def _check_fields(fields: dict[str, Any], where: str) -> None:
    for key in _CELL:
        if not isinstance(fields.get(key), str):
            raise BadInput(f"{where}: {key}", "one number", repr(fields.get(key)))
        if number(fields[key], f"{where}: {key}") <= 0:
            raise BadInput(f"{where}: {key}", "a positive number", fields[key])
    labels = _column(fields, "_atom_site_label", where)
    if not labels:
        raise BadInput(f"{where}: _atom_site_label", "at least one atom", "none")
    for key in _POSITION:
        for label, value in zip(labels, _column(fields, key, where), strict=False):
            place = f"{where}: {key} of {label}"
            if not abs(number(value, place)) <= FARTHEST:
                raise BadInput(place, f"a fraction from -{FARTHEST:g} to {FARTHEST:g}", value)
    occupancies = (
        _column(fields, "_atom_site_occupancy", where) if "_atom_site_occupancy" in fields else []
    )
    for label, value in zip(labels, occupancies, strict=False):
        if value not in ("?", "."):
            place = f"{where}: _atom_site_occupancy of {label}"
            if not 0 <= number(value, place) <= MOST_OCCUPANCY:
                raise BadInput(place, "0 to 1", value)
    for label in fields.get("_atom_site_type_symbol", labels):
        if _GROUP_LABEL.match(label):
            raise Unsupported(f"{where}: _atom_site_label", "one element", f"the group {label!r}")


def _column(fields: dict[str, Any], key: str, where: str) -> list[str]:
    values = fields.get(key)
    if not isinstance(values, list):
        raise BadInput(f"{where}: {key}", "a column of the loop of atoms", repr(values))
    return values


def _structure(parser: Any, where: str) -> Structure:
    try:
        (structure,) = parser.parse_structures(primitive=False, on_error="raise")
    except NotImplementedError as error:
        raise Unsupported(where, "a commensurate, ordered structure", str(error)) from error
    except _MALFORMED as error:
        found = " ".join(str(error).split())
        if "ccupancy" in found:
            raise BadInput(f"{where}: _atom_site_occupancy", "a sum of 1 a site", found) from error
        raise BadInput(where, "a complete structure", found) from error
    if not all(hasattr(s, "Z") for s in structure.composition.elements):
        raise BadInput(f"{where}: _atom_site_label", "elements", f"{structure.composition}")
    return _elements_only(structure)


def _elements_only(structure: Structure) -> Structure:
    """Add up the oxidation states of each element; isotopes keep their names (D, T)."""
    from pymatgen.core import Structure

    species = []
    for site in structure:
        shares: Counter[str] = Counter()
        for specie, occupancy in site.species.items():
            shares[getattr(specie, "element", specie).name] += occupancy
        species.append(dict(shares))
    return Structure(
        structure.lattice,
        species,
        structure.frac_coords,
        labels=structure.labels,
        site_properties=structure.site_properties,
    )


def _magnetic_moments(structure: Structure) -> list[list[float]] | None:
    """Moments in the order of the sites (Bohr magnetons, Cartesian), None where there are none."""
    found = structure.site_properties.get("magmom")
    if not found:
        return None
    moments = [[float(v) for v in moment.get_moment()] for moment in found]
    return moments if any(any(moment) for moment in moments) else None


def _check_elements(structure: Structure, fields: dict[str, Any], where: str) -> None:
    """Compare with the declared formula; hydrogen, often not located, may be missing."""
    formula = fields.get("_chemical_formula_sum")
    if not isinstance(formula, str):
        return
    hydrogen = {"D": "H", "T": "H"}
    declared = {hydrogen.get(e, e) for e in re.findall(r"[A-Z][a-z]?", formula)}
    found = {hydrogen.get(e.symbol, e.symbol) for e in structure.composition.elements}
    if declared and (found - declared or declared - found - {"H"}):
        raise BadInput(
            f"{where}: _atom_site_label",
            f"the elements of _chemical_formula_sum ({' '.join(sorted(declared))})",
            " ".join(sorted(found)),
        )


def _one_site_per_spot(structure: Structure, where: str) -> tuple[Structure, list[str]]:
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    i, j, _, distance = structure.get_neighbor_list(CLOSEST, exclude_self=True)
    if not len(i):
        return structure, []
    n = len(structure)
    _, spot = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(n, n)))
    occupancy = np.bincount(spot, [site.species.num_atoms for site in structure])
    worst = int(np.argmax(occupancy[spot[i]]))
    if occupancy[spot[i]][worst] > MOST_OCCUPANCY:
        pair = f"{structure[int(i[worst])].label} and {structure[int(j[worst])].label}"
        raise BadInput(
            f"{where}: sites {pair}",
            f"atoms at least {CLOSEST} angstrom apart, or occupancies that sum to 1",
            f"{distance[worst]:.3f} angstrom, sum {occupancy[spot[i]][worst]:.2f}",
        )
    scale = 1 / np.maximum(occupancy[spot], 1)
    merged = structure.copy()
    for k in np.unique(i):
        merged[int(k)] = structure[int(k)].species * scale[k]
    with warnings.catch_warnings():
        # labels of hydrogens and the like: nothing that is kept
        warnings.filterwarnings("ignore", message="Sites with different site property")
        merged.merge_sites(CLOSEST, mode="sum")
    return merged, [
        f"{n - len(merged)} partially occupied positions closer than {CLOSEST} A joined"
    ]


def _first(fields: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        value = fields.get(key)
        if isinstance(value, str) and value.strip() not in ("", "?", "."):
            return " ".join(value.split()).strip("'\"")
    return None


def _number_of(fields: dict[str, Any], keys: tuple[str, ...], where: str) -> float | None:
    value = _first(fields, keys)
    return None if value is None else number(value, f"{where}: {keys[0]}")


def _pressure(fields: dict[str, Any], where: str) -> float | None:
    kpa = _number_of(fields, _PRESSURES, where)
    return None if kpa is None else kpa / _KPA_PER_GPA


def _publication(fields: dict[str, Any]) -> str | None:
    journal = _first(fields, ("_journal_name_full", "_citation_journal_full"))
    year = _first(fields, ("_journal_year", "_citation_year"))
    doi = _first(fields, ("_journal_paper_doi", "_citation_doi", "_audit_block_doi"))
    amcsd = _first(fields, ("_database_code_amcsd",))
    parts = [p for p in (journal, year) if p]
    parts += [f"doi:{doi}"] if doi else []
    parts += [f"AMCSD {amcsd}"] if amcsd else []
    return ", ".join(parts) or None


def recognise(source: Source) -> float:
    """Sure by the ending, nearly so by a data block with cell or atom fields."""
    if source.path.suffix.lower() in ENDINGS:
        return 0.95
    head = source.head
    return (
        0.9
        if re.search(rb"^data_\S", head, re.M) and re.search(rb"^_(cell|atom)_", head, re.M)
        else 0
    )


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Crystallographic Information File",
    endings=ENDINGS,
    recognise=recognise,
    read=read,
    reference="Hall, Allen & Brown (1991), Acta Cryst. A47, 655; doi:10.1107/S010876739101067X",
)
