"""Ternary diagrams put compositions where they belong."""

from __future__ import annotations

import numpy as np
import pytest

from training.parts._ternary import HEIGHT, Triangle, draw_frame, formula, palette, plane
from training.picture import figure_of

WHOLE = Triangle(("Fe", "Ga", "Pd"), (0.0, 0.0, 0.0))


def test_pure_components_are_the_corners_and_a_third_of_each_is_the_middle() -> None:
    np.testing.assert_allclose(WHOLE.places(np.eye(3)), [(0, 0), (1, 0), (0.5, HEIGHT)])
    np.testing.assert_allclose(WHOLE.places(np.full(3, 1 / 3)), [(0.5, HEIGHT / 3)])


def test_distances_do_not_depend_on_which_component_changes() -> None:
    middle = np.full(3, 1 / 3)
    steps = middle + 0.1 * (np.eye(3) - np.roll(np.eye(3), 1, axis=1))
    away = np.linalg.norm(plane(steps) - plane(middle[None]), axis=1)
    np.testing.assert_allclose(away, 0.1)


def test_a_library_in_one_corner_gets_its_part_of_the_triangle() -> None:
    fractions = np.array([(0.86, 0.1, 0.04), (0.43, 0.5, 0.07), (0.45, 0.03, 0.52)])
    part = Triangle.around(("Fe", "Ga", "Pd"), fractions)
    assert part.least == (0.4, 0.0, 0.0)
    assert part.size == pytest.approx(0.6)
    places = part.places(fractions)
    assert (places[:, 1] >= 0).all()
    assert (places[:, 1] <= HEIGHT).all()
    np.testing.assert_allclose(part.places(np.array([0.4, 0.6, 0.0])), [(1, 0)])


@pytest.mark.parametrize("triangle", [WHOLE, Triangle(("MgO", "Al2O3", "SiO2"), (0.4, 0, 0))])
def test_ticks_stand_at_whole_percents_on_every_side(triangle: Triangle) -> None:
    _, axes = figure_of(3, 3)
    draw_frame(axes, triangle, "title")
    texts = [text.get_text() for text in axes.texts]
    numbers = [text for text in texts if text.isdigit()]
    ticks = 4 if triangle is WHOLE else 5
    assert len(numbers) == 3 * ticks
    assert all(formula(name) in texts for name in triangle.components)
    tick = next(t for t in axes.texts if t.get_text() == numbers[0])
    # the first is of the first component, read on the side from the third to the first
    assert tick.get_position()[0] < 0.5


def test_formulae_have_indices_and_colours_suffice() -> None:
    assert formula("Al2O3") == "Al$_{2}$O$_{3}$"
    assert len(palette(20)) == 20
    assert len({str(colour) for colour in palette(12)}) == 12
