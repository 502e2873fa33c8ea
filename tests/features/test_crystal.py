"""A crystal made from rows of the lake is the one made from the structure."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pymatgen.core import Lattice, Structure

from features.crystal import COLUMNS, Crystals, crystal_of, crystals
from registry.errors import Unsupported
from registry.records import Provenance
from registry.schemas import SCHEMAS
from registry.structures import material_of, material_row

ROCK_SALT = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)
SHARED = Structure(
    Lattice.from_parameters(4.1, 5.3, 6.2, 61, 68, 112),
    [{"Fe": 0.6, "Mg": 0.3}, "O", "D"],
    [[0.02, 0.9, 0.5], [0.5, 0.1, 1.97], [0.4, -0.62, 0.1]],
)


def rows(*structures: Structure) -> pa.Table:
    origin = Provenance("test", "1")
    made = [material_row(material_of(s, provenance=origin)) for s in structures]
    return pa.Table.from_pylist(made, SCHEMAS["materials"].arrow).select(COLUMNS)


@pytest.mark.parametrize("part", [slice(0, 3), slice(1, 3), slice(2, 3), slice(0, 0)])
def test_rows_and_structures_give_the_same_crystal(part):
    structures = [ROCK_SALT, SHARED, ROCK_SALT]
    table = rows(*structures).slice(part.start, part.stop - part.start)
    found = crystals(table)
    assert len(found) == table.num_rows
    for one, structure in zip(found, structures[part], strict=True):
        expected = crystal_of(structure)
        for name in ("lattice", "positions"):
            np.testing.assert_allclose(getattr(one, name), getattr(expected, name), atol=1e-12)
        np.testing.assert_allclose(one.cartesian, structure.cart_coords, atol=1e-12)
        np.testing.assert_allclose(one.charges, expected.charges)
        np.testing.assert_allclose(one.occupancy, [s.species.num_atoms for s in structure])
        assert one.volume == pytest.approx(structure.volume)


def test_elements_tell_who_is_where():
    numbers, shares = crystal_of(SHARED).elements()
    assert numbers.tolist() == [1, 8, 12, 26]
    np.testing.assert_allclose(shares, [[0, 0, 0.3, 0.6], [0, 1, 0, 0], [1, 0, 0, 0]])


def test_a_shared_site_is_named_with_its_content():
    with pytest.raises(Unsupported, match=r"x: site 0.*Fe:0\.6, Mg:0\.3"):
        crystal_of(SHARED).ordered_numbers("x")
    assert crystal_of(ROCK_SALT).ordered_numbers("x").tolist() == [11] * 4 + [17] * 4


def test_a_placeholder_refuses_its_row_only():
    table = rows(ROCK_SALT)
    species = table["species"].to_pylist()
    species[0][0][0]["symbol"] = "X"
    wrong = table.set_column(1, "species", pa.array(species, table["species"].type))
    first, second = crystals(pa.concat_tables([wrong, table]))
    assert isinstance(first, Unsupported)
    assert "placeholder X" in str(first)
    assert len(second) == 8


def test_crystals_laid_end_to_end_are_those_that_were_given():
    given = [crystal_of(s) for s in (ROCK_SALT, SHARED, ROCK_SALT)]
    laid = Crystals.of(given)
    assert Crystals.of(laid) is laid
    for found, expected in ((laid, given), (laid[1:], given[1:]), (laid[2:1], [])):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            for name in ("lattice", "positions", "site", "numbers", "shares"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    with pytest.raises(IndexError):
        laid[3]
