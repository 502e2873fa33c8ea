"""What was measured, simulated or determined: materials and spectra."""

from __future__ import annotations

from registry.schema import (
    AXES,
    COUNT,
    COUNTS,
    CURVE,
    FLAG,
    REAL,
    REALS,
    SPECIES,
    TEXT,
    TEXTS,
    WHEN,
    Column,
    Schema,
)


def _provenance(extra: str) -> tuple[Column, ...]:
    return (
        Column("producer", TEXT, "", f"reader {extra}that made the row"),
        Column("producer_version", TEXT, "", "its version"),
        Column("parameters", TEXT, "", "what it was told and what it guessed, JSON"),
        Column("file_name", TEXT, "", "file as the user named it; null when simulated"),
        Column("file_digest", TEXT, "", "content digest of that file"),
        Column("file_part", TEXT, "", "data set within the file"),
        Column("recipe", TEXT, "", "identity of simulator, version and parameters; null for files"),
        Column("ingested_at", WHEN, "", "when the row was written"),
    )


MATERIALS = Schema(
    "materials",
    ("material_id",),
    "crystal structures",
    (
        Column("material_id", TEXT, "", "hash of the reduced, canonical structure"),
        Column("name", TEXT, "", "mineral or common name"),
        Column("formula", TEXT, "", "reduced formula"),
        Column("elements", TEXTS, "", "chemical symbols, sorted"),
        Column("chemical_system", TEXT, "", "symbols joined by '-', sorted"),
        Column("n_sites", COUNT, "", "sites in the cell as given"),
        Column("is_ordered", FLAG, "", "every site has one species at full occupancy"),
        Column("lattice", REALS, "angstrom", "three cell vectors, row by row (9 values)"),
        Column("species", SPECIES, "", "per site: symbol (isotopes too) and occupancy"),
        Column("positions", REALS, "", "fractional coordinates, site by site (3 n values)"),
        Column("space_group_number", COUNT, "", "found by spglib at symprec 0.01 angstrom"),
        Column("space_group", TEXT, "", "its Hermann-Mauguin symbol"),
        Column("declared_space_group", TEXT, "", "symbol the file states"),
        Column("crystal_system", TEXT, "", "of the space group found"),
        Column("density", REAL, "g/cm^3", "from cell and content"),
        Column("volume", REAL, "angstrom^3", "of the cell as given"),
        Column("temperature", REAL, "K", "of the determination"),
        Column("pressure", REAL, "GPa", "of the determination"),
        Column("source", TEXT, "", "publication or database entry"),
        Column("licence", TEXT, "", "terms of use of the source"),
        *_provenance(""),
    ),
    sort=("chemical_system", "formula"),
    derived=(Column("retracted", FLAG, "", "withdrawn itself or with its file"),),
)


SPECTRA = Schema(
    "spectra",
    ("spectrum_id",),
    "measured and simulated spectra",
    (
        Column("spectrum_id", TEXT, "", "hash of the content, not of the file name"),
        Column("material_id", TEXT, "", "structure it belongs to, where known"),
        Column("sample_id", TEXT, "", "sample as the facility names it"),
        Column("title", TEXT, "", "title in the file"),
        Column("technique", TEXT, "", "short name of the technique"),
        Column("kind", TEXT, "", "experimental or simulated"),
        Column("absorber", TEXT, "", "absorbing element, where there is one"),
        Column("edge", TEXT, "", "absorption edge, where there is one"),
        Column("x", REALS, "x_unit", "first axis in the canonical unit of the technique"),
        Column("x_quantity", TEXT, "", "canonical quantity of x"),
        Column("x_unit", TEXT, "", "canonical unit of x"),
        Column("x_given_quantity", TEXT, "", "quantity in the file"),
        Column("x_given_unit", TEXT, "", "unit in the file"),
        Column("axes", AXES, "own", "further axes: quantity, unit, values"),
        Column("shape", COUNTS, "", "points along x and each further axis"),
        Column("intensity", CURVE, "intensity_unit", "values in C order"),
        Column("uncertainty", CURVE, "intensity_unit", "one standard deviation, or null"),
        Column("intensity_unit", TEXT, "", "unit of the intensity as given"),
        Column("resolution", CURVE, "x_unit", "one standard deviation of x per point, or null"),
        Column("wavelength", REAL, "angstrom", "incident wavelength"),
        Column("incident_energy", REAL, "eV", "incident energy"),
        Column("temperature", REAL, "K", "of the sample"),
        Column("pressure", REAL, "GPa", "on the sample"),
        Column("time", WHEN, "", "when it was measured"),
        Column("polarisation", TEXT, "", "polarisation state of the beam"),
        Column("instrument", TEXT, "", "instrument or beamline"),
        Column("facility", TEXT, "", "facility"),
        Column("licence", TEXT, "", "terms of use"),
        *_provenance("or simulator "),
    ),
    sort=("technique", "absorber", "material_id", "kind"),
    derived=(
        Column("retracted", FLAG, "", "withdrawn itself or with its file or sample"),
        Column("stale", FLAG, "", "computed from a retracted material"),
    ),
)


CHUNKS = Schema(
    "chunks",
    ("spectrum_id", "field", "first"),
    "pieces of arrays too large for one row of spectra, where that field is null",
    (
        Column("spectrum_id", TEXT, "", "spectrum"),
        Column("field", TEXT, "", "intensity or uncertainty"),
        Column("first", COUNT, "", "index of the first value in the whole array, C order"),
        Column("values", CURVE, "intensity_unit", "consecutive values"),
    ),
)
