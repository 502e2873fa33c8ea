"""ORSO reflectivity: files of the standard's own library and of an instrument."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers.orso import read
from registry.errors import BadInput
from registry.records import Spectrum
from registry.units import canonical_axis


def written(probe: str, **column: object) -> bytes:
    """A file as orsopy itself writes it."""
    from orsopy import fileio

    info = fileio.Orso.empty()
    info.data_source.experiment.probe = probe
    info.columns = [
        fileio.Column("Qz", "1/nm"),
        fileio.Column("R"),
        fileio.ErrorColumn("R", value_is="FWHM"),
        fileio.ErrorColumn("Qz"),
    ]
    table = np.column_stack([np.arange(1, 6) / 10, np.geomspace(1, 1e-4, 5), np.ones((5, 2))])
    buffer = io.StringIO()
    fileio.save_orso([fileio.OrsoDataset(info, table)], buffer)
    return buffer.getvalue().encode()


def test_every_file_is_read_with_its_header(shared_data: Path) -> None:
    for path in sorted(shared_data.rglob("*.ort")):
        source = Source(path, path.read_bytes())
        for spectrum in reader_for(source).read(source):
            assert isinstance(spectrum, Spectrum)
            canonical_axis(spectrum.x, spectrum.technique, None, path.name)
            assert (spectrum.technique, spectrum.instrument) == ("nr", "Amor")
            assert spectrum.sample_id and spectrum.title
            assert spectrum.uncertainty is not None and spectrum.resolution is not None


def test_the_table_is_that_of_the_file(shared_data: Path) -> None:
    path = shared_data / "nr-orso" / "examples" / "prist5_10K_m_025.Rqz.ort"
    (spectrum,) = read(Source(path, path.read_bytes()))
    stated = np.loadtxt(path)
    np.testing.assert_array_equal(spectrum.x.values, stated[:, 0])
    np.testing.assert_array_equal(spectrum.intensity, stated[:, 1])
    np.testing.assert_array_equal(spectrum.uncertainty, stated[:, 2])
    np.testing.assert_array_equal(spectrum.resolution, stated[:, 3])


def test_data_sets_of_one_file_keep_their_names_and_polarisation(shared_data: Path) -> None:
    path = shared_data / "nr-orso" / "orsopy" / "fileio" / "tests" / "test_example2.ort"
    spectra = read(Source(path, path.read_bytes()))
    assert [s.provenance.file_part for s in spectra] == ["spin_up", "spin_down"]
    assert [s.polarisation for s in spectra] == ["po", "mo"]
    assert [s.shape for s in spectra] == [(2,), (4,)]


@pytest.mark.parametrize(("probe", "technique"), [("neutron", "nr"), ("x-ray", "xrr")])
def test_the_probe_decides_and_widths_become_standard_deviations(
    probe: str, technique: str
) -> None:
    (spectrum,) = read(Source(Path("a.ort"), written(probe)))
    assert (spectrum.technique, spectrum.x.unit) == (technique, "1/nm")
    np.testing.assert_allclose(spectrum.uncertainty, 1 / 2.354820045, rtol=1e-9)
    np.testing.assert_allclose(spectrum.resolution, 1)


def test_faults_are_refused() -> None:
    good = written("neutron")
    for damage in (b"", b"# no ORSO here\n", good[: len(good) // 3], good.replace(b"- {", b"- {{")):
        with pytest.raises(BadInput):
            read(Source(Path("a.ort"), damage))
    with pytest.raises(BadInput, match="tables that fit it"):
        read(Source(Path("a.ort"), good.replace(b"e-01", b"x-01", 1)))
