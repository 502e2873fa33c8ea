"""What the sample does to a powder pattern: strain, texture, zero shift, deuterium."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from ingest.simulators import npd, simulators, xrd
from ingest.simulators._profile import line_width
from ingest.simulators._texture import Texture
from registry.errors import WrongUse

SILICON = Structure.from_spacegroup("Fd-3m", Lattice.cubic(5.4310), ["Si"], [[0, 0, 0]])
ZINC = Structure(
    Lattice.hexagonal(2.6650, 4.9470), ["Zn", "Zn"], [[1 / 3, 2 / 3, 1 / 4], [2 / 3, 1 / 3, 3 / 4]]
)


@pytest.mark.parametrize(
    ("name", "chosen", "recipe", "values"),
    [
        (
            "xrd",
            {},
            "93378e40d9f733b01e789c467a4fe7e3",
            [0.0, 34.59176757081695, 0.055105200167124065],
        ),
        (
            "xrd",
            {"counts": 1e4, "seed": 3, "background": 0.1, "size": 80.0},
            "f400a44454bc5e74294047463b0cc870",
            [10.093121057374587, 94.9534394713127, 11.044357664964455],
        ),
        (
            "npd",
            {},
            "eadfa0c24fc507cdd743b37d5f65bf20",
            [0.0, 49.03361285635629, 0.09185452930730599],
        ),
    ],
)
def test_recipes_and_patterns_of_older_rows_are_still_those(
    name: str, chosen: dict[str, float], recipe: str, values: list[float]
) -> None:
    """Written by version 1 before it knew of strain, texture and zero shift."""
    simulator = simulators()[name]
    complete = simulator.settings(**chosen)
    assert simulator.recipe(complete) == recipe
    curve = simulator.run(SILICON, complete)
    np.testing.assert_allclose(curve.intensity[[100, 233, 400]], values, rtol=1e-12)


@pytest.mark.parametrize("chosen", [{"strain": 0.001}, {"zero": 0.1}, {"march": 0.8}])
def test_each_new_parameter_is_part_of_the_recipe(chosen: dict[str, float]) -> None:
    simulator = simulators()["xrd"]
    plain = simulator.recipe(simulator.settings())
    assert simulator.recipe(simulator.settings(**chosen)) != plain


def test_strain_widens_lines_with_the_tangent_of_theta() -> None:
    theta = np.radians(np.array([10.0, 30.0, 60.0]))
    width = line_width(theta, 0, 0, 0, 1e12, 1.54184, strain=0.002)
    # Stokes & Wilson: 4 epsilon tan(theta), radian
    np.testing.assert_allclose(np.radians(width), 4 * 0.002 * np.tan(theta), rtol=1e-6)


def test_a_williamson_hall_line_gives_size_and_strain_back() -> None:
    """(H cos(theta))^2 is a straight line of sin^2(theta): intercept is size, slope strain."""
    theta = np.radians(np.linspace(10, 60, 6))
    width = np.radians(line_width(theta, 0, 0, 0, 300.0, 1.54184, strain=0.003))
    slope, intercept = np.polyfit(np.sin(theta) ** 2, (width * np.cos(theta)) ** 2, 1)
    assert np.sqrt(slope) / 4 == pytest.approx(0.003, rel=1e-6)
    assert 0.9 * 1.54184 / np.sqrt(intercept) == pytest.approx(300.0, rel=1e-6)


def test_zero_shift_moves_every_line_by_as_much() -> None:
    simulator = simulators()["xrd"]
    grid = {"two_theta_min": 20.0, "two_theta_max": 80.0, "points": 6001}
    plain = simulator.run(SILICON, simulator.settings(**grid))
    shifted = simulator.run(SILICON, simulator.settings(zero=0.25, **grid))
    np.testing.assert_allclose(shifted.intensity[25:], plain.intensity[:-25], atol=1e-6)


@given(st.floats(0.2, 5.0))
@settings(max_examples=25, deadline=None)
def test_texture_makes_no_intensity(march: float) -> None:
    """The mean of the March function over the sphere is 1."""
    node, weight = np.polynomial.legendre.leggauss(400)
    directions = np.column_stack([np.sqrt(1 - node**2), np.zeros(len(node)), node])
    density = Texture(march, (0, 0, 1)).weights(directions, np.eye(3))
    assert weight @ density / 2 == pytest.approx(1, rel=1e-4)


def test_plates_that_lie_flat_show_their_basal_lines() -> None:
    """002 of zinc grows by r^-3; 100 and 110, at right angles to it, shrink by r^1.5."""
    r = 0.7
    random, textured = (
        npd.powder_sticks(ZINC, npd.RADIATION, 1.54, (1.0, 75.0), 0.0, Texture(march, (0, 0, 1)))
        for march in (1.0, r)
    )
    d = {"002": 4.9470 / 2, "100": 2.6650 * np.sqrt(3) / 2, "110": 2.6650 / 2}
    for plane, factor in (("002", r**-3), ("100", r**1.5), ("110", r**1.5)):
        n = np.argmin(abs(random.q - 2 * np.pi / d[plane]))
        assert random.q[n] == pytest.approx(2 * np.pi / d[plane])
        assert textured.intensity[n] / random.intensity[n] == pytest.approx(factor, rel=1e-9)


def test_texture_about_any_axis_of_a_cube_is_the_same_powder_line() -> None:
    about_x, about_z = (
        xrd.powder_sticks(
            SILICON, xrd.RADIATION, 1.54184, (20.0, 90.0), 0.0, Texture(0.6, plane)
        ).intensity
        for plane in ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    )
    np.testing.assert_allclose(about_x, about_z, rtol=1e-9, atol=1e-9)


def test_a_texture_without_a_plane_is_refused() -> None:
    simulator = simulators()["xrd"]
    with pytest.raises(WrongUse, match="a plane"):
        simulator.run(SILICON, simulator.settings(march=0.8, plane_l=0.0))


def ice(hydrogen: str) -> Structure:
    """Cubic ice with hydrogen on half of its places, a = 6.358 angstrom."""
    return Structure.from_spacegroup(
        "Fd-3m",
        Lattice.cubic(6.358),
        ["O", {hydrogen: 0.5}],
        [[0, 0, 0], [0.0908, 0.0908, 0.0908]],
    )


def test_the_line_of_ice_that_oxygen_does_not_reach_shows_the_hydrogen_alone() -> None:
    """222 is extinct in a diamond lattice: heavy to light ice as the squares of b."""
    lengths = {"H": -3.7390, "D": 6.671}  # Sears, Neutron News 3, 26 (1992)
    intensity = {}
    for hydrogen in lengths:
        found = npd.sticks(ice(hydrogen), 1.54, (5.0, 60.0))
        line = np.argmin(abs(found.q - 2 * np.pi * np.sqrt(12) / 6.358))
        intensity[hydrogen] = found.intensity[line]
    assert intensity["H"] > 0
    expected = (lengths["D"] / lengths["H"]) ** 2
    assert intensity["D"] / intensity["H"] == pytest.approx(
        expected, rel=3e-3
    )  # tables differ by 0.003 fm


def test_heavy_and_light_ice_are_one_to_x_rays() -> None:
    heavy, light = xrd.sticks(ice("D")), xrd.sticks(ice("H"))
    np.testing.assert_array_equal(heavy.intensity, light.intensity)
