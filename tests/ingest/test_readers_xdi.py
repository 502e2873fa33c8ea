"""XDI: the public XAS data library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers.xdi import read
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum
from registry.units import canonical_axis

HEADER = """# XDI/1.0
# Column.1: energy keV
# Column.2: {second}
# Column.3: {third}
# Element.symbol: Cu
# Element.edge: K
# Sample.temperature: 10 K
# Mono.d_spacing: 3.13553
# ///
# -----
"""


def xdi(second: str, third: str, rows: str, header: str = HEADER) -> Spectrum:
    text = header.format(second=second, third=third) + rows
    (spectrum,) = read(Source(Path("a.xdi"), text.encode()))
    return spectrum


ROWS = "8.9 100 50\n8.95 100 25\n9.0 100 20\n"


def test_the_library_is_read(shared_data: Path) -> None:
    from xraydb import xray_edge

    files = sorted((shared_data / "xas-xasdatalibrary").rglob("*.x*di"))[::3]
    assert len(files) > 40
    for path in files:
        source = Source(path, path.read_bytes())
        (spectrum,) = reader_for(source).read(source)
        assert isinstance(spectrum, Spectrum)
        energy = canonical_axis(spectrum.x, "xas", None, path.name).values
        edge = xray_edge(spectrum.absorber, spectrum.edge).energy
        assert energy.min() < edge < energy.max(), path.name
        assert spectrum.absorber == path.parent.name
        assert spectrum.sample_id
        # the absorption rises over the edge, whatever it was formed from
        before, after = energy < edge - 30, energy > edge + 30
        if before.any() and after.any():
            near = spectrum.intensity[after][:20].mean() - spectrum.intensity[before][-5:].mean()
            assert near > 0, path.name


def test_header_fields_are_kept(shared_data: Path) -> None:
    path = shared_data / "xas-xasdatalibrary" / "Fe" / "FeS2_rt_01.xdi"
    (spectrum,) = read(Source(path, path.read_bytes()))
    stated = np.loadtxt(path)
    np.testing.assert_allclose(spectrum.intensity, np.log(stated[:, 1] / stated[:, 2]))
    assert (spectrum.absorber, spectrum.edge, spectrum.instrument) == ("Fe", "K", "APS 13-BM-D")
    assert spectrum.time is not None and spectrum.time.isoformat() == "2002-03-16T15:13:22+00:00"
    parameters = spectrum.provenance.parameters
    assert parameters["mono_d_spacing"] == 3.1355
    assert parameters["formed"] == "ln(i0/itrans)"
    assert "room" in parameters["guessed"]["temperature"].lower()


@pytest.mark.parametrize(
    ("columns", "formed", "values"),
    [
        (("i0", "itrans"), "ln(i0/itrans)", np.log([2, 4, 5])),
        (("i0", "ifluor"), "ifluor/i0", np.array([0.5, 0.25, 0.2])),
        (("i0", "mutrans"), "mutrans", np.array([50.0, 25, 20])),
        (("i0", "mufluor"), "mufluor", np.array([50.0, 25, 20])),
    ],
)
def test_what_was_formed_is_recorded(
    columns: tuple[str, str], formed: str, values: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> None:
    spectrum = xdi(*columns, ROWS)
    np.testing.assert_allclose(spectrum.intensity, values)
    assert spectrum.provenance.parameters["formed"] == formed
    assert (spectrum.x.unit, spectrum.temperature) == ("keV", 10.0)


def test_faults_are_named() -> None:
    with pytest.raises(BadInput, match=r"ln\(i0/itrans\).*point 2"):
        xdi("i0", "itrans", ROWS.replace("25", "-25"))
    with pytest.raises(BadInput, match=r"a\.xdi, line 12: expected 3 numbers"):
        xdi("i0", "itrans", ROWS.replace("25", "2O5") + ROWS)
    with pytest.raises(BadInput, match=r"element\.symbol"):
        xdi("i0", "itrans", ROWS, HEADER.replace("# Element.symbol: Cu\n", ""))
    with pytest.raises(BadInput, match="columns: expected mutrans"):
        xdi("i0", "dwell_time", ROWS)
    with pytest.raises(Unsupported, match="energy"):
        xdi("i0", "itrans", ROWS, HEADER.replace("energy keV", "angle degrees"))
