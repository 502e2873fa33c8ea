"""What is known and computed of it: properties and feature views."""

from __future__ import annotations

from registry.schema import COUNT, CURVE, FLAG, REAL, TEXT, WHEN, Column, Schema

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
    sort=("property", "method"),
)


FEATURES = Schema(
    "features",
    ("entity_id", "view_id"),
    "values of descriptors",
    (
        Column("entity_id", TEXT, "", "material or spectrum"),
        Column("view_id", TEXT, "", "hash of descriptor, parameters and code version"),
        Column("view", TEXT, "", "name of the descriptor"),
        Column("vector", CURVE, "view's own", "values, row after row; null when refused"),
        Column("n_rows", COUNT, "", "rows of the value; 1, or null before schema 3, for a vector"),
        Column("seconds", REAL, "s", "time it took: that of its batch in equal shares"),
        Column("refused", TEXT, "", "why the descriptor does not apply, or null"),
        Column("computed_at", WHEN, "", "when"),
    ),
    sort=("view", "view_id"),
    derived=(Column("stale", FLAG, "", "computed from a retracted or stale entity"),),
)


FEATURE_VIEWS = Schema(
    "feature_views",
    ("view_id",),
    "what the views are",
    (
        Column("view_id", TEXT, "", "hash of descriptor, parameters and code version"),
        Column("view", TEXT, "", "name of the descriptor"),
        Column("version", TEXT, "", "version of its code"),
        Column("entity", TEXT, "", "what it describes: material or spectrum"),
        Column("rows", TEXT, "", "what a row of a value is: site or edge; empty for a vector"),
        Column("parameters", TEXT, "", "JSON"),
        Column("width", COUNT, "", "length of the vector, or of a row"),
        Column("unit", TEXT, "", "unit of the values"),
        Column("source", TEXT, "", "publication"),
        Column("created_at", WHEN, "", "when it was first computed"),
    ),
)
