"""Members without a modality: left out, left out where it is read, or kept with a gap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from registry.errors import BadInput
from training.assembly import assemble
from training.definitions import FeatureInput, SpectrumInput, definition_from
from training.fitting import fit_candidate, training_of
from training.models import lacking
from training.study import Candidate


@pytest.fixture
def gaps(empty, world):
    """48 invented minerals, and 9 more of which there is nothing but the pattern."""
    world.fill(empty, 16)
    for i in range(9):
        row = world.material(f"bare{i}", 0, world.SYSTEMS[i % 3])
        q = np.linspace(0.4, 5.8, 300)
        y = world.peaks(q, np.random.default_rng(1000 + i), world.SYSTEMS[i % 3])
        empty.append("materials", [row])
        empty.append("spectra", [world.curve(world.XRD, row["material_id"], q, y)])
    return empty


def with_missing(world, **how):
    inputs = tuple(replace(i, missing=how.get(i.name, "require")) for i in world.DEFINITION.inputs)
    return replace(world.DEFINITION, inputs=inputs)


def test_what_is_required_is_not_said_so_that_old_manifests_stay():
    # as written by the code before there was a choice
    old = (
        '{"inputs":[{"grid":[0.6,5.6,120],"kind":"spectrum","name":"xrd","parameters":{},'
        '"simulator":"","technique":"xrd"},{"kind":"feature","name":"soap","parameters":{},'
        '"view":"soap"}],"min_groups":3,"name":"d","split":{"by":"material",'
        '"fractions":[0.7,0.15,0.15],"seed":0},"target":"crystal_system","where":"true"}'
    )
    definition = definition_from(old)
    assert definition.json() == old
    assert {i.missing for i in definition.inputs} == {"require"}
    masked = replace(definition, inputs=(FeatureInput("soap", "soap", missing="mask"),))
    assert definition_from(masked.json()) == masked


def test_required_leaves_out_and_counts(gaps, world):
    data = assemble(gaps, world.DEFINITION)
    assert data.left_out == {"xpdf: not in the lake": 9}
    assert not any(lacking(block).any() for block in data.blocks.values())


def test_masked_is_a_row_of_nan_and_no_group(gaps, world):
    data = assemble(gaps, with_missing(world, xpdf="mask", soap="mask"))
    bare = np.array([m.entity_id.startswith("bare") for m in data.members])
    assert data.left_out == {}
    assert bare.sum() == 9
    for name in ("xpdf", "soap"):
        assert np.array_equal(lacking(data.blocks[name]), bare)
        assert np.isnan(data.blocks[name][bare]).all()
    assert not lacking(data.blocks["xrd"]).any()
    # two that both lack a curve do not have the same curve
    assert len({m.group for m, is_bare in zip(data.members, bare, strict=True) if is_bare}) == 9
    assert all(len(m.spectra) == 1 and m.views == () for m in data.members if m.name[:4] == "bare")


def test_those_who_have_everything_stay_in_their_groups(gaps, world):
    strict = {m.entity_id: m.group for m in assemble(gaps, world.DEFINITION).members}
    masked = assemble(gaps, with_missing(world, xpdf="mask", soap="mask")).members
    assert strict.items() <= {m.entity_id: m.group for m in masked}.items()


def test_a_model_takes_masked_members_or_refuses_before_training(gaps, world):
    data = assemble(gaps, with_missing(world, xpdf="mask", soap="mask"))
    trees = fit_candidate(data, Candidate("hist_gradient_boosting", ("xrd",)), (0,), print)
    assert len(trees.truth) == len(data.rows("test"))
    with pytest.raises(BadInput, match=r"input 'soap'.*a value in every row, found \d+ of \d+"):
        fit_candidate(data, Candidate("cnn1d", ("soap",)), (0,), print)


def test_dropped_stay_for_those_who_do_not_read_it(gaps, world):
    data = assemble(gaps, with_missing(world, xpdf="drop", soap="mask"))
    assert len(data.complete(("xrd", "soap")).members) == len(data.members)
    alone = data.complete(("xrd", "xpdf"))
    assert len(data.members) - len(alone.members) == 9
    assert alone.manifest == data.manifest
    assert not lacking(alone.blocks["xpdf"]).any()
    assert [m.entity_id for m in alone.members] == [
        m.entity_id for m in data.members if not m.entity_id.startswith("bare")
    ]
    assert len(training_of(alone, ("xpdf",), 0).labels) == len(alone.rows("train"))


def test_dropped_are_never_read_by_accident(gaps, world):
    data = assemble(gaps, with_missing(world, xpdf="drop", soap="mask"))
    with pytest.raises(BadInput, match=r"Dataset.complete leaves out .*input 'xpdf'.*9 of"):
        data.take(("xrd", "xpdf"), np.arange(len(data.members)))


def test_measured_members_are_still_theirs_when_others_are_dropped(empty, world):
    world.fill(empty, 12, measured=True)
    bare = [world.material(f"abare{i}", 0, s) for i, s in enumerate(world.SYSTEMS)]
    empty.append("materials", bare)
    for row in bare:
        x = np.linspace(0.4, 5.8, 300)
        y = world.peaks(x, np.random.default_rng(7), row["crystal_system"])
        empty.append("spectra", [world.curve(world.XRD, row["material_id"], x, y)])
    soap = replace(world.SOAP, missing="drop")
    data = assemble(empty, replace(world.DEFINITION, inputs=(world.XRD, soap)))
    alone = data.complete(("soap",))
    assert data.measured is not None
    assert alone.measured is not None
    assert [data.members[i].entity_id for i in data.measured.rows] == [
        alone.members[i].entity_id for i in alone.measured.rows
    ]
    assert data.members[0].entity_id.startswith("abare")  # so that row numbers do differ


def test_who_lacks_everything_is_left_out(gaps, world):
    gaps.append("materials", [world.material("nothing", 0, "cubic")])
    every = dict.fromkeys(("xrd", "xpdf", "soap"), "mask")
    data = assemble(gaps, with_missing(world, **every))
    assert data.left_out == {"no input at all": 1}


@pytest.mark.parametrize("how", ["require", "drop", "mask"])
def test_an_input_that_nobody_has_is_refused(how, gaps, world):
    npd = SpectrumInput("npd", "npd", (0.6, 5.6, 50), missing=how)
    with pytest.raises(BadInput, match=r"input 'npd'.*none in the lake"):
        assemble(gaps, replace(world.DEFINITION, inputs=(world.XRD, npd)))


def test_a_technique_that_was_not_measured_is_masked_on_the_measured_side_too(empty, world):
    world.fill(empty, 12, measured=True)  # patterns only
    masked = replace(world.XPDF, missing="mask")
    data = assemble(empty, replace(world.DEFINITION, inputs=(world.XRD, masked)))
    both = data.reading(("xrd", "xpdf"))
    assert both.measured is not None
    assert set(both.measured.rows) == set(data.rows("test"))
    inputs = both.measured_inputs(("xrd", "xpdf"))
    assert lacking(inputs["xpdf"]).all()
    assert not lacking(inputs["xrd"]).any()
    assert data.reading(("xpdf",)).measured is None
    trees = Candidate("hist_gradient_boosting", ("xrd", "xpdf"), {"iterations": 5})
    assert fit_candidate(data, trees, (0,), lambda _: None).repetitions[0].measured is not None
