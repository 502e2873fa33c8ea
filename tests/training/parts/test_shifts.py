"""Shifted copies of a pattern are told from other patterns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import BadInput
from training.parts._shifts import copies, correlations

Q = np.linspace(1.2, 3.2, 300)
LINES = {"a": (1.5, 1.9, 2.6), "b": (1.7, 2.3, 2.9)}
HEIGHTS = (1.0, 0.6, 0.8)


def pattern(name: str, strain: float = 0.0) -> np.ndarray:
    """Lines of a lattice that is larger by a strain: at smaller Q by that much."""
    lines = [q / (1 + strain) for q in LINES[name]]
    return np.sum(
        [h * np.exp(-(((Q - q) / 0.012) ** 2)) for q, h in zip(lines, HEIGHTS, strict=True)], axis=0
    )


@settings(max_examples=40, deadline=None)
@given(strain=st.floats(-0.018, 0.018))
def test_the_strain_between_copies_is_found(strain: float) -> None:
    best, shift = correlations(np.array([pattern("a", strain), pattern("a")]), Q, 0.02)
    assert best[0, 1] > 0.97
    assert shift[0, 1] == pytest.approx(strain, abs=2e-3)
    np.testing.assert_allclose(best, best.T)
    np.testing.assert_allclose(shift, -shift.T, atol=1e-12)


def test_copies_of_copies_are_copies_and_others_are_not() -> None:
    parts = np.array([pattern("a"), pattern("b"), pattern("a", 0.016), pattern("a", 0.032)])
    group = copies(parts, Q, 0.02, 0.9)
    assert group[0] == group[2] == group[3] != group[1]
    # the last is no copy of the first by itself
    apart = copies(parts[[0, 3]], Q, 0.02, 0.9)
    assert apart[0] != apart[1]


def test_a_shift_that_is_no_strain_makes_no_copy() -> None:
    """Lines that move by one step in Q, not in proportion to it, are of another lattice."""
    moved = np.interp(Q - 0.04, Q, pattern("a"), left=0)
    best, _ = correlations(np.array([pattern("a"), moved]), Q, 0.02)
    assert best[0, 1] < 0.9


def test_a_part_that_vanished_is_a_copy_of_nothing() -> None:
    group = copies(np.array([pattern("a"), np.zeros_like(Q)]), Q, 0.02, 0.9)
    assert group[0] != group[1]


def test_an_axis_that_no_strain_scales_is_refused() -> None:
    with pytest.raises(BadInput, match="above 0"):
        copies(np.ones((2, 5)), np.linspace(-1, 1, 5), 0.02, 0.9)
