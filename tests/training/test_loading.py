"""What a registered model is given: members with all it needs, gaps where gaps may be."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from registry.errors import BadInput
from registry.lake import Lake
from training.assembly import assemble
from training.definitions import SpectrumInput, reference_input
from training.fitting import fit_candidate
from training.loading import load_model, read_inputs
from training.models import lacking
from training.predict import predict_material
from training.study import Candidate, Claim, Study
from training.train import train_study


@pytest.fixture(scope="module")
def gaps(tmp_path_factory, world) -> Lake:
    """36 invented minerals, and 12 more of which there is nothing but the pattern."""
    lake = Lake.open(tmp_path_factory.mktemp("gaps") / "lake")
    world.fill(lake, 12)
    q = np.linspace(0.4, 5.8, 300)
    for i in range(12):
        row = world.material(f"bare{i:02d}", 0, world.SYSTEMS[i % 3])
        y = world.peaks(q, np.random.default_rng(1000 + i), world.SYSTEMS[i % 3])
        lake.append("materials", [row])
        lake.append("spectra", [world.curve(world.XRD, row["material_id"], q, y)])
    return lake


def card(*inputs) -> SimpleNamespace:
    return SimpleNamespace(inputs=inputs)


def test_masked_inputs_are_gaps_and_all_others_are_needed(gaps, world):
    ids = gaps.sql("SELECT material_id FROM materials")["material_id"].to_pylist()
    masked = replace(world.SOAP, missing="mask")
    found, blocks = read_inputs(gaps, card(world.XRD, masked), ids)
    assert found == sorted(ids)
    bare = np.array([name.startswith("bare") for name in found])
    assert np.array_equal(lacking(blocks["soap"]), bare)
    assert blocks["soap"].shape == (len(ids), 12)
    for how in ("require", "drop"):
        own, _ = read_inputs(gaps, card(world.XRD, replace(world.SOAP, missing=how)), ids)
        assert own == [name for name in found if not name.startswith("bare")]


def test_a_member_with_nothing_at_all_is_not_asked_about(gaps, world):
    both = [replace(i, missing="mask") for i in (world.XPDF, world.SOAP)]
    ids = ["bare00-0", "cubicite000-0"]
    assert read_inputs(gaps, card(*both), ids)[0] == ["cubicite000-0"]
    alone, blocks = read_inputs(gaps, card(world.XRD, both[0]), ["bare00-0"])
    assert alone == ["bare00-0"]
    assert blocks["xpdf"].shape == (1, 100)


def test_measured_curves_are_read_where_the_input_says_so(empty, world):
    world.fill(empty, 2, measured=True)
    measured = SpectrumInput("xrd", "xrd", world.XRD.grid, measured=True)
    _, own = read_inputs(empty, card(measured), ["cubicite000-0"])
    _, asked = read_inputs(empty, card(world.XRD), ["cubicite000-0"], kind="experimental")
    _, simulated = read_inputs(empty, card(world.XRD), ["cubicite000-0"])
    assert np.array_equal(own["xrd"], asked["xrd"])
    assert not np.array_equal(own["xrd"], simulated["xrd"])
    spectrum = "xrd-experimental-cubicite000-0"
    found, blocks = read_inputs(empty, card(measured), [spectrum], entity="spectrum")
    assert found == [spectrum]
    assert np.array_equal(blocks["xrd"], own["xrd"])


def test_members_are_compared_by_an_input_that_nobody_lacks(world):
    masked = replace(world.XRD, missing="mask")
    assert reference_input((world.SOAP, world.XRD)) == world.XRD
    assert reference_input((masked, world.SOAP)) == world.SOAP
    assert reference_input((masked, world.XPDF, world.SOAP)) == world.XPDF
    assert reference_input((masked,)) == masked


@pytest.fixture(scope="module")
def studied(gaps, world):
    """A study of one input that some lack (drop), one that all have, and both with masks."""
    soap = replace(world.SOAP, missing="drop")
    masked = replace(world.XPDF, missing="mask")
    one, other, both = (
        Candidate("hist_gradient_boosting", names, {"iterations": 8})
        for names in (("xrd",), ("soap",), ("xpdf", "xrd"))
    )
    study = Study(
        name="gaps",
        title="Gaps",
        question="What is compared when some lack an input?",
        dataset=replace(world.DEFINITION, name="gaps", inputs=(world.XRD, masked, soap)),
        candidates=(one, other, both),
        claim=Claim("descriptors beat patterns", other.key, (one.key,)),
        reference="none",
        seeds=(0,),
    )
    return train_study(gaps, study)


def test_a_study_judges_each_candidate_on_who_it_can_read(gaps, studied):
    data = studied.dataset
    query = "SELECT count(*) AS n FROM predictions WHERE model = 'gaps' AND version = $1"
    for trained in studied.trained:
        own = data.reading(trained.candidate.inputs)
        answered = gaps.sql(query, [trained.row["version"]])["n"][0].as_py()
        assert answered == len(own.rows("test"))
    sizes = [len(data.reading(t.candidate.inputs).members) for t in studied.trained]
    assert sizes[1] < sizes[0] == sizes[2] == len(data.members)
    assert studied.verdict is not None


def test_a_model_with_masks_answers_about_a_material_with_a_gap(gaps, studied):
    version = studied.trained[2].row["version"]
    model = load_model(gaps, "gaps", version)
    whole = predict_material(gaps, model, "cubicite000-0")
    bare = predict_material(gaps, model, "bare02-0")
    assert sum(bare.probabilities.values()) == pytest.approx(1.0)
    assert not np.isnan([n.similarity for n in (*whole.neighbours, *bare.neighbours)]).any()


def test_a_side_or_class_that_lacks_an_input_altogether_is_refused(empty, world):
    world.fill(empty, 8)
    cubic = [f"cubicite{i:03d}-{n}" for i in range(8) for n in range(2)]
    rows = empty.sql("SELECT * EXCLUDE stale FROM features").to_pylist()
    other = Lake.open(empty.path.parent / "other")
    other.append("materials", empty.sql("SELECT * EXCLUDE retracted FROM materials"))
    spectra = "SELECT * EXCLUDE (retracted, stale) FROM spectra"
    other.append("spectra", empty.sql(spectra))
    other.append("features", [r for r in rows if r["entity_id"] not in cubic])
    soap = replace(world.SOAP, missing="drop")
    data = assemble(other, replace(world.DEFINITION, inputs=(world.XRD, soap)))
    with pytest.raises(BadInput, match=r"that have soap of every class.*no 'cubic' in train"):
        fit_candidate(data, Candidate("random_forest", ("soap",)), (0,), lambda _: None)
