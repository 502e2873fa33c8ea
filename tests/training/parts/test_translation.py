"""Translation: a curve that follows from another is found, one that does not is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from registry.errors import BadInput
from training.findings import finding_from
from training.parts._curves import CurveJob, by_mean, by_model, by_ridge, share
from training.parts.fusing import Way
from training.parts.translation import MEAN, RIDGE, Translation
from training.study import Candidate

QUICK = {"epochs": 40, "hidden": 64, "depth": 1, "dropout": 0.0}
PART = Translation(
    "translation",
    "the mirror image is found",
    wanted="right",
    networks=(Way("network", Candidate("mlp", ("left",), QUICK)),),
)


def mirrored(setting, seeds=(0,)):
    """The right curve is the left one mirrored, squared: not linear in it."""
    given = setting(seeds=seeds)
    blocks = {**given.dataset.blocks}
    blocks["right"] = blocks["left"][:, ::-1] ** 2
    return replace(given, dataset=replace(given.dataset, blocks=blocks))


@pytest.fixture(scope="module")
def finding(setting):
    return finding_from(PART.run(mirrored(setting)).json())


def test_every_way_stands_beside_the_mean_curve(finding):
    explained = {row[0]: row[4] for row in finding.rows}
    assert explained["network"] > 0.8
    assert explained[RIDGE] > 0.8
    assert explained[MEAN] == 0
    assert explained["shuffled labels"] < 0.05


def test_the_usual_and_the_worst_members_are_drawn(finding, tmp_path):
    shown = finding.drawn["members"]
    assert [member["title"].split(":")[0] for member in shown] == ["median"] + ["worst"] * 3
    assert all(len(curve) == 40 for member in shown for _, curve in member["curves"])
    assert finding.drawn["x_axis"] == "r (angstrom)"
    PART.draw(finding, tmp_path / "translation.png")
    assert (tmp_path / "translation.png").read_bytes().startswith(b"\x89PNG")


def test_what_has_nothing_to_do_with_it_explains_nothing(setting):
    found = PART.run(setting(seeds=(0,)))
    assert found.verdict.outcome != "holds"
    assert {row[0]: row[4] for row in found.rows}["network"] < 0.05


def test_weak_ridge_is_least_squares(setting):
    data = mirrored(setting).dataset
    job = CurveJob(data, ("noise",), "right", 0)
    rows = data.rows("train")
    plain = LinearRegression().fit(data.blocks["noise"][rows], data.blocks["right"][rows])
    expected = plain.predict(data.blocks["noise"][data.rows("test")])
    np.testing.assert_allclose(by_ridge(job, [1e-9]).test, expected, atol=1e-5)


def test_the_validation_side_chooses_the_ridge(setting):
    job = CurveJob(setting().dataset, ("left",), "right", 0)
    each = [by_ridge(job, [strength]).validation for strength in (1.0, 1e5)]
    assert by_ridge(job, [1.0, 1e5]).validation == max(each)


def test_the_nearest_neighbour_gives_a_curve_it_has_seen(setting):
    data = mirrored(setting).dataset
    job = CurveJob(data, ("left",), "right", 0)
    found = by_model(job, Candidate("nearest_neighbour", ("left",)))
    seen = data.blocks["right"][data.rows("train")]
    for curve in found.test:
        assert np.abs(seen - curve).max(axis=1).min() < 1e-6


def test_the_mean_curve_explains_nothing_by_definition(setting):
    job = CurveJob(setting().dataset, ("left",), "right", 0)
    training = job.training()
    mean = by_mean(job)
    n = len(training.validation_values)
    assert share(training, np.tile(mean.test[0], (n, 1))) == pytest.approx(mean.validation)
    assert share(training, training.validation_values) == 1


def test_a_curve_is_not_predicted_from_itself():
    with pytest.raises(BadInput, match="right not among them"):
        replace(PART, networks=(Way("itself", Candidate("mlp", ("right",))),))
    with pytest.raises(BadInput, match="same inputs"):
        replace(PART, networks=(*PART.networks, Way("other", Candidate("mlp", ("noise",)))))
