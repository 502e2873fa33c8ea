"""Schemas of every table: each column with its type, its unit and what it means.

``SCHEMA_VERSION`` rises with every change of what is stored; a lake written by an older version
is migrated (:mod:`registry.tables.migrations`), one written by a newer version is refused. The
dictionary is itself a SQL view (``columns``).
"""

from __future__ import annotations

from registry.schema import Schema
from registry.schemas import content, features, training, trust

SCHEMA_VERSION = 4

SCHEMAS: dict[str, Schema] = {
    schema.name: schema
    for schema in (
        content.MATERIALS,
        content.SPECTRA,
        content.CHUNKS,
        trust.CHECKS,
        trust.QUARANTINE,
        trust.RETRACTIONS,
        features.PROPERTIES,
        features.FEATURES,
        features.FEATURE_VIEWS,
        training.DATASETS,
        training.DATASET_MEMBERS,
        training.MODELS,
        training.PREDICTIONS,
    )
}
