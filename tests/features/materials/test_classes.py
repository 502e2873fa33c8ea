"""Every element belongs to the class a chemist would look for it in."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Element, Lattice, Species, Structure

from features.crystal import crystal_of
from features.materials._classes import CLASSES, class_of, class_weights

PERIODIC_TABLE = {
    "hydrogen": "H D T",
    "oxygen": "O",
    "anions": "He N F Ne S Cl Ar Se Br Kr Te I Xe Po At Rn Og",
    "s_block": "Li Be Na Mg K Ca Rb Sr Cs Ba Fr Ra",
    "d_block": "Sc Ti V Cr Mn Fe Co Ni Cu Zn Y Zr Nb Mo Tc Ru Rh Pd Ag Cd "
    "Hf Ta W Re Os Ir Pt Au Hg Rf Db Sg Bh Hs Mt Ds Rg Cn",
    "f_block": "La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu "
    "Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr",
    "p_block": "B C Al Si P Ga Ge As In Sn Sb Tl Pb Bi Nh Fl Mc Lv Ts",
}


@pytest.mark.parametrize("name", CLASSES)
def test_the_classes_are_these(name):
    assert all(class_of(Element(symbol)) == name for symbol in PERIODIC_TABLE[name].split())


def test_no_element_is_left_out():
    listed = {symbol for symbols in PERIODIC_TABLE.values() for symbol in symbols.split()}
    assert {element.symbol for element in Element} <= listed


def test_a_site_counts_in_every_class_it_holds():
    structure = Structure(
        Lattice.cubic(4),
        [{"Fe": 0.5, "Mg": 0.3, Species("Mn", 3): 0.1}, "O"],
        [[0, 0, 0], [0.5] * 3],
    )
    expected = np.zeros((2, 7))
    expected[0, CLASSES.index("d_block")] = 0.6
    expected[0, CLASSES.index("s_block")] = 0.3
    expected[1, CLASSES.index("oxygen")] = 1
    np.testing.assert_allclose(class_weights(crystal_of(structure)), expected)
