"""Counting noise of the powder simulators."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ingest.simulators import Curve, simulators
from registry.errors import WrongUse
from registry.records import Floats

SILICON = Structure.from_spacegroup("Fd-3m", Lattice.cubic(5.431), ["Si"], [[0, 0, 0]])
XRD = simulators()["xrd"]


def pattern(**settings: float) -> Curve:
    return XRD.run(SILICON, XRD.settings(**settings))


def counted(curve: Curve) -> Floats:
    """Counts behind a pattern: the square of intensity over uncertainty."""
    assert curve.uncertainty is not None
    return np.asarray((curve.intensity / curve.uncertainty) ** 2)


def test_noise_is_poisson_about_the_smooth_pattern() -> None:
    counts, background = 5000.0, 0.2
    smooth = pattern(background=background).intensity / 100 * counts
    flat = smooth < 1.02 * background * counts  # far from every peak
    noisy = [pattern(background=background, counts=counts, seed=n) for n in range(40)]
    values = np.array([counted(curve) for curve in noisy])[:, flat]
    # the mean within its standard error, the variance of counting (equal to the mean)
    assert values.mean() == pytest.approx(smooth[flat].mean(), rel=0.02)
    assert values.var(axis=0).mean() == pytest.approx(smooth[flat].mean(), rel=0.1)


def test_uncertainty_is_the_root_of_the_counts() -> None:
    counts = counted(pattern(background=0.2, counts=5000.0))
    assert np.allclose(counts, np.round(counts), atol=1e-6)


def test_a_seed_gives_the_same_pattern_and_another_seed_another() -> None:
    first, again = pattern(counts=100.0, seed=3), pattern(counts=100.0, seed=3)
    assert np.array_equal(first.intensity, again.intensity)
    assert not np.array_equal(first.intensity, pattern(counts=100.0, seed=4).intensity)


def test_without_counts_there_is_neither_noise_nor_uncertainty() -> None:
    assert pattern().uncertainty is None


def test_the_noise_is_part_of_the_recipe() -> None:
    assert XRD.recipe(XRD.settings(counts=10.0)) != XRD.recipe(XRD.settings())
    with pytest.raises(WrongUse, match="counts"):
        XRD.settings(counts=-1.0)


@pytest.mark.parametrize("name", ["xrd", "npd", "xsq", "nsq"])
def test_noble_gases_are_counted_without_a_word_of_their_electronegativity(name: str) -> None:
    neon = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.46), ["Ne"], [[0, 0, 0]])
    simulator = simulators()[name]
    assert simulator.run(neon, simulator.settings(counts=1000.0)).uncertainty is not None
