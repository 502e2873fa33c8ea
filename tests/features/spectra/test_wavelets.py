"""Orthogonal wavelets: published filters, perfect reconstruction, vanishing moments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.curve import Curve
from features.spectra.wavelets import daubechies, inverse, transform

# Daubechies, Ten Lectures on Wavelets (1992), table 6.1 (N = 2, 3, 4), normalised to sqrt(2)
PUBLISHED = {
    2: [0.4829629131445341, 0.8365163037378077, 0.2241438680420134, -0.1294095225512603],
    3: [
        0.3326705529500825,
        0.8068915093110924,
        0.4598775021184914,
        -0.1350110200102546,
        -0.0854412738820267,
        0.0352262918857095,
    ],
    4: [
        0.2303778133088964,
        0.7148465705529154,
        0.6308807679298587,
        -0.0279837694168599,
        -0.1870348117190931,
        0.0308413818355607,
        0.0328830116668852,
        -0.0105974017850690,
    ],
}


@pytest.mark.parametrize("order", PUBLISHED)
def test_filters_are_the_published_ones(order):
    np.testing.assert_allclose(daubechies(order), PUBLISHED[order], atol=1e-12)


def test_order_one_is_haar():
    np.testing.assert_allclose(daubechies(1), np.sqrt([0.5, 0.5]))
    found = transform(np.array([1.0, 3.0, 5.0, 11.0]), 1, 2)
    np.testing.assert_allclose(found, [10, -6, -np.sqrt(2), -6 / np.sqrt(2)])


@pytest.mark.parametrize("order", range(1, 11))
def test_filters_are_orthogonal_to_their_shifts_by_two(order):
    taps = daubechies(order)
    for shift in range(order):
        product = taps[2 * shift :] @ taps[: len(taps) - 2 * shift]
        assert product == pytest.approx(float(shift == 0), abs=1e-10)
    moments = [(taps[::-1] * (-1.0) ** np.arange(2 * order)) @ np.arange(2 * order) ** k
               for k in range(min(order, 4))]  # fmt: skip
    np.testing.assert_allclose(moments, 0, atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    order=st.integers(1, 10),
    power=st.integers(1, 8),
    data=st.data(),
)
def test_nothing_is_lost(seed, order, power, data):
    levels = data.draw(st.integers(1, power))
    values = np.random.default_rng(seed).normal(size=2**power)
    found = transform(values, order, levels)
    assert found @ found == pytest.approx(values @ values)
    np.testing.assert_allclose(inverse(found, order, levels), values, atol=1e-9)


def test_a_polynomial_has_no_details_but_at_its_ends(described):
    x = np.linspace(0, 1, 128)
    found = described(
        "wavelets", Curve("xrd", x, 1 + x - 2 * x**3), start=0.0, stop=1.0, order=4, levels=1
    )
    fine = found[64:]
    assert np.abs(fine[:-4]).max() < 1e-9
    assert np.abs(fine[-4:]).max() > 0.01


def test_a_sharper_peak_moves_weight_to_finer_details(described):
    x = np.linspace(0, 1, 512)

    def shares(width):
        peak = Curve("xrd", x, np.exp(-(((x - 0.43) / width) ** 2)))
        found = described("wavelets", peak, start=0.0, stop=1.0, scale="maximum")
        energy = [np.sum(part**2) for part in np.split(found, [8, 16, 32, 64])]
        return np.array(energy) / np.sum(energy)

    broad, sharp = shares(0.1), shares(0.01)
    assert broad[0] > 0.95
    assert sharp[-2:].sum() > 10 * broad[-2:].sum()
