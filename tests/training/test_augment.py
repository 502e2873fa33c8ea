"""Augmentation varies a pattern as physics allows, and never its crystal system."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from registry.errors import WrongUse
from training.models import models
from training.models._augment import (
    Augmentation,
    broadened,
    noise_level,
    noisy,
    strained,
    textured,
    with_background,
)
from training.models._variations import VARIATIONS, variations

GRID = (0.6, 5.6)
Q = np.linspace(*GRID, 501)
STEP = Q[1] - Q[0]
FULL = Augmentation(
    GRID,
    strain=0.05,
    texture=0.3,
    texture_regions=25,
    noise=1.0,
    zero=0.02,
    broadening=0.02,
    background=0.05,
)
NOTHING = Augmentation(GRID, strain=0.0, texture=0.0, texture_regions=25, noise=0.0)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def peaks(*centres: float) -> torch.Tensor:
    """One pattern with a narrow peak of height one at each place."""
    heights = np.exp(-(((Q[:, None] - np.array(centres)) / 0.02) ** 2)).sum(axis=1)
    return torch.from_numpy(heights[None].astype(np.float32))


def counted(n: int, counts: float = 2000.0) -> torch.Tensor:
    """Poisson counts of a peak on a background of 5 %, in units of the maximum."""
    expected = counts * (0.05 + 0.95 * peaks(2.0)[0].numpy())
    draws = np.random.default_rng(0).poisson(expected, (n, len(Q)))
    return torch.from_numpy((draws / counts).astype(np.float32))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.9, 5.0), st.floats(-0.1, 0.1))
def test_a_strained_peak_moves_in_proportion_to_its_place(centre, strain):
    moved = strained(peaks(centre), GRID, torch.tensor([[strain]]))
    assert Q[int(moved.argmax())] == pytest.approx(centre * (1 + strain), abs=STEP)


def test_the_lines_of_a_cubic_lattice_stay_those_of_a_cubic_lattice():
    a, strain = 5.43, 0.04
    squares = np.array([3, 8, 11])  # h^2 + k^2 + l^2 of 111, 220, 311
    lines = 2 * np.pi / a * np.sqrt(squares)
    moved = strained(peaks(*lines), GRID, torch.tensor([[strain]]))[0].numpy()
    top = (moved[1:-1] > moved[:-2]) & (moved[1:-1] > moved[2:]) & (moved[1:-1] > 0.3)
    found = 2 * np.pi / Q[1:-1][top]
    assert found * np.sqrt(squares) == pytest.approx(a / (1 + strain), rel=STEP / lines[0])


def test_every_curve_has_its_own_strain():
    moved = strained(peaks(2.0).repeat(3, 1), GRID, torch.tensor([[-0.05], [0.0], [0.05]]))
    assert Q[moved.argmax(dim=1).numpy()] == pytest.approx([1.9, 2.0, 2.1], abs=STEP)


def test_no_strain_changes_nothing():
    curves = counted(4)
    same = strained(curves, GRID, torch.zeros(4, 1))
    assert torch.allclose(same, curves, atol=2e-4)


@pytest.mark.parametrize("strain", [-0.1, 0.1])
def test_what_comes_in_over_the_edge_is_background(strain):
    curve = peaks(0.6, 5.6) + 0.05
    moved = strained(curve, GRID, torch.tensor([[strain]]))[0]
    low, high = (edge * (1 + strain) for edge in GRID)
    unseen = (high + STEP / 2 < Q) | (low - STEP / 2 > Q)
    assert unseen.sum() >= 5
    assert moved[torch.from_numpy(unseen)].numpy() == pytest.approx(0.05, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(st.floats(1.0, 5.0), st.floats(-0.1, 0.1), st.floats(-0.2, 0.2))
def test_a_zero_error_moves_every_peak_by_the_same(centre, strain, zero):
    moved = strained(peaks(centre), GRID, torch.tensor([[strain]]), torch.tensor([[zero]]))
    assert Q[int(moved.argmax())] == pytest.approx(centre * (1 + strain) + zero, abs=STEP)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.3, 12.0))
def test_broadening_is_a_convolution_with_a_gaussian(deviation):
    curve = counted(1)
    found = broadened(curve, torch.tensor([[deviation]]))[0].numpy()
    # another implementation, which keeps the values at the ends as well
    expected = gaussian_filter1d(curve[0].double().numpy(), deviation, mode="nearest", truncate=6)
    # sampled at points, a Gaussian's transform has what lies beyond the highest frequency folded in
    folded = np.exp(-((np.pi * deviation) ** 2) / 2)
    assert found == pytest.approx(expected, abs=0.035 * folded + 1e-6)


def test_broadening_keeps_the_area_and_each_curve_has_its_own():
    curves = peaks(3.0).repeat(2, 1)
    wide = broadened(curves, torch.tensor([[0.0], [6.0]]))
    assert wide[0].numpy() == pytest.approx(curves[0].numpy(), abs=1e-5)
    assert float(wide[1].sum()) == pytest.approx(float(curves[1].sum()), rel=1e-4)
    variance = (wide[1].numpy() * (Q - 3.0) ** 2).sum() / wide[1].numpy().sum()
    assert np.sqrt(variance) == pytest.approx(np.hypot(6 * STEP, 0.02 / np.sqrt(2)), rel=1e-3)


def test_a_background_is_smooth_low_and_never_negative():
    curves = peaks(2.0, 3.0).repeat(50, 1)
    added = (with_background(curves, 0.1, seeded()) - curves).numpy()
    assert added.min() >= -1e-6
    assert 0.05 < added.max() <= 0.2 + 1e-6
    assert np.abs(np.diff(added, axis=1)).max() < 0.1 / 20  # against 1 at a peak


def test_texture_changes_heights_but_neither_places_nor_extinctions():
    curves = peaks(1.0, 2.0, 3.0).repeat(200, 1)
    changed = textured(curves, 0.3, 25, seeded())
    assert torch.all(changed >= 0)
    at = [int(np.argmin(abs(Q - q))) for q in (1.0, 2.0, 3.0)]
    for i in at:
        near = changed[:, i - 5 : i + 6].argmax(dim=1) - 5
        assert int(near.abs().max()) <= 1
    factors = changed[:, at].log()
    assert float(factors.mean()) == pytest.approx(0, abs=0.05)
    assert 0.15 < float(factors.std()) <= 0.33  # points between two regions vary less
    assert float(changed[:, 190].max()) < 1e-6  # no line, none made


def test_the_noise_found_is_that_of_the_counts():
    expected = np.sqrt(0.05 / 2000)  # Poisson, in units of the maximum
    assert noise_level(counted(50)).numpy().mean() == pytest.approx(expected, rel=0.1)


def test_a_smooth_curve_gets_no_noise():
    smooth = torch.from_numpy(np.linspace(1, 2, 501, dtype=np.float32)[None])
    assert float(noise_level(smooth)) < 1e-6


def test_fresh_noise_grows_with_the_root_of_the_intensity():
    curves = (0.05 + 0.95 * peaks(2.0)).repeat(4000, 1)
    spread = noisy(curves, torch.full((4000, 1), 0.01), seeded()).std(dim=0)
    expected = 0.01 * np.sqrt(curves[0].numpy() / 0.05)
    assert spread.numpy() == pytest.approx(expected, rel=0.06)


def test_zero_settings_change_nothing():
    curves = counted(4)
    assert torch.equal(NOTHING(curves, seeded()), curves)


def test_the_same_seed_gives_the_same_curves_and_another_gives_others():
    curves = counted(4)
    before = curves.clone()
    first = FULL(curves, seeded(1))
    assert torch.equal(first, FULL(curves, seeded(1)))
    assert not torch.equal(first, FULL(curves, seeded(2)))
    assert torch.equal(curves, before)


@pytest.mark.parametrize("curves", [counted(6), torch.zeros(2, 501), peaks(2.0) - 0.5])
def test_shape_stays_and_values_are_finite(curves):
    varied = FULL(curves, seeded())
    assert varied.shape == curves.shape
    assert varied.dtype == curves.dtype
    assert torch.all(torch.isfinite(varied))


def test_the_highest_peak_keeps_its_height():
    quiet = replace(FULL, noise=0.0)
    assert quiet(counted(6), seeded()).amax(dim=1) == pytest.approx(counted(6).amax(dim=1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"strain": 1.0},
        {"strain": -0.1},
        {"noise": -1.0},
        {"texture_regions": 1},
        {"zero": -0.1},
        {"broadening": -1.0},
        {"background": float("nan")},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(WrongUse, match=next(iter(wrong))):
        replace(FULL, **wrong)


def test_every_variation_is_a_setting_and_the_new_ones_are_off_unless_chosen(toy):
    data = toy.training(names=("curve",))
    usual = variations(data, VARIATIONS)["curve"]
    assert (usual.zero, usual.broadening, usual.background) == (0, 0, 0)
    chosen = {"zero": 0.1, "broadening": 0.2, "background": 0.3}
    found = variations(data, {**VARIATIONS, **chosen})["curve"]
    assert {name: getattr(found, name) for name in chosen} == chosen
    assert chosen.keys() < models()["cnn1d"].settings.keys()
