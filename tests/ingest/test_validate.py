"""Validation by Great Expectations: rows in ``checks`` and pages for a browser."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from ingest.checks.materials import material_quality
from ingest.checks.validate import data_docs, validate
from ingest.files import ingest_files
from registry.lake import Lake


def test_every_row_is_checked_once_and_the_result_can_be_asked(lake: Lake, folder: Path) -> None:
    ingest_files(lake, [folder])
    suites = {result.suite: result for result in validate(lake)}
    assert suites["structures"].entities == 2
    assert suites["saxs"].entities == 1
    rows = lake.sql(
        "select count(*) as n, count(*) filter (passed) as good, count(distinct entity_id) as e "
        "from checks"
    ).to_pylist()
    assert rows == [{"n": 2 * 6 + 13, "good": 2 * 6 + 13, "e": 3}]
    assert "saxs" in data_docs(lake).read_text()
    assert validate(lake) == []


def test_a_failed_check_is_a_row_with_its_value_and_limit(lake: Lake) -> None:
    flagged = {
        "spectrum_id": "s",
        "technique": "sans",
        "kind": "experimental",
        "x": [0.1, 0.2, 0.3, 0.4, 0.5],
        "intensity": [3.0, 2.0, -1.0, -1.0, 1.0],
        "shape": [5],
    }
    lake.append("spectra", [flagged])
    (result,) = validate(lake)
    assert result.failed == {"negative_share": 1}
    failed = lake.sql(
        "select check_name, value, upper, severity from checks where not passed"
    ).to_pylist()
    assert failed == [
        {"check_name": "negative_share", "value": 0.4, "upper": 0.2, "severity": "warning"}
    ]


def test_structures_are_measured_as_tables_say(lake: Lake, folder: Path) -> None:
    ingest_files(lake, [folder / "halite.cif"])
    rows: pa.Table = lake.sql("from materials")
    quality = {name: values[0] for name, values in material_quality(rows).items()}
    assert quality["n_sites"] == 8
    assert abs(quality["density"] - 2.16) < 0.02  # CRC Handbook, halite
    assert quality["space_group_differs"] == 0
