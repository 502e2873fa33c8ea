"""CXI: frames, mask and positions; sizes are looked at before anything is read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers.cxi import read
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum


def cxi(**data: Any) -> Source:
    """A CXI file whose detector holds ``data``; None makes a declared array without content."""
    file = io.BytesIO()
    with h5py.File(file, "w") as root:
        root["cxi_version"] = 150
        detector = root.create_group("entry_1/instrument_1/detector_1")
        for name, value in data.items():
            if isinstance(value, tuple):
                detector.create_dataset(name, value, "i4", chunks=(1, 64, 64), compression="gzip")
            else:
                detector[name] = value
        root["entry_1/instrument_1/source_1/energy"] = 1.602176634e-19 * 8000
    return Source(Path("a.cxi"), file.getvalue())


def test_a_measured_file(shared_data: Path) -> None:
    (path,) = (shared_data / "ptycho-cdtools").glob("*.cxi")
    source = Source(path, path.read_bytes())
    assert reader_for(source).name == "cxi"
    (found,) = read(source)
    assert isinstance(found, Spectrum)
    assert (found.technique, found.shape) == ("imaging", (200, 100, 100))
    assert found.incident_energy == pytest.approx(12_660, rel=1e-3)
    with h5py.File(path) as file:
        entry = file["entry_1"]
        frames, mask = (
            entry["instrument_1/detector_1/data"][()],
            entry["instrument_1/detector_1/mask"][()],
        )
        shifts = entry["sample_1/geometry_1/translation"][()]
        wavelength = entry["instrument_1/source_1/wavelength"][()] * 1e10
    good = mask == 0
    np.testing.assert_array_equal(found.intensity[:, good], frames[:, good])
    assert np.isnan(found.intensity[:, ~good]).all()
    np.testing.assert_allclose(found.provenance.parameters["translations"], shifts)
    assert found.wavelength == pytest.approx(wavelength, rel=1e-4)


def test_more_than_64_mb_is_one_spectrum() -> None:
    (found,) = read(cxi(data=np.ones((70, 512, 512), dtype=np.uint16), x_pixel_size=75e-6))
    assert found.intensity.nbytes > 64e6
    assert found.shape == (70, 512, 512)
    assert (found.axes[1].unit, found.axes[0].unit) == ("m", "")


def test_declared_sizes_are_refused_before_reading() -> None:
    source = cxi(data=(10**6, 64, 64))
    assert len(source.content) < 10**5
    with pytest.raises(Unsupported, match=r"at most 1 GiB, found .*15\.3 GiB"):
        read(source)


def test_faults_are_named() -> None:
    frames = np.ones((3, 4, 5))
    with pytest.raises(BadInput, match=r"a\.cxi: entry_1: mask: expected shape \(4, 5\)"):
        read(cxi(data=frames, mask=np.zeros((5, 4))))
    with pytest.raises(BadInput, match="detector_1/data"):
        read(cxi(distance=1.0))
    with pytest.raises(BadInput, match="frames of real numbers"):
        read(cxi(data=np.ones(5)))
