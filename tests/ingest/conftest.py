"""A lake, and small files of known content."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.lake import Lake

HALITE = """data_halite
_chemical_name_mineral Halite
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 Na 0.0 0.0 0.0
Cl1 Cl 0.5 0.5 0.5
"""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two structures, a curve, and a curve that must be refused."""
    folder = tmp_path / "beamtime"
    (folder / "sub").mkdir(parents=True)
    (folder / "halite.cif").write_text(HALITE.format(a=5.64))
    (folder / "sub" / "sylvite.cif").write_text(HALITE.format(a=6.29).replace("Na", "K"))
    points = [(0.01 * (n + 1), 100 / (n + 1)) for n in range(40)]
    header = "# SAXS; Q in 1/angstrom\nQ,I\n"
    (folder / "good.csv").write_text(header + "".join(f"{q},{i}\n" for q, i in points))
    points[7] = (points[7][0], float("nan"))
    for n in (9, 12, 15):
        points[n] = (0.0, 1.0)
    (folder / "bad.csv").write_text(header + "".join(f"{q},{i}\n" for q, i in points))
    (folder / ".hidden.csv").write_text("not data")
    return folder
