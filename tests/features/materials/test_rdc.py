"""The radial distribution curve is a sum of Gaussians, and the fast sum is the slow one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from features.crystal import crystal_of
from features.descriptor import descriptors
from features.materials.rdc import DESCRIPTOR, absorber_rdc, gaussian_sum
from registry.errors import BadInput, Unsupported, WrongUse

# number of ways to write 1, 2, ... as a sum of three squares (OEIS A005875): the atoms in the
# shells of a simple cubic lattice at a * sqrt(1), a * sqrt(2), ...
SHELLS = (6, 12, 8, 6, 24, 24, 0, 12, 30, 24, 24, 8, 24, 48, 0, 6, 48, 36, 24, 24, 48)


def dense(distance, weight, r_max, dr, alpha):
    grid = dr * np.arange(1, round(r_max / dr) + 1)
    return np.exp(-alpha * (distance[None] - grid[:, None]) ** 2) @ weight


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 300),
    alpha=st.floats(0.05, 500),
    n_points=st.integers(1, 200),
    dr=st.sampled_from([0.01, 0.05, 0.1, 0.25]),
)
def test_the_fast_sum_agrees_with_a_sum_of_exponentials(seed, n, alpha, n_points, dr):
    rng = np.random.default_rng(seed)
    r_max = n_points * dr
    distance = rng.uniform(0, r_max + 2 / np.sqrt(alpha), n)
    weight = rng.uniform(1, 92**2, n)
    expected = dense(distance, weight, r_max, dr, alpha)
    found = gaussian_sum(distance, weight, r_max=r_max, dr=dr, alpha=alpha)
    assert found.shape == (n_points,)
    scale = max(expected.max(), weight.max())
    assert np.abs(found - expected).max() < 1e-9 * scale


def test_a_simple_cubic_metal_has_its_closed_form():
    a, alpha = 3.35, 15.0  # polonium
    structure = Structure(Lattice.cubic(a), ["Po"], [[0.2, 0.3, 0.4]])
    found = DESCRIPTOR.run(structure, DESCRIPTOR.settings(alpha=alpha))
    grid = 0.1 * np.arange(1, 81)
    shells = a * np.sqrt(np.arange(1, len(SHELLS) + 1))
    expected = 84**2 * np.exp(-alpha * (shells - grid[:, None]) ** 2) @ np.array(SHELLS)
    # the table of shells ends at a sqrt(21) = 15.4 angstrom, far beyond the grid
    np.testing.assert_allclose(found, expected, atol=1e-9 * expected.max())


def test_a_diatomic_molecule_has_one_gaussian():
    structure = Structure(
        Lattice.cubic(40), ["C", "O"], [[0, 0, 0], [0, 0, 1.128]], coords_are_cartesian=True
    )
    found = DESCRIPTOR.run(structure, DESCRIPTOR.settings())
    grid = 0.1 * np.arange(1, 81)
    # two ordered pairs over two atoms
    np.testing.assert_allclose(found, 48 * np.exp(-10 * (grid - 1.128) ** 2), atol=1e-9 * 48)


def test_a_larger_alpha_resolves_what_a_smaller_one_blurs():
    distance, weight = np.array([2.0, 2.4]), np.ones(2)

    def peaks(alpha):
        curve = gaussian_sum(distance, weight, r_max=4.0, dr=0.02, alpha=alpha)
        return np.count_nonzero((curve[1:-1] > curve[:-2]) & (curve[1:-1] > curve[2:]))

    # two equal Gaussians part when their distance exceeds sqrt(2 / alpha)
    critical = 2 / 0.4**2
    assert peaks(0.8 * critical) == 1
    assert peaks(1.3 * critical) == 2


def test_absorbers_add_up_to_the_whole():
    structure = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.905),
        ["Sr", "Ti", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )
    grid = {"r_max": 6.0, "dr": 0.1, "alpha": 10.0}
    share = {"Sr": 1, "Ti": 1, "O": 3}
    parts = sum(n * absorber_rdc(crystal_of(structure), e, **grid) for e, n in share.items())
    np.testing.assert_allclose(
        parts / 5, DESCRIPTOR.run(structure, DESCRIPTOR.settings(**grid)), rtol=1e-12
    )


def test_an_absorber_sees_its_own_neighbours():
    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.3), ["Fe", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    curve = absorber_rdc(crystal_of(structure), "Fe", r_max=2.5, dr=0.05, alpha=40.0)
    grid = 0.05 * np.arange(1, 51)
    near = 6 * 26 * 8 * np.exp(-40 * (grid - 2.15) ** 2)
    second = 12 * 26**2 * np.exp(-40 * (grid - 4.3 / np.sqrt(2)) ** 2)
    np.testing.assert_allclose(curve, near + second, atol=1e-6 * near.max())
    with pytest.raises(BadInput, match="O, Fe"):
        absorber_rdc(crystal_of(structure), "Cu", r_max=2.5, dr=0.05, alpha=40.0)


def test_a_mixed_site_has_the_mean_charge():
    ordered = Structure(Lattice.cubic(4.0), ["Fe"], [[0, 0, 0]])
    mixed = Structure(Lattice.cubic(4.0), [{"Fe": 0.5, "Na": 0.25}], [[0, 0, 0]])
    mean = 0.5 * 26 + 0.25 * 11
    expected = DESCRIPTOR.run(ordered, DESCRIPTOR.settings()) * (mean / 26) ** 2 / 0.75
    np.testing.assert_allclose(
        DESCRIPTOR.run(mixed, DESCRIPTOR.settings()), expected, atol=1e-9 * expected.max()
    )


def test_isotopes_scatter_x_rays_alike():
    ice = Structure(Lattice.cubic(3.0), ["H", "O"], [[0, 0, 0], [0.4, 0.4, 0.4]])
    heavy = Structure(Lattice.cubic(3.0), ["D", "O"], [[0, 0, 0], [0.4, 0.4, 0.4]])
    settings_ = DESCRIPTOR.settings()
    np.testing.assert_array_equal(DESCRIPTOR.run(ice, settings_), DESCRIPTOR.run(heavy, settings_))


def test_a_curve_without_neighbours_is_zero():
    none = np.empty(0)
    assert not gaussian_sum(none, none, r_max=4.0, dr=0.1, alpha=10.0).any()


@pytest.mark.parametrize("parameters", [{"alpha": 0.0}, {"dr": 0.3}, {"r_max": -8.0}])
def test_impossible_parameters_are_told_before_anything_is_computed(parameters):
    with pytest.raises(WrongUse, match=next(iter(parameters)) + "|r_max"):
        DESCRIPTOR.width(DESCRIPTOR.settings(**parameters))


SHARED = Structure(
    Lattice.from_parameters(3.9, 4.4, 5.3, 72, 81, 108),
    ["Fe", {"S": 0.75, "O": 0.125}, {"Na": 0.5}],
    [[0.1, 0.2, 0.3], [0.61, 0.83, 0.02], [-1.2, 0.4, 2.7]],
)
CHARGE, OCCUPANCY = np.array([26.0, 13.0, 5.5]), np.array([1.0, 0.875, 0.5])
SMALL = {"r_max": 5.0, "dr": 0.1, "alpha": 20.0}


def members(n, cutoff, periodic):
    """Charges and positions of what surrounds a site, from pymatgen or from the cell alone."""
    at = SHARED.cart_coords
    if not periodic:
        others = [j for j in range(3) if j != n and np.linalg.norm(at[j] - at[n]) <= cutoff]
        return CHARGE[others], at[others]
    near = SHARED.get_neighbors(SHARED[n], cutoff)
    return CHARGE[[site.index for site in near]], np.array([site.coords for site in near])


def by_definition(n, variant, periodic):
    """The formulas of the module, one Gaussian at a time."""
    grid = 0.1 * np.arange(1, 51)
    middle = CHARGE[n] / OCCUPANCY[n]
    charge, at = members(n, 5.0 if variant == "cluster" else 7.0, periodic)
    curve = np.zeros(len(grid))
    for z, position in zip(charge, at, strict=True):
        r = np.linalg.norm(position - SHARED.cart_coords[n])
        curve += middle * z * np.exp(-20 * (r - grid) ** 2)
    if variant == "cluster":
        for k in range(len(charge)):
            for j in range(k):
                r = np.linalg.norm(at[k] - at[j])
                curve += charge[k] * charge[j] * np.exp(-20 * (r - grid) ** 2)
    return curve


@pytest.mark.parametrize("periodic", [True, False], ids=["crystal", "cell alone"])
@pytest.mark.parametrize("variant", ["centre", "cluster"])
def test_each_variant_is_its_formula_for_every_site(variant, periodic):
    sites = descriptors()["rdc_sites"]
    chosen = {**SMALL, "variant": variant, "periodic": periodic}
    rows = sites.run(SHARED, sites.settings(**chosen))
    expected = np.array([by_definition(n, variant, periodic) for n in range(3)])
    np.testing.assert_allclose(rows, expected, atol=1e-9 * expected.max())
    mean = DESCRIPTOR.run(SHARED, DESCRIPTOR.settings(**chosen))
    np.testing.assert_allclose(mean, OCCUPANCY @ rows / OCCUPANCY.sum(), rtol=1e-9)


@pytest.mark.parametrize("variant", ["centre", "cluster"])
def test_an_absorber_is_chosen_by_a_parameter_and_has_its_own_charge(variant):
    settings_ = DESCRIPTOR.settings(**SMALL, variant=variant, absorber="Fe")
    expected = by_definition(0, variant, True)
    found = DESCRIPTOR.run(SHARED, settings_)
    np.testing.assert_allclose(found, expected, atol=1e-9 * expected.max())


def test_absorbers_on_several_sites_are_weighted_by_how_much_is_there():
    mixed = Structure(
        Lattice.cubic(4.1), [{"Fe": 0.5, "Mg": 0.5}, "Fe", "O"], [[0] * 3, [0.5] * 3, [0.5, 0, 0]]
    )
    fixed = [
        absorber_rdc(crystal_of(mixed), "Fe", **SMALL, variant="cluster"),
        absorber_rdc(crystal_of(mixed), "Mg", **SMALL, variant="cluster"),
    ]
    sites = descriptors()["rdc_sites"]
    rows = sites.run(mixed, sites.settings(**SMALL, variant="cluster"))
    # the mean charge of the first site in the middle is the mean over who may be there
    shares = (0.5 + 1) * fixed[0] + 0.5 * fixed[1] + rows[2]
    np.testing.assert_allclose(shares, rows.sum(axis=0), rtol=1e-9)


def test_a_structure_without_the_absorber_is_refused_and_no_element_is_told():
    with pytest.raises(Unsupported, match="Cu"):
        DESCRIPTOR.run(SHARED, DESCRIPTOR.settings(absorber="Cu"))
    for wrong in ({"absorber": "Xx"}, {"variant": "both"}, {"periodic": 1}):
        with pytest.raises(WrongUse, match=next(iter(wrong))):
            DESCRIPTOR.width(DESCRIPTOR.settings(**wrong))
