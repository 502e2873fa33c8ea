"""Inelastic neutron scattering: INX, SPE, DAVE groups, LAMP, DANSE histograms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers.dave_group import read as read_dave
from ingest.readers.inx import read as read_inx
from ingest.readers.isis_spe import read as read_spe
from registry.errors import BadInput
from registry.records import Spectrum
from registry.units import canonical_axis


def one(path: Path, **hints: str) -> Spectrum:
    source = Source(path, path.read_bytes(), dict(hints))
    (found,) = reader_for(source).read(source)
    assert isinstance(found, Spectrum)
    return found


def test_toftof_files_hold_what_their_rows_say(shared_data: Path) -> None:
    folder = shared_data / "qens-qensmodels/examples_from_experiments/data/toftof"
    for path in sorted(folder.glob("*.txt")):
        found = one(path, technique="qens")
        assert (found.technique, found.shape) == ("qens", (206, 9))
        rows = [line.split() for line in path.read_text().splitlines()]
        table = np.array([r for r in rows if len(r) == 3 and "e" in r[2]], dtype=float)
        blocks = table.reshape(9, 206, 3)
        np.testing.assert_array_equal(found.x.values, blocks[0, :, 0])
        np.testing.assert_array_equal(found.intensity, blocks[:, :, 1].T)
        assert found.uncertainty is not None
        np.testing.assert_array_equal(found.uncertainty, blocks[:, :, 2].T)
        # a wavelength of 2.5 angstrom, as the names of the files say
        assert found.incident_energy == pytest.approx(81.8042e-3 / 2.5**2, rel=1e-3)
        # the elastic line is at zero energy transfer
        peak = found.x.values[np.argmax(found.intensity.sum(axis=1))]
        assert abs(peak) <= 0.1
    assert one(folder / "Vana_2p5_cool__tt_cr.txt").temperature == 276.03


def test_lamp_files(shared_data: Path) -> None:
    folder = shared_data / "qens-qensmodels/data"
    water = one(folder / "H2O_293K_5A.hdf", technique="qens")
    assert (water.shape, water.axes[0].quantity) == ((160, 17), "Q")
    assert water.temperature == pytest.approx(293, abs=1)
    assert water.incident_energy == pytest.approx(81.8042e-3 / 25, rel=1e-4)
    vanadium = one(folder / "V_273K_5A.hdf")
    peaks = vanadium.x.values[np.nanargmax(vanadium.intensity, axis=0)]
    assert np.abs(peaks).max() < 0.15
    assert vanadium.uncertainty is not None
    # LAMP's error of -1: not measured
    assert np.array_equal(np.isnan(vanadium.intensity), np.isnan(vanadium.uncertainty))
    assert int(np.isnan(vanadium.intensity).sum()) == 130
    assert np.nanmin(vanadium.uncertainty) >= 0
    with pytest.raises(BadInput, match=r"--technique ins\|qens"):
        one(folder / "IsoRot_Resol.hdf")
    assert (
        "axes"
        in one(folder / "IsoRot_Resol.hdf", technique="qens").provenance.parameters["guessed"]
    )


def test_histograms_agree_with_the_arrays_saved_beside_them(shared_data: Path) -> None:
    folder = shared_data / "ins-multiphonon"
    found = one(folder / "tests/data/Al-iqe.h5")
    arrays = {k: np.load(folder / f"examples/data/Al-iqe-{k}.npy") for k in ("E", "Q", "I", "E2")}
    np.testing.assert_allclose(found.x.values, arrays["E"], atol=1e-9)
    np.testing.assert_allclose(found.axes[0].values, arrays["Q"])
    np.testing.assert_array_equal(found.intensity, arrays["I"].T)
    assert found.uncertainty is not None
    np.testing.assert_allclose(found.uncertainty, np.sqrt(arrays["E2"].T))
    dos = one(folder / "tests/data/graphite-Ei_130-dos.h5")
    assert (dos.technique, dos.x.unit) == ("phonon_dos", "meV")


def fields(values: list[float]) -> str:
    """Fields of ten characters, eight a line, as Fortran writes them."""
    words = [f"{v:10.3E}" for v in values]
    return "\n".join("".join(words[n : n + 8]) for n in range(0, len(words), 8)) + "\n"


def spe(points: int, masked: bool = False) -> str:
    text = f"{2:8d}{points:8d}\n### Phi Grid\n" + fields([0.5, 1.5, 2.5])
    text += "### Energy Grid\n" + fields([-1.0 + 2 * n for n in range(points + 1)])
    for group in range(2):
        signal = [-1e30 if masked and group else 100.0 * group + n for n in range(points)]
        text += "### S(Phi,w)\n" + fields(signal) + "### Errors\n" + fields([0.5] * points)
    return text


@pytest.mark.parametrize("points", [1, 8, 11])
def test_spe_text(points: int) -> None:
    source = Source(Path("map.spe"), spe(points).encode())
    assert reader_for(source).name == "isis_spe"
    (found,) = read_spe(source)
    np.testing.assert_allclose(found.x.values, 2.0 * np.arange(points))
    np.testing.assert_allclose(found.intensity, np.arange(points)[:, None] + [0.0, 100.0])
    np.testing.assert_allclose(found.axes[0].values, [1, 2])


def test_older_programs_write_angles_and_a_zero() -> None:
    text = spe(4).replace(fields([0.5, 1.5, 2.5]), "  30.5  12.25  0\n")
    (found,) = read_spe(Source(Path("map.spe"), text.encode()))
    np.testing.assert_array_equal(found.axes[0].values, [30.5, 12.25])
    assert "values" in found.provenance.parameters["guessed"]["grid"]


def test_masked_detectors_of_spe_are_nan() -> None:
    # the fields touch: -1.000E+30-1.000E+30
    (found,) = read_spe(Source(Path("map.spe"), spe(9, masked=True).encode()))
    np.testing.assert_array_equal(np.isnan(found.intensity).sum(axis=0), [0, 9])


DAVE = """# Number of Energy transfer values
3
# Number of q values
2
# Energy transfer ({unit}) values
-1.0
0.0
1.0
# q (1/Angstroms) values
0.5
1.5
# Group 0
1 0.1
2 0.2
3 0.3
# Group 1
4 0.4
5 0.5
6 0.6
"""


@pytest.mark.parametrize(("unit", "scale"), [("meV", 1.0), ("micro eV", 1e-3)])
def test_dave_groups(unit: str, scale: float) -> None:
    (found,) = read_dave(Source(Path("a.grp"), DAVE.format(unit=unit).encode()))
    energy = canonical_axis(found.x, "ins", None, "a.grp")
    np.testing.assert_allclose(energy.values, scale * np.array([-1, 0, 1]))
    np.testing.assert_array_equal(found.intensity, [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(found.axes[0].values, [0.5, 1.5])


def test_groups_of_different_energies_are_spectra_of_their_own() -> None:
    group = "{n} 1 2 0 0 0 0 {n}\ntitle\n{angle} 13.1 2.51 10.0 1 0\n0 4 0\n"
    text = group.format(n=2, angle=10) + "0 1 0.1\n1 2 0.1\n"
    text += group.format(n=3, angle=20) + "0 1 0.1\n1 2 0.1\n2 3 0.1\n"
    found = read_inx(Source(Path("a.inx"), text.encode()))
    assert [s.shape for s in found] == [(2,), (3,)]
    assert [s.provenance.parameters["two_theta"] for s in found] == [10, 20]


def test_faults_are_named() -> None:
    with pytest.raises(BadInput, match=r"a\.spe, line 1: count"):
        read_spe(Source(Path("a.spe"), spe(8).replace("       8\n", " 9999999\n", 1).encode()))
    with pytest.raises(BadInput, match=r"a\.spe, line \d+: expected ### Errors"):
        read_spe(Source(Path("a.spe"), spe(8).replace("### Errors", "### Errata").encode()))
    with pytest.raises(BadInput, match="line 2: number of energies"):
        read_dave(Source(Path("a.grp"), DAVE.replace("\n3\n", "\n10000000000\n", 1).encode()))
    with pytest.raises(BadInput, match=r"a\.inx, line 1: channels"):
        read_inx(Source(Path("a.inx"), b"9 1 2 0 0 0 0 206\nt\n1 13 2.5 0 1 0\n0 4 0\n1 2 3\n"))
