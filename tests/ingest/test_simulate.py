"""Simulation into the lake: every structure once, refusals kept, nothing twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.files import ingest_files
from ingest.simulate import simulate
from registry.errors import NotFound, WrongUse
from registry.lake import Lake


@pytest.fixture
def filled(lake: Lake, folder: Path) -> Lake:
    ingest_files(lake, [folder])
    return lake


def test_every_structure_gets_a_pattern_with_its_recipe(filled: Lake) -> None:
    report = simulate(filled, "xrd", parameters={"wavelength": 0.7093})
    assert (report.simulated, report.refused, report.already_there) == (2, 0, 0)
    rows = filled.sql(
        "select name, kind, wavelength, spectra.recipe, x_at_max(x, intensity) as q from spectra "
        "join materials using (material_id) where technique = 'xrd' order by name"
    ).to_pylist()
    assert [row["name"] for row in rows] == ["Halite", "Halite"]
    assert {row["kind"] for row in rows} == {"simulated"}
    assert {row["recipe"] for row in rows} == {report.recipe}
    # the strongest line of both is 200: Q = 4 pi / a
    wanted = sorted([4 * np.pi / 5.64, 4 * np.pi / 6.29])
    assert sorted(row["q"] for row in rows) == pytest.approx(wanted, abs=0.02)


def test_a_second_run_simulates_nothing_and_other_parameters_do(filled: Lake) -> None:
    simulate(filled, "npd")
    again = simulate(filled, "npd")
    assert (again.simulated, again.already_there) == (0, 2)
    assert simulate(filled, "npd", parameters={"size": 100.0}).simulated == 2
    assert simulate(filled, "npd", where="formula = 'KCl'").already_there == 1


def test_two_processes_give_the_rows_of_one(lake: Lake, folder: Path, tmp_path: Path) -> None:
    other = Lake.open(tmp_path / "other")
    for each, workers in ((lake, 1), (other, 2)):
        ingest_files(each, [folder], workers=workers)
        simulate(each, "xpdf", workers=workers)
    query = "select spectrum_id, intensity from spectra order by spectrum_id"
    assert lake.sql(query).equals(other.sql(query))


def test_a_structure_that_cannot_be_simulated_is_kept_with_the_reason(filled: Lake) -> None:
    # beyond the last line of a small cell there is nothing to simulate
    narrow = {"two_theta_min": 5.0, "two_theta_max": 6.0, "points": 50.0}
    report = simulate(filled, "xrd", parameters=narrow)
    assert (report.simulated, report.refused) == (0, 2)
    again = simulate(filled, "xrd", parameters=narrow)
    assert (again.simulated, again.refused, again.already_there) == (0, 0, 2)
    rows = filled.sql("select location, found from quarantine where stage = 'simulate'").to_pylist()
    assert len(rows) == 2
    assert rows[0]["location"].startswith("xrd")


def test_a_wrong_name_is_answered_before_anything_runs(filled: Lake) -> None:
    with pytest.raises(NotFound, match="npdf"):
        simulate(filled, "xray")
    with pytest.raises(WrongUse, match="wavelength"):
        simulate(filled, "xrd", parameters={"wave": 1.0})
