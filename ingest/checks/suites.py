"""Suites: the checks of one kind of stored row, and which rows they have still to run on.

A result is known by its entity and the name of its check. It is current while the limits and the
severity in it are those declared; when a check measures in another way it gets another name. A row
has been checked when every check of its suite has a current result, also where that says that the
check does not apply. So a check that is new, or whose limits changed, finds its rows by itself,
whoever ran what before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.checks import Check, copies, pairs
from ingest.checks._batches import SIZE
from ingest.checks.materials import MATERIAL_CHECKS, material_quality
from ingest.checks.spectra import spectrum_checks, spectrum_quality
from registry.lake import Lake
from registry.records import Floats

ALL = "true"
"""The condition that every row meets."""


@dataclass(frozen=True)
class Suite:
    """Checks of one kind of row.

    Attributes:
        name: Its name: a technique, ``structures`` or ``pairs``.
        entity_kind: What its entities are.
        source: Query of its rows, with the columns ``entity_id``, ``points`` and ``ingested_at``.
        checks: The checks.
        quality: Measures their columns, shape ``(n,)`` each.
        overtaken: Query of entities whose result no longer holds, because of rows that came later.
    """

    name: str
    entity_kind: str
    source: str
    checks: Sequence[Check]
    quality: Callable[[Lake, pa.Table], dict[str, Floats]]
    overtaken: str | None = None

    def pending(self, lake: Lake, again: bool = False) -> pa.Table:
        """Entities to check and their points, in the order they came; all of them if ``again``."""
        declared = [
            [check.name for check in self.checks],
            [check.lower for check in self.checks],
            [check.upper for check in self.checks],
            [check.severity for check in self.checks],
        ]
        later = "false" if self.overtaken is None else f"entity_id IN ({self.overtaken})"
        current = f"""
            SELECT entity_id FROM checks JOIN (
                SELECT unnest($1::VARCHAR[]) AS check_name, unnest($2::DOUBLE[]) AS lower,
                       unnest($3::DOUBLE[]) AS upper, unnest($4::VARCHAR[]) AS severity
            ) AS declared ON checks.check_name = declared.check_name
                AND checks.severity = declared.severity
                AND checks.lower IS NOT DISTINCT FROM declared.lower
                AND checks.upper IS NOT DISTINCT FROM declared.upper
            WHERE NOT {later} GROUP BY entity_id HAVING count(*) = {len(self.checks)}
        """
        rows = f"SELECT entity_id, points FROM ({self.source})"
        order = "ORDER BY ingested_at, entity_id"
        if again:
            return lake.sql(f"{rows} {order}")
        return lake.sql(f"{rows} WHERE entity_id NOT IN ({current}) {order}", declared)

    def rows(self, lake: Lake, entities: Sequence[str]) -> pa.Table:
        """The rows of some entities, their arrays whole."""
        rows = lake.sql(
            f"SELECT * FROM ({self.source}) WHERE entity_id IN (SELECT unnest($1::VARCHAR[])) "
            "ORDER BY entity_id",
            [list(entities)],
        )
        return _whole(lake, rows) if "intensity" in rows.column_names else rows


def suites(lake: Lake, where: str = ALL) -> list[Suite]:
    """A suite for every kind of row in the lake.

    Args:
        lake: The lake.
        where: SQL condition on ``spectra``; structures are those that these belong to.

    Raises:
        QueryError: When the condition fails.
    """
    chosen = f"FROM spectra WHERE ({where})"
    found = lake.sql(f"SELECT DISTINCT technique {chosen} ORDER BY technique")
    of_spectra = ALL if where == ALL else f"material_id IN (SELECT material_id {chosen})"
    structures = Suite(
        "structures",
        "material",
        "SELECT material_id AS entity_id, * EXCLUDE material_id, "
        f"coalesce(n_sites, 0) AS points FROM materials WHERE {of_spectra}",
        MATERIAL_CHECKS,
        lambda _, rows: material_quality(rows),
    )
    beside = Suite(
        "pairs",
        "spectrum",
        pairs.PAIRS.format(where=where),
        pairs.PAIR_CHECKS,
        lambda _, rows: pairs.pair_quality(rows),
        pairs.FOUND_SINCE,
    )
    return [structures, *(_of(name, where) for name in found["technique"].to_pylist()), beside]


def _of(technique: str, where: str) -> Suite:
    return Suite(
        technique,
        "spectrum",
        f"""SELECT spectrum_id AS entity_id, technique, absorber, edge, x, shape, intensity,
            uncertainty, wavelength, incident_energy, temperature, ingested_at, {SIZE} AS points
            FROM spectra WHERE technique = '{technique}' AND ({where})""",
        spectrum_checks(technique),
        _in_the_lake,
        copies.COPIED_SINCE,
    )


def _in_the_lake(lake: Lake, rows: pa.Table) -> dict[str, Floats]:
    """Quality columns of stored spectra: copies are counted over the lake, not over the batch."""
    columns = spectrum_quality(rows)
    columns[copies.NAME] = copies.in_lake(lake, rows["entity_id"].to_pylist())
    return columns


def _whole(lake: Lake, rows: pa.Table) -> pa.Table:
    """Rows with the arrays that are kept in pieces put back."""
    missing = pc.is_null(rows["intensity"])
    if not pc.any(missing).as_py():
        return rows
    whole = []
    for row in rows.filter(missing).to_pylist():
        spectrum = lake.spectrum(row["entity_id"])
        row["intensity"] = np.ravel(spectrum.intensity)
        if "uncertainty" in row and spectrum.uncertainty is not None:
            row["uncertainty"] = np.ravel(spectrum.uncertainty)
        whole.append(row)
    joined = pa.Table.from_pylist(whole, schema=rows.schema)
    return pa.concat_tables([rows.filter(pc.invert(missing)), joined])
