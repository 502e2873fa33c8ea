"""Validation by Great Expectations: rows in ``checks`` and pages for a browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ingest.checks import Check
from ingest.checks.expectations import Judge
from ingest.checks.materials import MATERIAL_CHECKS, material_quality
from ingest.checks.spectra import spectrum_checks
from ingest.checks.validate import data_docs, validate
from ingest.files import ingest_files
from registry.lake import Lake
from registry.schemas import SCHEMAS


def test_every_row_is_checked_once_and_the_result_can_be_asked(lake: Lake, folder: Path) -> None:
    ingest_files(lake, [folder])
    suites = {result.suite: result for result in validate(lake)}
    assert suites["structures"].entities == 2
    assert suites["saxs"].entities == 1
    rows = lake.sql(
        "select count(*) as n, count(*) filter (passed) as good, count(distinct entity_id) as e, "
        "list(distinct check_name) filter (value is null and passed is null) as untold from checks"
    ).to_pylist()
    n = 2 * len(MATERIAL_CHECKS) + len(spectrum_checks("saxs"))
    # the curve has no uncertainty: what does not apply has no value
    untold = ["uncertainty_ratio", "uncertainty_zero_share"]
    rows[0]["untold"].sort()
    assert rows == [{"n": n, "good": n - 2, "e": 3, "untold": untold}]
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


def test_a_structure_without_its_hydrogen_has_charges_left_over() -> None:
    def of(**amounts: float) -> float:
        sites = [[{"symbol": symbol, "occupancy": n}] for symbol, n in amounts.items()]
        row = {"species": sites, "positions": [0.0, 0.0, 0.0, 0.3, 0.3, 0.3, 0.6, 0.6, 0.6]}
        row["positions"] = row["positions"][: 3 * len(sites)]
        row |= {"lattice": [5.0, 0, 0, 0, 5, 0, 0, 0, 5], "density": 2.0, "crystal_system": "cubic"}
        rows = pa.Table.from_pylist([row], schema=SCHEMAS["materials"].arrow)
        return float(material_quality(rows)["charge_excess"][0])

    assert of(Ca=1, O=1) == 0
    assert of(Ca=1, O=1, H=1) == 0  # hydride or hydroxide, somewhere between
    assert of(Na=1, O=1) > 0.1
    assert np.isnan(of(Ni=1, Al=1))


def test_a_spectrum_beside_the_wrong_structure_is_told(lake: Lake, folder: Path) -> None:
    ingest_files(lake, [folder / "halite.cif"])
    (halite,) = lake.sql("select material_id from materials").to_pylist()
    curve = {"technique": "xas", "kind": "simulated", "x": [1.0, 2, 3, 4, 5], "shape": [5]}
    curve |= {"intensity": [0.0, 1, 2, 3, 4], **halite}
    lake.append(
        "spectra",
        [
            curve | {"spectrum_id": name, "absorber": absorber, "parameters": told}
            for name, absorber, told in (
                ("fine", "Cl", '{"absorbing_site": 7}'),
                ("other", "Fe", '{"absorbing_site": 8}'),
                ("sodium", "Cl", '{"site_index": 0}'),
            )
        ],
    )
    lake.append("spectra", [curve | {"spectrum_id": "lost", "material_id": "unknown"}])
    validate(lake)
    assert lake.sql(
        "select entity_id, check_name from checks where not passed and suite = 'pairs' order by all"
    ).to_pylist() == [
        {"entity_id": "lost", "check_name": "structure_missing"},
        {"entity_id": "other", "check_name": "absorber_missing"},
        {"entity_id": "other", "check_name": "absorbing_site"},
        {"entity_id": "sodium", "check_name": "absorbing_site"},
    ]
    assert validate(lake) == []


def test_an_array_kept_in_pieces_is_checked_whole(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.tables.chunks.LARGEST", 10)
    row = {"spectrum_id": "s", "technique": "saxs", "kind": "experimental", "shape": [40]}
    q = np.linspace(0.01, 0.3, 40)
    lake.append("spectra", [row | {"x": q, "intensity": 1 / q}])
    validate(lake)
    (found,) = lake.sql(
        "select value, passed from checks where check_name = 'n_points'"
    ).to_pylist()
    assert found == {"value": 40, "passed": True}


def test_a_density_of_states_holds_three_modes_a_site_or_is_told(lake: Lake, folder: Path) -> None:
    ingest_files(lake, [folder / "halite.cif"])
    (halite,) = lake.sql("select material_id from materials").to_pylist()
    energy = np.linspace(0, 30, 301)
    triangle = 15 - np.abs(energy - 15)
    whole = triangle / np.trapezoid(triangle, energy) * 3 * 8  # 8 atoms in the cell of the file
    dos = {"technique": "phonon_dos", "kind": "simulated", "intensity_unit": "1/meV"}
    dos |= {"x": energy, "shape": [301], **halite}
    lake.append(
        "spectra",
        [
            dos | {"spectrum_id": "whole", "intensity": whole},
            dos | {"spectrum_id": "half", "intensity": whole / 2},
            dos | {"spectrum_id": "scaled", "intensity": whole, "intensity_unit": ""},
        ],
    )
    validate(lake)
    query = "select entity_id, value, passed from checks where check_name = 'dos_modes' order by 1"
    half, scaled, full = lake.sql(query).to_pylist()
    assert scaled == {"entity_id": "scaled", "value": None, "passed": None}
    assert half == {"entity_id": "half", "value": pytest.approx(0.5, rel=1e-4), "passed": False}
    assert full == {"entity_id": "whole", "value": pytest.approx(1, rel=1e-4), "passed": True}


def test_processes_that_check_one_lake_at_once_share_only_the_pages(lake: Lake) -> None:
    check = Check("share", "a share", 0.0, 1.0, "error")
    judges = [Judge(), Judge()]
    frames = [pd.DataFrame({"entity_id": ["s"], "share": [value]}) for value in (0.5, 2.0)]
    broken = [j.broken_by("saxs", [check], f) for j, f in zip(judges, frames, strict=True)]
    assert broken == [{"share": set()}, {"share": {"s"}}]
    for judge in judges:
        judge.publish(lake)
    pages = data_docs(lake).parent
    assert len(list(pages.glob("validations/saxs/**/*.html"))) == 2
    assert len(list(pages.glob("expectations/saxs.html"))) == 1
