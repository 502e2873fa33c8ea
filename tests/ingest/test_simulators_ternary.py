"""The simulated ternary: crystals as published, Gibbs' phase rule, patterns that add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.connectors.amcsd import write_entries
from ingest.readers import Source, reader_for
from ingest.simulators import simulators
from ingest.simulators._phase_diagram import equilibrium
from ingest.simulators.ternary_xrd import PHASES, structure, truth
from registry.errors import WrongUse
from registry.structures import structure_of

SIMULATOR = simulators()["ternary_xrd"]
CENTRES = tuple(phase.centre for phase in PHASES)
PLACE = st.floats(0, 1)


def composition(u: float, v: float) -> np.ndarray:
    root = np.sqrt(u)
    return np.array([1 - root, root * (1 - v), root * v])


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_crystals_scatter_as_their_entries_of_amcsd(phase, tmp_path) -> None:
    (path,) = write_entries(tmp_path, [phase.entry])
    source = Source(path, path.read_bytes())
    (material,) = reader_for(source).read(source)
    xrd = simulators()["xrd"]
    ours, theirs = (
        xrd.run(crystal, xrd.settings(two_theta_max=50, points=600, b_iso=0.5))
        for crystal in (structure(phase), structure_of(material))
    )
    # entries hold displacements of their own, which ours do not
    cosine = ours.intensity @ theirs.intensity
    cosine /= np.linalg.norm(ours.intensity) * np.linalg.norm(theirs.intensity)
    assert cosine > 0.995
    assert structure(phase).density == pytest.approx(structure_of(material).density, rel=1e-3)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(u=PLACE, v=PLACE)
def test_the_lever_rule_gives_the_composition_back(u: float, v: float) -> None:
    c = composition(u, v)
    found = equilibrium(CENTRES, c)
    assert found.amounts.sum() == pytest.approx(1)
    assert (found.amounts >= 0).all()
    assert 1 <= (found.amounts > 0).sum() <= 3
    np.testing.assert_allclose(found.amounts @ np.nan_to_num(found.compositions), c, atol=1e-6)


def test_phases_of_a_three_phase_region_keep_their_composition() -> None:
    c = np.array([0.36, 0.3, 0.34])
    found = equilibrium(CENTRES, c)
    there = np.flatnonzero(found.amounts > 0)
    assert len(there) == 3
    for share in (0.45, 0.55):
        inside = np.array([0.3, 0.3, 0.4]) @ found.compositions[there] * (1 - share) + share * c
        other = equilibrium(CENTRES, inside)
        np.testing.assert_allclose(other.compositions[there], found.compositions[there], atol=1e-6)


def test_two_equal_wells_have_the_common_tangent_of_the_textbook() -> None:
    """Equal parabolas of equal height meet a tangent at their lowest points."""
    centres = ((0.8, 0.2, 0.0), (0.2, 0.8, 0.0))
    found = equilibrium(centres, np.array([0.5, 0.5, 0.0]))
    np.testing.assert_allclose(found.amounts, 0.5, atol=1e-9)
    np.testing.assert_allclose(found.compositions, centres, atol=0.02 + 1e-9)


def test_a_smooth_pattern_is_the_sum_of_those_of_its_phases_by_volume() -> None:
    chosen = SIMULATOR.settings(u=0.45, v=0.35, counts=0, expansion=0)
    known, pattern = truth(chosen), SIMULATOR.run(None, chosen)
    assert (known.volumes > 0).sum() >= 2
    xrd, parts = simulators()["xrd"], []
    for phase, volume in zip(PHASES, known.volumes, strict=True):
        if volume == 0:
            continue
        crystal = structure(phase)
        from ingest.simulators.xrd import sticks

        lines = sticks(crystal, chosen["wavelength"], (16, 50), chosen["b_iso"])
        settings_ = {k: chosen[k] for k in ("two_theta_min", "two_theta_max", "points")}
        alone = xrd.run(
            crystal,
            xrd.settings(**settings_, u=0, v=0, w=chosen["w"], size=chosen["size"], eta=0.5),
        )
        inside = (lines.two_theta > 18) & (lines.two_theta < 48)
        weight = volume / crystal.volume**2 * lines.intensity[inside].sum()
        parts.append(weight * alone.intensity / alone.intensity.sum())
    expected = np.sum(parts, axis=0)
    cosine = expected @ (pattern.intensity - pattern.intensity.min())
    cosine /= np.linalg.norm(expected) * np.linalg.norm(pattern.intensity - pattern.intensity.min())
    assert cosine > 0.999


def test_lines_shift_by_vegard() -> None:
    """A solid solution: the same lines, at smaller angles where more of the larger is taken up."""
    fixed = {"counts": 0.0, "background": 0.001, "expansion": 0.1}
    alone = [
        chosen
        for u in np.linspace(0.001, 0.03, 12)
        if (truth(chosen := SIMULATOR.settings(u=u, v=0.5, **fixed)).volumes > 0).sum() == 1
    ]
    assert len(alone) >= 2
    first, last = alone[0], alone[-1]
    strains = [np.nanmax(truth(chosen).strains) for chosen in (first, last)]
    assert strains[0] > strains[1]
    tops = []
    for chosen in (first, last):
        curve = SIMULATOR.run(None, {**chosen, "points": 6001.0})
        tops.append(curve.x.values[curve.intensity.argmax()])
    sines = np.sin(np.radians(tops) / 2)
    assert sines[1] / sines[0] == pytest.approx((1 + strains[0]) / (1 + strains[1]), rel=3e-4)


def test_counting_is_decided_by_settings_and_shares_add_up() -> None:
    chosen = SIMULATOR.settings(u=0.3, v=0.6)
    one, two = (SIMULATOR.run(None, chosen) for _ in range(2))
    np.testing.assert_array_equal(one.intensity, two.intensity)
    other = SIMULATOR.run(None, {**chosen, "seed": 1.0})
    assert not np.array_equal(one.intensity, other.intensity)
    smooth = SIMULATOR.run(None, {**chosen, "counts": 0.0})
    assert one.uncertainty is not None
    pulls = (one.intensity - smooth.intensity) / one.uncertainty
    assert pulls.std() == pytest.approx(1, abs=0.15)
    assert truth(chosen).intensities.sum() == pytest.approx(1)


def test_an_empty_grid_is_refused() -> None:
    with pytest.raises(WrongUse, match="two_theta_max"):
        SIMULATOR.run(None, SIMULATOR.settings(two_theta_min=30, two_theta_max=20))
