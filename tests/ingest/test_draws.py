"""Simulation of samples that are parameters only: given, drawn by seed, resumed, extended."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.draws import drawn_settings, draws_recipe
from ingest.simulate import simulate
from ingest.simulators import simulators
from registry.errors import WrongUse
from registry.lake import Lake

NR = simulators()["nr"]
FEW = {"points": 40.0}
COLUMNS = "spectrum_id, intensity, parameters from spectra order by spectrum_id"


def draws_in(lake: Lake) -> list[int]:
    rows = lake.sql("select parameters from spectra").to_pylist()
    return sorted(json.loads(row["parameters"])["draw"] for row in rows)


def test_every_draw_becomes_a_curve_with_its_parameters_and_no_material(lake: Lake) -> None:
    wanted = {**FEW, "thickness_1": (100.0, 200.0), "sld_1": 4.0}
    report = simulate(lake, "nr", parameters=wanted, draws=12, seed=5)
    assert (report.simulated, report.refused, report.already_there) == (12, 0, 0)
    rows = lake.sql("from spectra").to_pylist()
    assert {row["recipe"] for row in rows} == {report.recipe}
    assert {(row["material_id"], row["kind"], row["technique"]) for row in rows} == {
        (None, "simulated", "nr")
    }
    told = [json.loads(row["parameters"]) for row in rows]
    assert all(100 <= one["thickness_1"] <= 200 and one["sld_1"] == 4.0 for one in told)
    assert {one["draw_seed"] for one in told} == {5}
    # the stored parameters are enough to make the curve again
    again = NR.run(None, {name: told[0][name] for name in NR.parameters})
    assert np.array_equal(again.intensity.astype(np.float32), np.float32(rows[0]["intensity"]))


def test_a_run_goes_on_where_it_was_stopped_and_can_be_extended(lake: Lake) -> None:
    simulate(lake, "nr", parameters=FEW, draws=4)
    report = simulate(lake, "nr", parameters=FEW, draws=7)
    assert (report.simulated, report.already_there) == (3, 4)
    assert draws_in(lake) == list(range(7))
    assert simulate(lake, "nr", parameters=FEW, draws=7, seed=1).simulated == 7


def test_two_processes_give_the_rows_of_one(lake: Lake, tmp_path: Path) -> None:
    other = Lake.open(tmp_path / "other")
    for each, workers in ((lake, 1), (other, 2)):
        simulate(each, "saxs_sphere", parameters={**FEW, "counts": 1e4}, draws=6, workers=workers)
    query = f"select {COLUMNS}"
    assert lake.sql(query).equals(other.sql(query))


def test_without_draws_there_is_one_curve_of_the_parameters_given(lake: Lake) -> None:
    assert simulate(lake, "xrr", parameters=FEW).simulated == 1
    assert simulate(lake, "xrr", parameters=FEW).already_there == 1
    row = lake.sql("from spectra").to_pylist()[0]
    assert json.loads(row["parameters"])["thickness_1"] == NR.parameters["thickness_1"].default


def test_a_draw_that_is_refused_is_kept_with_its_reason_and_not_tried_again(lake: Lake) -> None:
    thin = {**FEW, "thickness_1": (1.0, 8.0), "roughness_1": 3.5, "roughness_back": 0.0}
    report = simulate(lake, "nr", parameters=thin, draws=20)
    assert report.simulated > 0
    assert report.refused > 0
    assert report.simulated + report.refused == 20
    assert simulate(lake, "nr", parameters=thin, draws=20).already_there == 20
    reasons = lake.sql("select location, expected from quarantine").to_pylist()
    assert {row["location"] for row in reasons} == {"nr: roughness"}


def test_a_map_is_stored_with_both_axes(lake: Lake) -> None:
    simulate(lake, "sans_cylinder_2d", parameters={"points": 11.0, "polydispersity": 0.0})
    row = lake.sql("select shape, axes, x_quantity from spectra").to_pylist()[0]
    assert (row["shape"], row["x_quantity"]) == ([11, 11], "Q")
    assert [axis["quantity"] for axis in row["axes"]] == ["Q_y"]


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("xrd", {"draws": 3}, "draws"),
        ("nr", {"where": "formula = 'Si'"}, "where"),
        ("nr", {"parameters": {"sld_1": (1.0, 2.0)}}, "needs draws"),
        ("nr", {"parameters": {"sld_1": (2.0, 1.0)}, "draws": 2}, "lower < upper"),
        ("nr", {"parameters": {"sld_1": (0.0, 900.0)}, "draws": 2}, "sld_1"),
        ("saxs_sphere", {"parameters": {"volume_fraction": (0.0, 0.1)}, "draws": 2}, "logarithmic"),
        ("nr", {"parameters": {"sld": 1.0}, "draws": 2}, "one of"),
    ],
)
def test_wrong_use_is_answered_before_anything_runs(
    lake: Lake, name: str, options: dict, complaint: str
) -> None:
    with pytest.raises(WrongUse, match=complaint):
        simulate(lake, name, **options)
    assert lake.sql("from spectra").num_rows == 0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32), draws=st.integers(1, 40), low=st.floats(1, 100), by=st.floats(1, 50)
)
def test_draws_keep_to_their_ranges_and_to_their_number(
    seed: int, draws: int, low: float, by: float
) -> None:
    wanted = {"thickness_1": (low, low + by)}
    longer = drawn_settings(NR, wanted, draws + 5, seed)
    assert drawn_settings(NR, wanted, draws, seed) == longer[:draws]
    # fixing one parameter leaves the draws of the others alone
    fixed = drawn_settings(NR, {**wanted, "sld_1": 3.0}, draws, seed)
    assert [{**one, "sld_1": 3.0} for one in longer[:draws]] == fixed
    for one in longer:
        assert low <= one["thickness_1"] <= low + by
        assert one["seed"] == int(one["seed"])


def test_draws_are_uniform_on_their_scale() -> None:
    from scipy.stats import kstest

    spheres = drawn_settings(simulators()["saxs_sphere"], {"radius": (10.0, 1000.0)}, 3000, 1)
    log_radius = np.log10([one["radius"] for one in spheres]) / 2 - 0.5
    assert kstest(log_radius, "uniform").pvalue > 0.01
    assert (
        kstest([(one["polydispersity"] - 0.02) / 0.28 for one in spheres], "uniform").pvalue > 0.01
    )


def test_the_recipe_names_what_is_drawn_and_by_which_seed() -> None:
    recipes = [
        draws_recipe(NR, {}, 0),
        draws_recipe(NR, {}, 1),
        draws_recipe(NR, {"sld_1": 3.0}, 0),
        draws_recipe(NR, {"sld_1": (3.0, 4.0)}, 0),
        NR.recipe(NR.settings()),
    ]
    assert len(set(recipes)) == len(recipes)
    assert draws_recipe(NR, {}, 0) == recipes[0]
