"""RRUFF text files, and collections of patterns in .npz."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum

TEXT = """##NAMES=Quartz
##LOCALITY=Spruce Claim, King County, Washington, USA
##RRUFFID=R040031
##IDEAL CHEMISTRY=SiO_2_
##X-RAY WAVELENGTH=1.541838
"""
ROWS = "".join(f"{5 + 0.01 * n:.3f}, {n * n}\n" for n in range(30)) + "##END=\n"
ANGLES = 5 + 0.01 * np.arange(30)


def read(content: bytes, name: str, **hints: Any) -> list[Spectrum]:
    source = Source(Path(name), content, hints)
    return list(reader_for(source).read(source))  # type: ignore[arg-type]


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def test_a_pattern_of_rruff_is_read() -> None:
    (spectrum,) = read((TEXT + ROWS).encode(), "Quartz__R040031.txt")
    assert (spectrum.technique, spectrum.sample_id, spectrum.title) == ("xrd", "R040031", "Quartz")
    assert spectrum.wavelength == 1.541838
    np.testing.assert_allclose(spectrum.x.values, ANGLES)
    np.testing.assert_array_equal(spectrum.intensity, np.arange(30) ** 2)
    assert spectrum.provenance.parameters["header"]["IDEAL CHEMISTRY"] == "SiO_2_"


def test_a_wavelength_that_is_missing_is_a_guess() -> None:
    text = TEXT.replace("##X-RAY WAVELENGTH=1.541838\n", "")
    (spectrum,) = read((text + ROWS).encode(), "a.txt")
    assert "wavelength" in spectrum.provenance.parameters["guessed"]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (TEXT + "##RAMAN WAVELENGTH=532\n" + ROWS, Unsupported, "Raman"),
        (TEXT + ROWS.replace("5.1", "1205.1"), Unsupported, "infrared"),
        (TEXT + ROWS.replace("5.050", "5.O5"), BadInput, "line 11: expected 2 numbers"),
        (TEXT, BadInput, "a table"),
        (TEXT.replace("1.541838", "long") + ROWS, BadInput, "X-RAY WAVELENGTH"),
    ],
)
def test_faults_of_rruff_are_named(text: str, error: type[BadInput], message: str) -> None:
    with pytest.raises(error, match=message):
        read(text.encode(), "a.txt")


CURVES = np.arange(90, dtype=np.float32).reshape(3, 30)


def test_each_row_of_a_collection_is_a_spectrum_with_its_labels() -> None:
    content = npz(intensity=CURVES, two_theta=ANGLES, crystal_system=np.array([0, 6, 3]))
    spectra = read(content, "a.npz", technique="xrd", wavelength=1.54184)
    assert [s.provenance.file_part for s in spectra] == [f"intensity[{n}]" for n in range(3)]
    np.testing.assert_array_equal(spectra[1].intensity, CURVES[1])
    np.testing.assert_allclose(spectra[1].x.values, ANGLES)
    assert spectra[1].provenance.parameters["labels"] == {"crystal_system": 6}


def test_the_real_collection_is_read_as_told(shared_data: Path) -> None:
    path = shared_data / "xrd-rruff-experimental" / "rruff.npz"
    content = path.read_bytes()
    hints = {"technique": "xrd", "wavelength": 1.54184}
    with pytest.raises(BadInput, match="the option x"):
        read(content, path.name, **hints)
    spectra = read(content, path.name, x="5.00:89.99", **hints)
    with np.load(path, allow_pickle=False) as stated:
        assert len(spectra) == len(stated["intensity"])
        np.testing.assert_array_equal(spectra[-1].intensity, stated["intensity"][-1])
        labels = spectra[-1].provenance.parameters["labels"]
        assert labels["space_group"] == stated["space_group"][-1]
    np.testing.assert_allclose(np.diff(spectra[0].x.values), 0.01)


def forged(shape: str) -> bytes:
    """An array that declares more than it holds."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(80)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("intensity.npy", array)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (forged("(100000000000, 8)"), BadInput, "100000000000, 8.*values of float64"),
        (npz(intensity=np.array([{}, {}], dtype=object)), Unsupported, "could run code"),
        (npz(intensity=CURVES, two_theta=ANGLES)[:-30], BadInput, "complete ZIP"),
        (npz(other=CURVES), BadInput, "an array of curves called intensity"),
        (npz(intensity=CURVES, q=np.arange(7)), BadInput, "an array of 30 values"),
        (npz(intensity=CURVES, two_theta=ANGLES, errors=ANGLES), BadInput, "shape"),
        (b"\x93NUMPY\x01\x00" + bytes(50), Unsupported, r"one array \(.npy\)"),
    ],
)
def test_faults_of_collections_are_named(
    content: bytes, error: type[BadInput], message: str
) -> None:
    with pytest.raises(error, match=message):
        read(content, "a.npz", technique="xrd", wavelength=1.54)
