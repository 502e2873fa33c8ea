"""Whether it can be trusted: checks, quarantine, retractions."""

from __future__ import annotations

import pyarrow as pa

from registry.schema import FLAG, REAL, TEXT, WHEN, Column, Schema

CHECKS = Schema(
    "checks",
    ("entity_id", "check_name"),
    "results of validation, one row per entity and check",
    (
        Column("entity_id", TEXT, "", "spectrum, material or feature view"),
        Column("entity_kind", TEXT, "", "spectrum, material or view"),
        Column("check_name", TEXT, "", "name of the check"),
        Column("value", REAL, "check's own", "measured quality value"),
        Column("lower", REAL, "check's own", "smallest value that passes, or null"),
        Column("upper", REAL, "check's own", "largest value that passes, or null"),
        Column("severity", TEXT, "", "error or warning"),
        Column("passed", FLAG, "", "value within its limits; null where the check does not apply"),
        Column("suite", TEXT, "", "Great Expectations suite"),
        Column("checked_at", WHEN, "", "when"),
    ),
    sort=("check_name", "entity_id"),
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


RETRACTIONS = Schema(
    "retractions",
    ("event_id",),
    "what was withdrawn as wrong and what was restored; the last event of an entity holds",
    (
        Column("event_id", TEXT, "", "hash of entity, action and time"),
        Column("entity_id", TEXT, "", "file digest, spectrum, material or sample"),
        Column("entity_kind", TEXT, "", "file, spectrum, material or sample"),
        Column("action", TEXT, "", "retract or restore"),
        Column("why", TEXT, "", "reason"),
        Column("author", TEXT, "", "who"),
        Column("decided_at", WHEN, "", "when"),
    ),
)
