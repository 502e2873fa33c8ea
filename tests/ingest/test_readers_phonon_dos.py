"""Phonon densities of states in columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from registry.errors import BadInput
from registry.records import Spectrum
from registry.units import canonical_axis

ROWS = "{f:20.10f}{g:20.10f}\n"


def read(name: str, text: str, **hints: str) -> Spectrum:
    source = Source(Path(name), text.encode(), dict(hints))
    assert reader_for(source).name == "phonon_dos"
    (found,) = reader_for(source).read(source)
    assert isinstance(found, Spectrum)
    return found


def test_phonopys_total_dos() -> None:
    frequencies = np.linspace(0, 10, 41)
    rows = "".join(ROWS.format(f=f, g=f**2) for f in frequencies)
    found = read("total_dos.dat", "# Sigma = 0.100000\n" + rows)
    assert (found.technique, found.kind, found.x.unit) == ("phonon_dos", "simulated", "THz")
    energy = canonical_axis(found.x, "phonon_dos", None, "total_dos.dat")
    # h = 4.135667696 meV/THz (CODATA 2018)
    np.testing.assert_allclose(energy.values, 4.135667696 * frequencies, rtol=1e-9)
    assert "THz" in found.provenance.parameters["guessed"]["x_unit"]


def test_phonopys_projected_dos_has_a_column_for_each_atom() -> None:
    rows = "".join(
        f"{0.1 * n:20.10f}" + f"{n:20.10f}{2 * n:20.10f}{3 * n:20.10f}\n" for n in range(9)
    )
    found = read("projected_dos.dat", "# Tetrahedron method\n" + rows)
    assert (found.shape, found.axes[0].quantity) == ((9, 3), "atom")
    np.testing.assert_array_equal(found.axes[0].values, [1, 2, 3])
    np.testing.assert_allclose(found.intensity[:, 2], 3 * np.arange(9))


@pytest.mark.parametrize(("name", "unit"), [("UN-N-dos.dat", "meV"), ("V-dos.dat", "THz")])
def test_columns_with_a_named_frequency(shared_data: Path, name: str, unit: str) -> None:
    path = shared_data / "ins-multiphonon/tests/data" / name
    found = read(name, path.read_text())
    table = np.loadtxt(path)
    assert found.x.unit == unit
    np.testing.assert_array_equal(found.x.values, table[:, 0])
    np.testing.assert_array_equal(found.intensity, table[:, 1])
    assert found.kind == "experimental"


def test_faults_are_named() -> None:
    with pytest.raises(BadInput, match=r"total_dos\.dat, line 4: expected 2 numbers"):
        read("total_dos.dat", "# Sigma = 0.1\n0 0\n1 1\n2 x\n3 1\n4 1\n")
