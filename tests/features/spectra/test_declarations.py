"""What every descriptor of spectra declares, and which parameters cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.curve import Curve
from features.descriptor import descriptors
from registry.errors import Unsupported, WrongUse
from registry.vocabulary import TECHNIQUES

SPECTRAL = {name: d for name, d in descriptors().items() if d.entity == "spectrum"}

IMPOSSIBLE = {
    "cumulative": [{"points": 1}, {"stop": 0.5}, {"origin": "peak"}, {"beyond": "guess"}],
    "edge_position": [{"rule": "eye"}, {"origin": "edge"}, {"reach": 0.0}, {"smoothing": 0.0}],
    "exafs_transform": [{"k_max": 3.5}, {"dk": 0.0}, {"r_max": 40.0}, {"weight": -1}],
    "franke_volumes": [{"limit": 0.0}],
    "guinier": [{"limit": -1.0}],
    "moments": [{"background": "spline"}, {"start": 2.0, "stop": 1.0}],
    "pdf_peaks": [{"k": 0}, {"prominence": 1.0}],
    "peaks": [{"k": 0}, {"prominence": 0.0}, {"order": "name"}],
    "phonon_moments": [{"temperatures": (300.0, 0.0)}, {"temperatures": ()}, {"imaginary": 1.0}],
    "pointwise": [{"sampling": "spline"}, {"scale": "log"}, {"stop": -1.0}],
    "polynomial": [{"segments": (3,)}, {"segments": (50,)}, {"segments": ()}, {"degree": -1}],
    "porod": [{"background": "maybe"}, {"tail": 1.0}, {"limit": 0.0}],
    "pre_edge": [{"peak_start": -40.0}, {"fit_end": 1.0}, {"contrast": 0.0}],
    "reflectivity": [{"start": 1.0}],
    "wavelets": [{"points": 100}, {"order": 0}, {"order": 11}, {"levels": 8}, {"levels": 0}],
    "white_line": [{"reach": -5.0}, {"normalise": "never"}, {"post_end": 40.0}],
}


def test_each_is_declared_whole():
    assert set(SPECTRAL) == set(IMPOSSIBLE)
    for descriptor in SPECTRAL.values():
        assert set(descriptor.units) == set(descriptor.parameters)
        assert set(descriptor.techniques) <= set(TECHNIQUES)
        assert descriptor.source
        assert descriptor.width(descriptor.settings()) > 0
        assert descriptor.disorder == ""


@pytest.mark.parametrize(
    ("name", "chosen"), [(name, chosen) for name, all_ in IMPOSSIBLE.items() for chosen in all_]
)
def test_impossible_parameters_are_told_before_anything_is_computed(name, chosen):
    descriptor = SPECTRAL[name]
    with pytest.raises(WrongUse):
        descriptor.width(descriptor.settings(**chosen))


@pytest.mark.parametrize("name", SPECTRAL)
def test_a_view_is_the_same_whether_lists_or_tuples_are_given(name):
    descriptor = SPECTRAL[name]
    settings = descriptor.settings()
    listed = {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}
    assert descriptor.view_id(listed) == descriptor.view_id(settings)
    assert descriptor.width(listed) == descriptor.width(settings)


@pytest.mark.parametrize("name", SPECTRAL)
@pytest.mark.parametrize("y", [np.zeros(50), np.full(50, -1.0), np.arange(50.0)])
def test_a_curve_without_content_is_described_or_refused(name, y):
    """Whatever comes, the answer is finite values or a reason, never a warning or a crash."""
    descriptor = SPECTRAL[name]
    for x in (np.linspace(0.5, 6, 50), np.linspace(7000, 7500, 50), np.linspace(-3, 3, 50)):
        curve = Curve(next(iter(descriptor.techniques), "xrd"), x, y, None, "Fe", "K")
        (outcome,) = descriptor.run_all([curve], descriptor.settings())
        if isinstance(outcome, Unsupported):
            assert str(outcome)
        else:
            assert np.isfinite(outcome).all()


@pytest.mark.parametrize("name", SPECTRAL)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 80),
    start=st.sampled_from([-40.0, 0.0, 0.003, 0.4, 6900.0]),
    span=st.sampled_from([0.3, 8.0, 60.0, 600.0, 1e6]),
    shape=st.sampled_from(["noise", "positive", "falling", "rising", "steps"]),
    uncertain=st.sampled_from([None, 0.0, 0.1]),
)
def test_whatever_is_measured_there_is_an_answer(name, seed, n, start, span, shape, uncertain):
    """Any clean curve gives finite values or a reason; warnings are errors in these tests."""
    rng = np.random.default_rng(seed)
    x = np.unique(start + span * rng.random(n))
    noise = rng.normal(size=len(x))
    y = {
        "noise": noise,
        "positive": np.abs(noise),
        "falling": np.abs(noise) * np.exp(-5 * (x - start) / span),
        "rising": np.cumsum(np.abs(noise)),
        "steps": np.round(noise),
    }[shape]
    sigma = None if uncertain is None else uncertain * rng.integers(0, 2, len(x)) * np.abs(y)
    descriptor = SPECTRAL[name]
    technique = next(iter(descriptor.techniques), "xrd")
    curve = Curve(technique, x, y, sigma, "Fe" if n % 2 else None, "K" if n % 3 else None)
    chosen = descriptor.settings()
    (outcome,) = descriptor.run_all([curve], chosen)
    if not isinstance(outcome, Unsupported):
        assert outcome.shape == (descriptor.width(chosen),)
        assert np.isfinite(outcome).all()
