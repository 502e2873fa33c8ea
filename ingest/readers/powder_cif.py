"""Powder CIF (pdCIF): measured and calculated profiles, with the structures in the same file.

Points whose value is ``.`` or ``?`` are left out and counted. A calculated profile is a
spectrum of its own, of kind simulated. Uncertainties are the brackets after the values, else
the least-squares weights w as :math:`1/\\sqrt{w}`.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kelvin, kind_of, known, number, provenance, with_hints
from ingest.readers._header import wavelength_in
from ingest.readers._small_angle import told_technique
from ingest.readers._technique import technique_by_probe
from ingest.readers.cif import read as read_structures
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Floats, Material, Spectrum
from registry.vocabulary import Kind

NAME, VERSION = "powder_cif", "1"
_AXES = (
    ("_pd_proc_2theta_corrected", "two_theta", "degree"),
    ("_pd_meas_2theta_scan", "two_theta", "degree"),
    ("_pd_proc_d_spacing", "d_spacing", "angstrom"),
    ("_pd_proc_recip_len_Q", "Q", "1/angstrom"),
)
_RANGES = ("_pd_proc_2theta_range", "_pd_meas_2theta_range")
_TIME_OF_FLIGHT = "_pd_meas_time_of_flight"
_MEASURED = (
    "_pd_meas_counts_total",
    "_pd_meas_intensity_total",
    "_pd_proc_intensity_total",
    "_pd_proc_intensity_net",
)
_CALCULATED = ("_pd_calc_intensity_total", "_pd_calc_intensity_net")
_WEIGHTS = "_pd_proc_ls_weight"
_ABOUT_PROBE = (
    "_diffrn_radiation_probe",
    "_diffrn_radiation_type",
    "_diffrn_source",
    "_diffrn_radiation_source",
    "_pd_instr_location",
    "_diffrn_measurement_device_type",
)
_PROFILE = re.compile(
    rb"^[^\S\n]*_pd_(meas|proc|calc)_(2theta|counts|intensity|d_spacing|recip|time_of_flight)",
    re.MULTILINE | re.IGNORECASE,
)
_VALUE = re.compile(r"([-+]?[\d.]+)(?:\((\d+)\))?((?:[eE][-+]?\d+)?)$")
_KPA_PER_GPA = 1e6
# What pymatgen raises over malformed text, found by damaging files.
_MALFORMED = (ValueError, KeyError, IndexError, ZeroDivisionError)
Fields = dict[str, Any]


def read(source: Source) -> list[Spectrum | Material]:
    """Read every profile, and every structure with atoms.

    Raises:
        BadInput: Naming block and field.
        Unsupported: For time of flight without d spacings.
    """
    blocks, noted = _blocks(source)
    everything = {key: value for fields in blocks.values() for key, value in fields.items()}
    spectra: list[Spectrum] = []
    for block, fields in blocks.items():
        spectra += _spectra(block, {**_common(everything), **fields}, noted, source)
    if not spectra:
        raise BadInput(source.name, "a block with positions and intensities", "none")
    has_atoms = "_atom_site_fract_x" in everything
    return [*spectra, *(read_structures(source) if has_atoms else ())]


def _blocks(source: Source) -> tuple[dict[str, Fields], list[str]]:
    """Fields of each data block, and what the parser found odd."""
    from pymatgen.io.cif import CifFile

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            blocks: dict[str, Any] = CifFile.from_str(source.text()).data
    except _MALFORMED as error:
        raise BadInput(
            source.name, "well-formed CIF", f"{type(error).__name__}: {error}"
        ) from error
    noted = [str(warning.message)[:200] for warning in caught[:20]]
    return {name: dict(block.data) for name, block in blocks.items()}, noted


def _common(everything: Fields) -> Fields:
    """What a block may leave to another block of its file: radiation and conditions."""
    return {k: v for k, v in everything.items() if k.startswith(("_diffrn_", "_pd_instr_"))}


def _spectra(block: str, fields: Fields, noted: list[str], source: Source) -> list[Spectrum]:
    profiles = [
        (next((name for name in names if isinstance(fields.get(name), list)), None), simulated)
        for names, simulated in ((_MEASURED, False), (_CALCULATED, True))
    ]
    return [
        _spectrum(name, simulated, block, fields, noted, source)
        for name, simulated in profiles
        if name is not None
    ]


def _spectrum(
    name: str, simulated: bool, block: str, fields: Fields, noted: list[str], source: Source
) -> Spectrum:
    where = f"{source.name}: data_{block}"
    values, errors = _values(fields[name], f"{where}: {name}")
    axis = _axis(fields, len(values), where)
    guessed: dict[str, str] = {}
    if not simulated and not errors.any() and isinstance(fields.get(_WEIGHTS), list):
        weights, _ = _values(fields[_WEIGHTS], f"{where}: {_WEIGHTS}")
        if weights.shape == values.shape:
            with np.errstate(divide="ignore", invalid="ignore"):
                errors = np.where(weights > 0, 1 / np.sqrt(weights), np.nan)
            guessed["uncertainty"] = f"1 / sqrt(w) of {_WEIGHTS}"
    kept = np.isfinite(values) & np.isfinite(axis.values)
    if not kept.any():
        raise BadInput(f"{where}: {name}", "at least one value", "only . and ?")
    technique = told_technique(source)
    # CIF writes Greek letters with a backslash: Cu K\a
    about = " ".join(str(fields[key]) for key in _ABOUT_PROBE if key in fields).replace("\\", "")
    if technique is None:
        technique = technique_by_probe("powder diffraction", about, source, guessed)
    kind: Kind = "simulated" if simulated else kind_of(source)
    wavelength = _wavelength(fields, guessed, where) or wavelength_in(about, source, guessed)
    spectrum = Spectrum(
        technique=technique,
        kind=kind,
        x=Axis(axis.quantity, axis.unit, axis.values[kept]),
        intensity=values[kept],
        intensity_unit="counts" if "counts" in name else "",
        uncertainty=known(errors[kept]),
        title=block,
        wavelength=wavelength,
        temperature=_number(fields, "_diffrn_ambient_temperature", where, kelvin_of=True),
        pressure=_pressure(fields, where),
        provenance=provenance(
            source,
            NAME,
            VERSION,
            f"data_{block}: {name}",
            warnings=noted,
            points_without_value=int((~kept).sum()) or None,
            guessed=guessed,
        ),
    )
    told = with_hints(spectrum, source)
    if told.x.quantity == "two_theta" and told.wavelength is None:
        raise BadInput(f"{where}: wavelength", "--wavelength (angstrom)", "none in the file")
    return told


def _values(column: list[str], where: str) -> tuple[Floats, Floats]:
    """Values and uncertainties (last digits in brackets), NaN and 0 where not given."""
    values, errors = np.full(len(column), np.nan), np.zeros(len(column))
    for n, word in enumerate(column):
        text = str(word).strip()
        if text in (".", "?"):
            continue
        found = _VALUE.match(text)
        if found is None:
            raise BadInput(f"{where}, row {n + 1}", "a number", repr(text[:40]))
        values[n] = number(found[1] + found[3], f"{where}, row {n + 1}")
        if found[2]:
            decimals = len(found[1].partition(".")[2])
            errors[n] = number(f"{found[2]}e{-decimals}", where) * float(f"1{found[3]}")
    return values, errors


def _axis(fields: Fields, count: int, where: str) -> Axis:
    for name, quantity, unit in _AXES:
        if isinstance(fields.get(name), list) and len(fields[name]) == count:
            return Axis(quantity, unit, _values(fields[name], f"{where}: {name}")[0])
    for name in _RANGES:
        if f"{name}_min" in fields:
            first = _number(fields, f"{name}_min", where)
            step = _number(fields, f"{name}_inc", where)
            if first is None or step is None:
                raise BadInput(f"{where}: {name}", "_min and _inc", "not both")
            return Axis("two_theta", "degree", first + step * np.arange(count))
    if _TIME_OF_FLIGHT in fields:
        expected = "two theta, d spacing or Q"
        raise Unsupported(f"{where}: axis", expected, "time of flight, which is not converted")
    raise BadInput(f"{where}: axis", " or ".join(name for name, *_ in _AXES), "none of this length")


def _number(fields: Fields, name: str, where: str, kelvin_of: bool = False) -> float | None:
    text = fields.get(name)
    if not isinstance(text, str) or text.strip() in ("", ".", "?"):
        return None
    place = f"{where}: {name}"
    return kelvin(text, "K", place) if kelvin_of else number(text, place)


def _pressure(fields: Fields, where: str) -> float | None:
    kpa = _number(fields, "_diffrn_ambient_pressure", where)
    return None if kpa is None else kpa / _KPA_PER_GPA


def _wavelength(fields: Fields, guessed: dict[str, str], where: str) -> float | None:
    """Wavelength (angstrom); of several lines the mean with their weights."""
    key = "_diffrn_radiation_wavelength"
    lines, weights = fields.get(key), fields.get(f"{key}_wt")
    if not isinstance(lines, list):
        return _number(fields, key, where)
    lengths, _ = _values(lines, f"{where}: {key}")
    shares: Floats = np.ones(len(lengths))
    if isinstance(weights, list) and len(weights) == len(lengths):
        shares, _ = _values(weights, f"{where}: {key}_wt")
    usable = np.isfinite(lengths) & np.isfinite(shares) & (shares > 0)
    if not usable.any():
        return None
    mean = float(np.average(lengths[usable], weights=shares[usable]))
    if usable.sum() > 1:
        guessed["wavelength"] = f"{mean:.6g} angstrom: weighted mean of {int(usable.sum())} lines"
    return mean


def recognise(source: Source) -> float:
    """Surer than of a structure when a CIF has powder profiles."""
    if b"\x00" in source.head:
        return 0
    is_cif = re.search(rb"^[^\S\n]*data_\S", source.content, re.MULTILINE | re.IGNORECASE)
    return 0.97 if is_cif and _PROFILE.search(source.content) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="powder CIF",
    endings=(".cif", ".pdcif"),
    recognise=recognise,
    read=read,
    reference="Toby (2006), International Tables for Crystallography G, 3.3 and 4.2 (pdCIF)",
)
