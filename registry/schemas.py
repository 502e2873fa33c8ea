"""Schemas of every table: each column with its type, its unit and what it means.

``SCHEMA_VERSION`` rises with every change; a lake written by an older version is migrated,
one written by a newer version is refused. The dictionary is itself a SQL view (``columns``).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

SCHEMA_VERSION = 1

TEXT = pa.string()
REAL = pa.float64()
COUNT = pa.int64()
FLAG = pa.bool_()
WHEN = pa.timestamp("us", tz="UTC")
TEXTS = pa.list_(pa.string())
REALS = pa.list_(pa.float64())
CURVE = pa.list_(pa.float32())
COUNTS = pa.list_(pa.int32())
AXES = pa.list_(
    pa.struct([("quantity", TEXT), ("unit", TEXT), ("values", REALS)]),
)
SPECIES = pa.list_(pa.list_(pa.struct([("symbol", TEXT), ("occupancy", REAL)])))


@dataclass(frozen=True)
class Column:
    """One column: name, Arrow type, unit (empty when it has none) and meaning."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str


@dataclass(frozen=True)
class Schema:
    """One table: its key (content id), its columns and what it holds."""

    name: str
    key: tuple[str, ...]
    meaning: str
    columns: tuple[Column, ...]

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, in the order of the columns."""
        return pa.schema([(c.name, c.type) for c in self.columns])


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
)

CHECKS = Schema(
    "checks",
    ("entity_id", "check_name"),
    "results of validation, one row per entity and check",
    (
        Column("entity_id", TEXT, "", "spectrum or material"),
        Column("entity_kind", TEXT, "", "spectrum or material"),
        Column("check_name", TEXT, "", "name of the check"),
        Column("value", REAL, "check's own", "measured quality value"),
        Column("lower", REAL, "check's own", "smallest value that passes, or null"),
        Column("upper", REAL, "check's own", "largest value that passes, or null"),
        Column("severity", TEXT, "", "error or warning"),
        Column("passed", FLAG, "", "whether the value is within its limits"),
        Column("suite", TEXT, "", "Great Expectations suite"),
        Column("checked_at", WHEN, "", "when"),
    ),
)

QUARANTINE = Schema(
    "quarantine",
    ("refusal_id",),
    "input that was refused, why, and the bytes to try again",
    (
        Column("refusal_id", TEXT, "", "hash of file content and reason"),
        Column("file_name", TEXT, "", "file as the user named it"),
        Column("file_digest", TEXT, "", "content digest of the file"),
        Column("file_part", TEXT, "", "data set within the file"),
        Column("stage", TEXT, "", "read, structure or check"),
        Column("location", TEXT, "", "file, field or line"),
        Column("expected", TEXT, "", "what would have been accepted"),
        Column("found", TEXT, "", "what was there"),
        Column("content", pa.binary(), "", "the bytes of the file"),
        Column("refused_at", WHEN, "", "when"),
    ),
)

PROPERTIES = Schema(
    "properties",
    ("entity_id", "property", "method"),
    "labels: a property of an entity, how it was found",
    (
        Column("entity_id", TEXT, "", "material, spectrum or sample"),
        Column("property", TEXT, "", "name of the property"),
        Column("value", REAL, "unit", "numeric value, or null"),
        Column("text", TEXT, "", "categorical value, or null"),
        Column("unit", TEXT, "", "unit of the value"),
        Column("method", TEXT, "", "how it was found"),
        Column("source", TEXT, "", "file digest or reference"),
    ),
)

FEATURES = Schema(
    "features",
    ("entity_id", "view_id"),
    "values of descriptors",
    (
        Column("entity_id", TEXT, "", "material or spectrum"),
        Column("view_id", TEXT, "", "hash of descriptor, parameters and code version"),
        Column("view", TEXT, "", "name of the descriptor"),
        Column("vector", CURVE, "view's own", "values, or null when refused"),
        Column("refused", TEXT, "", "why the descriptor does not apply, or null"),
        Column("computed_at", WHEN, "", "when"),
    ),
)

FEATURE_VIEWS = Schema(
    "feature_views",
    ("view_id",),
    "what the views are",
    (
        Column("view_id", TEXT, "", "hash of descriptor, parameters and code version"),
        Column("view", TEXT, "", "name of the descriptor"),
        Column("version", TEXT, "", "version of its code"),
        Column("parameters", TEXT, "", "JSON"),
        Column("width", COUNT, "", "length of the vector"),
        Column("unit", TEXT, "", "unit of the values"),
        Column("source", TEXT, "", "publication"),
        Column("created_at", WHEN, "", "when it was first computed"),
    ),
)

DATASETS = Schema(
    "datasets",
    ("manifest",),
    "assembled datasets",
    (
        Column("manifest", TEXT, "", "hash of definition, members and their content"),
        Column("dataset", TEXT, "", "name"),
        Column("definition", TEXT, "", "JSON"),
        Column("snapshot", TEXT, "", "table versions it was read at, JSON"),
        Column("target", TEXT, "", "what is predicted"),
        Column("n_train", COUNT, "", "members to train on"),
        Column("n_validation", COUNT, "", "members to choose on"),
        Column("n_test", COUNT, "", "members to judge on"),
        Column("left_out", TEXT, "", "how many candidates were left out and why, JSON"),
        Column("created_at", WHEN, "", "when"),
    ),
)

DATASET_MEMBERS = Schema(
    "dataset_members",
    ("manifest", "entity_id"),
    "who is in which dataset and split",
    (
        Column("manifest", TEXT, "", "dataset"),
        Column("entity_id", TEXT, "", "material"),
        Column("group", TEXT, "", "members of one group are never split"),
        Column("split", TEXT, "", "train, validation or test"),
        Column("label", TEXT, "", "value of the target"),
        Column("spectra", TEXTS, "", "spectrum ids read for it"),
        Column("views", TEXTS, "", "view ids read for it"),
    ),
)

MODELS = Schema(
    "models",
    ("model", "version"),
    "registered model versions, mirrored from MLflow",
    (
        Column("model", TEXT, "", "registered name"),
        Column("version", COUNT, "", "version"),
        Column("run_id", TEXT, "", "MLflow run"),
        Column("study", TEXT, "", "study it was trained for"),
        Column("algorithm", TEXT, "", "file in training/models"),
        Column("predicts", TEXT, "", "target"),
        Column("inputs", TEXTS, "", "techniques and feature views it reads"),
        Column("manifest", TEXT, "", "dataset it was trained on"),
        Column("metric", TEXT, "", "name of the score"),
        Column("score_simulated", REAL, "", "on held-out simulated data, mean over seeds"),
        Column("score_simulated_std", REAL, "", "standard deviation over seeds"),
        Column("score_measured", REAL, "", "on measured data, or null when there is none"),
        Column("gap", REAL, "", "simulated minus measured score, or null"),
        Column("baseline_naive", REAL, "", "most frequent class"),
        Column("baseline_nearest", REAL, "", "nearest neighbour on the same input"),
        Column("control_shuffled", REAL, "", "same model, shuffled labels"),
        Column("n_train", COUNT, "", "members trained on"),
        Column("n_parameters", COUNT, "", "trainable parameters, or null"),
        Column("train_seconds", REAL, "s", "training time, mean over seeds"),
        Column("code_version", TEXT, "", "version of scatterlake"),
        Column("artifact_digest", TEXT, "", "digest over the model's files"),
        Column("alias", TEXT, "", "champion, challenger or null"),
        Column("reason", TEXT, "", "why the alias was given or not"),
        Column("stale", FLAG, "", "something it was trained on was retracted"),
        Column("created_at", WHEN, "", "when"),
    ),
)

PREDICTIONS = Schema(
    "predictions",
    ("model", "version", "entity_id"),
    "what models answered",
    (
        Column("model", TEXT, "", "registered name"),
        Column("version", COUNT, "", "version"),
        Column("entity_id", TEXT, "", "material or spectrum"),
        Column("value", TEXT, "", "most probable answer"),
        Column("probability", REAL, "", "the model's own probability of it"),
        Column("alternatives", TEXT, "", "all answers with probability, JSON"),
        Column("predicted_at", WHEN, "", "when"),
    ),
)

SCHEMAS: dict[str, Schema] = {
    s.name: s
    for s in (
        MATERIALS,
        SPECTRA,
        CHECKS,
        QUARANTINE,
        PROPERTIES,
        FEATURES,
        FEATURE_VIEWS,
        DATASETS,
        DATASET_MEMBERS,
        MODELS,
        PREDICTIONS,
    )
}
