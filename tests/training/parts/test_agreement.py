"""Agreement of divisions, and controls that say what agreement is worth."""

from __future__ import annotations

import numpy as np
import pytest

from training.parts._agreement import above, agreement, mutual_information, of_nearest, shuffled
from training.parts._agreement import turned as turned_regions

RNG = np.random.default_rng(0)
PLACES = RNG.uniform(-1, 1, (400, 2))
PLACES = PLACES[np.hypot(*PLACES.T) < 1]
HALVES = (PLACES[:, 0] > 0).astype(np.int64)
QUARTERS = HALVES + 2 * (PLACES[:, 1] > 0)


def test_equal_divisions_agree_whatever_their_numbers() -> None:
    found = agreement(QUARTERS, (QUARTERS + 7) * 3)
    assert (found.mutual_information, found.rand, found.purity) == pytest.approx((1, 1, 1))


def test_purity_is_the_share_of_the_most_frequent_region() -> None:
    """Manning et al., Introduction to Information Retrieval (2008), figure 16.4: 12/17 and 0.24."""
    regions = np.array([*"xxxxxo", *"xoooov", *"xxvvv"])
    found = agreement(np.unique(regions, return_inverse=True)[1], np.repeat([0, 1, 2], (6, 6, 5)))
    assert found.purity == pytest.approx(12 / 17)
    assert found.rand == pytest.approx(0.24, abs=0.005)


def test_shuffled_regions_agree_by_chance_only() -> None:
    values = [mutual_information(each, QUARTERS) for each in shuffled(QUARTERS, 50, 0)]
    assert abs(np.mean(values)) < 0.01
    assert sorted(shuffled(QUARTERS, 1, 0)[0]) == sorted(QUARTERS)


def test_turned_regions_are_as_smooth_and_elsewhere() -> None:
    away = turned_regions(HALVES, PLACES, 60)
    assert len(away) == 60
    smooth = [(of_nearest(each, PLACES) == each).mean() for each in (HALVES, *away)]
    assert min(smooth[1:]) > smooth[0] - 0.06
    shares = [(each == 1).mean() for each in away]
    assert np.abs(np.array(shares) - HALVES.mean()).max() < 0.1


def test_a_smooth_map_of_nothing_does_not_pass_the_control() -> None:
    """Quarters that are turned by 45 degree know the halves as well as others turned do."""
    octant = np.floor((np.arctan2(*PLACES.T) + np.pi / 4) / (np.pi / 2)).astype(np.int64) % 4
    control = np.array([mutual_information(r, octant) for r in turned_regions(HALVES, PLACES, 80)])
    assert control.mean() > 0.1  # far from what shuffled regions give
    assert above(mutual_information(HALVES, octant), control).low < 0
    assert above(mutual_information(HALVES, QUARTERS), control).value > 0


def test_an_interval_above_a_control_is_that_of_the_control() -> None:
    found = above(0.5, np.linspace(0, 0.4, 1001))
    assert (found.value, found.low, found.high) == pytest.approx((0.3, 0.11, 0.49), abs=1e-3)
