"""Likeness of patterns, families, and whether probabilities can be trusted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.parts._likeness import best_of_class, families, likeness
from training.parts._trust import Told, among_first, trust

Q = np.linspace(0.4, 5.7, 851)
STEP = Q[1] - Q[0]


def pattern(*lines: float, width: float = 0.02, ground: float = 0.0) -> np.ndarray:
    heights = np.exp(-(((Q[:, None] - np.array(lines)) / width) ** 2)).sum(axis=1)
    return (heights / heights.max() + ground).astype(np.float32)


QUARTZ_LIKE, HALITE_LIKE = (1.48, 1.88, 2.56, 3.46), (2.23, 3.15, 3.86, 4.46)


def test_a_pattern_resembles_itself_through_background_width_and_a_small_shift():
    known = np.stack([pattern(*QUARTZ_LIKE), pattern(*HALITE_LIKE)])
    moved = [line + STEP for line in QUARTZ_LIKE]
    asked = np.stack([pattern(*moved, width=0.03, ground=0.2), pattern(*HALITE_LIKE, width=0.03)])
    found = likeness(asked, known)
    assert found.argmax(axis=1).tolist() == [0, 1]
    assert found.max(axis=1) == pytest.approx([1, 1], abs=0.12)
    assert found.min() < 0.1


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 1000.0), st.floats(0.0, 0.5))
def test_neither_scale_nor_a_flat_background_matters(scale, ground):
    one = pattern(*QUARTZ_LIKE)[None]
    other = scale * (one + np.float32(ground))
    assert float(likeness(one, other.astype(np.float32))[0, 0]) == pytest.approx(1, abs=1e-3)


def test_the_nearest_of_each_class_is_found_and_an_unknown_class_resembles_nothing():
    known = np.stack([pattern(*QUARTZ_LIKE), pattern(*HALITE_LIKE), pattern(1.0)])
    found = best_of_class(known[:2], known, np.array([0, 2, 0]), 3)
    assert found[:, 1].tolist() == [-1.0, -1.0]
    assert found[0, 0] == pytest.approx(1)
    assert found[1, 2] == pytest.approx(1)
    assert found[1, 0] < 0.1


def test_a_family_holds_together_through_others():
    steps = [[1.48 + 0.012 * i, 2.56 + 0.012 * i] for i in range(4)]
    curves = np.stack([pattern(*lines) for lines in steps] + [pattern(*HALITE_LIKE)])
    assert likeness(curves, curves)[0, 3] < 0.75 < likeness(curves, curves)[0, 1]
    assert families(curves, 0.75) == [0, 0, 0, 0, 1]
    assert families(curves, 0.999) == [0, 1, 2, 3, 4]


def test_the_truth_among_the_first_k():
    scores = np.array([[0.5, 0.3, 0.2], [0.1, 0.7, 0.2], [0.4, 0.4, 0.2]])
    truth = np.array([0, 2, 1])
    assert among_first(scores, truth, (1, 2, 3)) == pytest.approx([1 / 3, 1, 1])


def drawn(n: int, seed: int, sharper: float = 1.0) -> Told:
    """Classes drawn from the probabilities that are told, or from less sharp ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 4))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(4, p=p) for p in true])
    power = np.exp(sharper * logits)
    said = power / power.sum(axis=1, keepdims=True)
    return Told(said, truth, tuple(map(str, range(n))))


@pytest.mark.parametrize("sharper", [1.0, 3.0])
def test_sets_hold_nine_of_ten_truths_even_of_a_network_too_sure_of_itself(sharper):
    found = trust(drawn(1500, 0, sharper), drawn(3000, 1, sharper))
    assert found.coverage == pytest.approx(0.9, abs=0.02)
    assert found.calibration < 0.04
    assert 1 < found.size < 4


def test_what_was_fixed_elsewhere_promises_too_much():
    honest, sure = drawn(1500, 0), drawn(3000, 1, sharper=4.0)
    assert trust(honest, sure).coverage < 0.85
