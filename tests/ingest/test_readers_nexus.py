"""General NeXus: the rules of NXdata old and new, and what an entry says about its data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers.nexus import READER
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum
from registry.units import canonical_axis

ANGLES = np.linspace(5, 65, 61)
COUNTS = np.arange(61) + 100
Fill = Callable[[h5py.Group, h5py.Group], None]


def content(tmp_path: Path, fill: Fill, definition: str = "") -> bytes:
    """A file with one entry and one NXdata, both of which ``fill`` completes."""
    path = tmp_path / "made.nxs"
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        if definition:
            entry["definition"] = definition
        data = entry.create_group("data")
        data.attrs["NX_class"] = "NXdata"
        fill(entry, data)
    return path.read_bytes()


def read(made: bytes, name: str = "a.nxs", **hints: Any) -> list[Spectrum]:
    source = Source(Path(name), made, hints)
    assert reader_for(source).name == "nexus"
    spectra = [s for s in READER.read(source) if isinstance(s, Spectrum)]
    for spectrum in spectra:
        canonical_axis(spectrum.x, spectrum.technique, spectrum.wavelength, name)
        assert spectrum.shape == (len(spectrum.x.values), *(len(a.values) for a in spectrum.axes))
    return spectra


def field(group: h5py.Group, name: str, values: Any, **attributes: Any) -> None:
    group[name] = values
    group[name].attrs.update(attributes)


def named(group: h5py.Group, name: str, kind: str) -> h5py.Group:
    child = group.create_group(name)
    child.attrs["NX_class"] = kind
    return child


def powder(entry: h5py.Group, data: h5py.Group) -> None:
    data.attrs.update({"signal": "counts", "axes": ["two_theta"], "two_theta_indices": 0})
    field(data, "counts", COUNTS, units="counts")
    field(data, "counts_errors", np.sqrt(COUNTS))
    field(data, "two_theta", ANGLES, units="degrees")
    entry["title"] = "LaB6"
    entry["start_time"] = "2024-05-01T10:00:00+02:00"
    instrument = named(entry, "instrument", "NXinstrument")
    instrument["name"] = "ID22"
    source = named(instrument, "source", "NXsource")
    source["probe"], source["name"] = "x-ray", "ESRF"
    field(source, "energy", 6.0, units="GeV")
    field(named(instrument, "mono", "NXmonochromator"), "wavelength", 0.0354, units="nm")
    sample = named(entry, "sample", "NXsample")
    sample["name"] = "SRM 660c"
    field(sample, "temperature", 22.0, units="degC")


def test_a_curve_and_all_that_the_entry_says(tmp_path: Path) -> None:
    (spectrum,) = read(content(tmp_path, powder))
    assert (spectrum.technique, spectrum.kind, spectrum.title) == ("xrd", "experimental", "LaB6")
    np.testing.assert_array_equal(spectrum.x.values, ANGLES)
    np.testing.assert_array_equal(spectrum.intensity, COUNTS)
    np.testing.assert_allclose(spectrum.uncertainty, np.sqrt(COUNTS))
    assert spectrum.wavelength == pytest.approx(0.354)
    assert spectrum.temperature == pytest.approx(295.15)
    assert (spectrum.sample_id, spectrum.instrument, spectrum.facility) == (
        "SRM 660c",
        "ID22",
        "ESRF",
    )
    assert spectrum.incident_energy is None  # that of the ring is none of the beam's
    assert spectrum.time is not None and spectrum.time.hour == 8
    assert spectrum.provenance.file_part == "/entry/data/counts"


def test_a_photon_energy_gives_the_wavelength_that_an_angle_needs(tmp_path: Path) -> None:
    def fill(entry: h5py.Group, data: h5py.Group) -> None:
        powder(entry, data)
        del entry["instrument/mono/wavelength"]
        field(entry["instrument/mono"], "energy", 12.398419843, units="keV")

    (spectrum,) = read(content(tmp_path, fill))
    assert spectrum.wavelength == pytest.approx(1.0)
    assert "photon energy" in spectrum.provenance.parameters["formed"]


def test_stored_integers_are_scaled_by_the_rule_of_nexus(tmp_path: Path) -> None:
    def fill(entry: h5py.Group, data: h5py.Group) -> None:
        powder(entry, data)
        data["counts_scaling_factor"], data["counts_offset"] = -0.5, 10

    (spectrum,) = read(content(tmp_path, fill))
    np.testing.assert_allclose(spectrum.intensity, (COUNTS + 10) * -0.5)
    np.testing.assert_allclose(spectrum.uncertainty, np.sqrt(COUNTS) * 0.5)


def test_auxiliary_signals_are_spectra_of_their_own(tmp_path: Path) -> None:
    def fill(entry: h5py.Group, data: h5py.Group) -> None:
        powder(entry, data)
        data.attrs["auxiliary_signals"] = ["other"]
        field(data, "other", COUNTS * 2.0)

    first, second = read(content(tmp_path, fill))
    np.testing.assert_array_equal(second.intensity, first.intensity * 2)
    assert second.provenance.file_part == "/entry/data/other"
    assert second.uncertainty is None


ENERGY, Q = np.linspace(-10, 30, 41), np.linspace(0.5, 5, 10)
MAP = np.arange(10 * 40.0).reshape(10, 40)


def transfer(entry: h5py.Group, data: h5py.Group) -> None:
    data.attrs.update({"signal": "s", "axes": ["q", "energy_transfer"]})
    field(data, "s", MAP)
    field(data, "s_errors", MAP + 1)
    field(data, "q", Q, units="1/angstrom")
    field(data, "energy_transfer", ENERGY, units="meV")


def old_marks(entry: h5py.Group, data: h5py.Group) -> None:
    field(data, "s", MAP, signal=1)
    field(data, "errors", MAP + 1)
    field(data, "q", Q, units="1/angstrom", axis=1)
    field(data, "e", ENERGY, units="meV", axis=2, long_name="Energy transfer")


def old_marks_fastest_first(entry: h5py.Group, data: h5py.Group) -> None:
    old_marks(entry, data)
    data["q"].attrs["axis"], data["e"].attrs["axis"] = 2, 1


def old_text(entry: h5py.Group, data: h5py.Group) -> None:
    old_marks(entry, data)
    for name in ("q", "e"):
        del data[name].attrs["axis"]
    data["s"].attrs["axes"] = "[q:e]"


def by_indices(entry: h5py.Group, data: h5py.Group) -> None:
    transfer(entry, data)
    data.attrs["axes"] = ["energy_transfer", "."]
    data.attrs.update({"energy_transfer_indices": 1, "q_indices": [0]})
    data.attrs["axes"] = ["."] * 2


def as_mantid_writes(entry: h5py.Group, data: h5py.Group) -> None:
    field(data, "values", MAP, signal=1, axes="axis2,axis1")
    field(data, "errors", MAP + 1)
    field(data, "axis1", ENERGY, units="DeltaE")
    field(data, "axis2", Q, units="MomentumTransfer")


@pytest.mark.parametrize(
    "fill", [as_mantid_writes, transfer, old_marks, old_marks_fastest_first, old_text, by_indices]
)
def test_every_way_of_naming_axes_gives_the_same_map(tmp_path: Path, fill: Fill) -> None:
    (spectrum,) = read(content(tmp_path, fill))
    assert (spectrum.technique, spectrum.x.quantity, spectrum.x.unit) == (
        "ins",
        "energy_transfer",
        "meV",
    )
    # boundaries of bins become centres, and energy comes first
    np.testing.assert_allclose(spectrum.x.values, (ENERGY[1:] + ENERGY[:-1]) / 2)
    np.testing.assert_array_equal(spectrum.axes[0].values, Q)
    np.testing.assert_array_equal(spectrum.intensity, MAP.T)
    np.testing.assert_array_equal(spectrum.uncertainty, MAP.T + 1)
    assert len(spectrum.provenance.parameters["bin_boundaries"]) == 1


def test_nxspe_is_a_map_over_energy_transfer_and_angle(tmp_path: Path) -> None:
    def fill(entry: h5py.Group, data: h5py.Group) -> None:
        field(data, "data", MAP, signal=1, axes="polar:energy")
        field(data, "error", MAP + 1)
        field(data, "polar", np.linspace(3, 120, 10), units="degrees")
        field(data, "energy", ENERGY, units="meV")
        info = named(entry, "NXSPE_info", "NXcollection")
        field(info, "fixed_energy", 45.0, units="meV")

    (spectrum,) = read(content(tmp_path, fill, "NXSPE"), "a.nxspe")
    assert (spectrum.technique, spectrum.incident_energy) == ("ins", pytest.approx(0.045))
    assert (spectrum.axes[0].quantity, spectrum.axes[0].unit) == ("two_theta", "degree")
    np.testing.assert_array_equal(spectrum.uncertainty, MAP.T + 1)


def test_the_default_entry_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "two.nxs"
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "second"
        for name in ("first", "second"):
            entry = named(file, name, "NXentry")
            powder(entry, named(entry, "data", "NXdata"))
    parts = [s.provenance.file_part for s in read(path.read_bytes())]
    assert parts == ["/second/data/counts", "/first/data/counts"]


def test_a_group_that_links_repeat_is_read_once(tmp_path: Path) -> None:
    def fill(entry: h5py.Group, data: h5py.Group) -> None:
        powder(entry, data)
        entry["plot"] = data

    assert len(read(content(tmp_path, fill))) == 1


def test_what_cannot_be_placed_is_named_with_its_reason(tmp_path: Path) -> None:
    def fill(entry: h5py.Group, data: h5py.Group) -> None:
        powder(entry, data)
        raw = named(entry, "raw", "NXdata")
        raw.attrs["signal"] = "frames"
        raw["frames"] = np.zeros((2, 3, 4))

    (spectrum,) = read(content(tmp_path, fill))
    assert "--technique" in spectrum.provenance.parameters["passed_over"]["/entry/raw"]


def test_the_real_arpes_map_keeps_every_number(shared_data: Path) -> None:
    path = shared_data / "arpes-wse2-pynxtools" / "201805_WSe2_arpes.nxs"
    (spectrum,) = read(path.read_bytes(), path.name)
    with h5py.File(path) as file:
        stated = np.asarray(file["entry/data/data"])
        np.testing.assert_array_equal(spectrum.intensity, stated.transpose(1, 0, 2))
        np.testing.assert_array_equal(spectrum.x.values, file["entry/data/energies"])
    assert [a.quantity for a in spectrum.axes] == ["angles", "delays"]
    assert [a.unit for a in spectrum.axes] == ["1/angstrom", "fs"]
    assert (spectrum.technique, spectrum.sample_id, spectrum.temperature) == ("arpes", "WSe2", 300)
    assert spectrum.incident_energy == pytest.approx(36.497, abs=1e-3)


def test_the_real_survey_spectrum_is_over_binding_energy(shared_data: Path) -> None:
    path = shared_data / "xps-pynxtools-xps" / "examples" / "phi" / "SnO2_10nm.spe.nxs"
    (spectrum,) = read(path.read_bytes(), path.name)
    assert (spectrum.technique, spectrum.x.quantity) == ("xps", "binding_energy")
    with h5py.File(path) as file:
        np.testing.assert_array_equal(spectrum.intensity, file["Su1s/data/data"])


def nameless(entry: h5py.Group, data: h5py.Group) -> None:
    data.attrs.update({"signal": "s", "axes": ["y", "x"]})
    data["s"], data["y"], data["x"] = MAP, Q, ENERGY[:40]


def test_the_technique_is_asked_for_and_then_taken(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--technique"):
        read(content(tmp_path, nameless))
    (spectrum,) = read(content(tmp_path, nameless), technique="qens")
    np.testing.assert_array_equal(spectrum.x.values, ENERGY[:40])
    assert {"x", "x_unit"} <= spectrum.provenance.parameters["guessed"].keys()


def changed(what: str, value: Any, group: str = "data", **attributes: Any) -> Fill:
    def fill(entry: h5py.Group, data: h5py.Group) -> None:
        powder(entry, data)
        owner = entry[group]
        if what in owner:
            del owner[what]
        if value is not None:
            field(owner, what, value, **attributes)

    return fill


def huge(entry: h5py.Group, data: h5py.Group) -> None:
    powder(entry, data)
    del data["counts"]
    data.create_dataset("counts", shape=(10**6, 10**6), chunks=(1000, 1000), dtype="f8")


def unwritten(entry: h5py.Group, data: h5py.Group) -> None:
    powder(entry, data)
    del data["counts"]
    data.create_dataset("counts", shape=(6000, 6000), chunks=(1000, 1000), dtype="f8")


def outside(entry: h5py.Group, data: h5py.Group) -> None:
    powder(entry, data)
    data["more"] = h5py.ExternalLink("/etc/hostname", "/")


@pytest.mark.parametrize(
    ("fill", "error", "message"),
    [
        (changed("counts", None), BadInput, "data/counts: expected a data set of numbers"),
        (changed("counts", "many"), BadInput, "data/counts: expected a data set of numbers"),
        (changed("counts_errors", np.ones(7)), BadInput, r"counts_errors: expected shape \(61,\)"),
        (changed("two_theta", np.ones(7)), BadInput, "--technique"),
        (changed("two_theta", ANGLES, units="9**9**9**9"), BadInput, "two_theta: units"),
        (changed("counts_offset", "x"), BadInput, "offset: expected one number"),
        (changed("probe", "muon", "instrument/source"), BadInput, r"--technique xrd\|npd"),
        (changed("wavelength", None, "instrument/mono"), BadInput, "--wavelength"),
        (changed("temperature", 5.0, "sample", units="parsec"), BadInput, "temperature in K or C"),
        (huge, Unsupported, "up to 50000000 numbers"),
        (unwritten, BadInput, "nothing written"),
        (outside, BadInput, "data in this file"),
    ],
)
def test_faults_are_named(tmp_path: Path, fill: Fill, error: type[BadInput], message: str) -> None:
    with pytest.raises(error, match=message):
        read(content(tmp_path, fill))


def test_a_heap_on_which_hdf5_never_returns_is_refused(tmp_path: Path) -> None:
    made = bytearray(content(tmp_path, powder))
    heap = made.index(b"GCOL")
    # the first object claims the place of the free space, of size zero
    made[heap + 16 : heap + 32] = bytes(16)
    with pytest.raises(BadInput, match="heap object at byte"):
        read(bytes(made))


def test_kinetic_energies_are_not_taken_for_binding_energies(tmp_path: Path) -> None:
    def fill(entry: h5py.Group, data: h5py.Group) -> None:
        data.attrs.update({"signal": "i", "axes": ["energy"]})
        data["i"] = COUNTS
        field(data, "energy", ANGLES, units="eV", type="kinetic")

    with pytest.raises(Unsupported, match="binding_energy for xps, found kinetic_energy"):
        read(content(tmp_path, fill, "NXxps"))
