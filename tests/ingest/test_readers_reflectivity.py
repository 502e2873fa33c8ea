"""Reflectivity in columns: what the width of Q is, and where that was learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from registry.errors import BadInput
from registry.records import Spectrum

SIGMA = 1 / (2 * np.sqrt(2 * np.log(2)))


def read(path: Path, content: bytes | None = None, **hints: str) -> Spectrum:
    source = Source(path, path.read_bytes() if content is None else content, dict(hints))
    assert reader_for(source).name == "reflectivity", path
    (found,) = reader_for(source).read(source)
    assert isinstance(found, Spectrum)
    return found


def test_files_of_platypus(shared_data: Path) -> None:
    paths = sorted((shared_data / "nr-refnx").rglob("c_PLP*"))
    assert len(paths) > 6
    for path in paths:
        found = read(path)
        text = path.read_text()  # some end their lines with a carriage return
        header = text.startswith("Q")
        table = np.loadtxt(text.splitlines(), skiprows=int(header))
        assert (found.technique, found.instrument) == ("nr", "PLATYPUS")
        np.testing.assert_array_equal(found.x.values, table[:, 0])
        np.testing.assert_array_equal(found.intensity, table[:, 1])
        assert found.uncertainty is not None and found.resolution is not None
        np.testing.assert_array_equal(found.uncertainty, table[:, 2])
        np.testing.assert_allclose(found.resolution, SIGMA * table[:, 3])
        parameters = found.provenance.parameters
        assert parameters["resolution_given_as"] == "FWHM"
        assert ("resolution" in parameters["guessed"]) is not header


def test_what_the_user_says_wins(shared_data: Path) -> None:
    path = shared_data / "nr-refnx/examples/global_fitting_motofit/e361r.txt"
    table = np.loadtxt(path)
    assumed = read(path, technique="nr")
    assert assumed.resolution is not None
    np.testing.assert_array_equal(assumed.resolution, table[:, 3])
    assert "dx_fwhm" in assumed.provenance.parameters["guessed"]["resolution"]
    told = read(path, technique="nr", columns="x,y,dy,dx_fwhm")
    assert told.resolution is not None
    np.testing.assert_allclose(told.resolution, SIGMA * table[:, 3])
    assert told.provenance.parameters["resolution_given_as"] == "FWHM"
    assert "resolution" not in told.provenance.parameters["guessed"]


def test_every_curve_is_read_once_its_probe_is_told(shared_data: Path) -> None:
    paths = [
        *(shared_data / "nr-refnx").rglob("e36*r.txt"),
        *(shared_data / "nr-orso-analysis/model_library").rglob("*.dat"),
        *(shared_data / "nr-orso-analysis/validation/test/unpolarised/data").glob("*.dat"),
    ]
    assert len(paths) > 15
    for path in paths:
        found = read(path, technique="nr")
        assert found.intensity.max() < 1.5
        assert found.x.values.max() <= 1


def test_names_above_the_columns_tell_the_width() -> None:
    rows = "".join(f"{0.01 * n} {0.0005 * n} {1 / n**4} {0.1 / n**4}\n" for n in range(1, 12))
    content = f"# intensity: 1\n# Q (1/A)  dQ (1/A)  R  dR\n{rows}".encode()
    found = read(Path("fit-refl.dat"), content, technique="xrr")
    assert found.technique == "xrr" and found.resolution is not None
    np.testing.assert_allclose(found.resolution, 0.0005 * np.arange(1, 12))
    assert found.provenance.parameters["resolution_given_as"] == "one standard deviation"
    with pytest.raises(BadInput, match="nr or xrr"):
        read(Path("fit-refl.dat"), content)
