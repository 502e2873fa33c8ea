"""What came into the lake between two snapshots that a dataset could be made of."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from registry.lake import Lake
from training.definitions import DatasetDefinition
from training.entities import KEY, read_subjects

CURVES_SQL = """
SELECT spectrum_id AS row_id, {key} AS entity_id, kind FROM spectra
WHERE list_contains($1, technique) AND {key} IS NOT NULL AND NOT retracted AND NOT stale
ORDER BY ingested_at, spectrum_id
"""
FAILED_SQL = "SELECT DISTINCT entity_id FROM checks WHERE severity = 'error' AND passed = false"


@dataclass(frozen=True)
class Arrivals:
    """New rows, oldest first.

    Attributes:
        rows: Row (a spectrum, or a subject where no curve is read), whose it is, and its kind
            (empty where no curve is read).
        failed: How many more there are that fail an error check: they count for nothing.
    """

    rows: tuple[tuple[str, str, str], ...]
    failed: int

    def of(self, kind: str) -> set[str]:
        """Whose the new curves of a kind are."""
        return {entity for _, entity, own in self.rows if own == kind}


def arrivals(
    lake: Lake, definition: DatasetDefinition, since: dict[str, int], now: dict[str, int]
) -> Arrivals:
    """Rows of the techniques a dataset reads, of those it asks for, that were not there before.

    Args:
        lake: The lake.
        definition: The dataset; one that reads no curve counts its subjects.
        since: Snapshot before.
        now: Snapshot after.
    """
    subjects, _ = read_subjects(lake, definition.entity, definition.where, now)
    asked = {subject.entity_id for subject in subjects}
    if definition.curves:
        query = CURVES_SQL.format(key=KEY[definition.entity])
        techniques = sorted({source.technique for source in definition.curves})
        before, after = (lake.sql(query, [techniques], at) for at in (since, now))
        new = [
            (row["row_id"], row["entity_id"], row["kind"])
            for row in not_in(after, before, "row_id").to_pylist()
            if row["entity_id"] in asked
        ]
    else:
        earlier, _ = read_subjects(lake, definition.entity, definition.where, since)
        known = {subject.entity_id for subject in earlier}
        new = [(one, one, "") for one in sorted(asked - known)]
    failed = set(lake.sql(FAILED_SQL, at=now)["entity_id"].to_pylist())
    sound = tuple(row for row in new if not failed.intersection(row[:2]))
    return Arrivals(sound, len(new) - len(sound))


def not_in(rows: pa.Table, others: pa.Table, column: str) -> pa.Table:
    """Rows whose value in a column none of the others has, in their order."""
    import pyarrow.compute as pc

    known = pc.is_in(rows[column], value_set=others[column].combine_chunks())
    return rows.filter(pc.invert(known))
