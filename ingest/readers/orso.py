"""ORSO .ort: reduced reflectivity, every data set of the file, by orsopy."""

from __future__ import annotations

import io
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import angstrom, kelvin, kind_of, known, provenance, with_hints
from ingest.readers._signs import deviations
from ingest.readers._small_angle import told_technique
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum

if TYPE_CHECKING:
    from orsopy.fileio import Orso, OrsoDataset

NAME, VERSION = "orso", "1"
_MAGIC = b"# # ORSO reflectivity data file"
_UNITS = ("1/angstrom", "1/nm")
_TECHNIQUES = {"neutron": "nr", "x-ray": "xrr", "xray": "xrr"}


def read(source: Source) -> list[Spectrum]:
    """Read every data set: Q, R and, where given, their errors.

    Raises:
        BadInput: When header or table is damaged, naming data set and field.
    """
    if not source.content.startswith(_MAGIC):
        raise BadInput(f"{source.name}, line 1", _MAGIC.decode(), repr(source.head[:40]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        datasets = _load(source)
    noted = list(dict.fromkeys(" ".join(str(w.message).split()) for w in caught))
    return [_spectrum(dataset, n, source, noted) for n, dataset in enumerate(datasets)]


def _load(source: Source) -> list[OrsoDataset]:
    import yaml
    from orsopy.fileio import load_orso

    try:
        datasets: list[OrsoDataset] = load_orso(io.StringIO(source.text()))
    except yaml.YAMLError as error:
        raise BadInput(f"{source.name}: header", "YAML", " ".join(str(error).split())) from error
    except (ValueError, TypeError, AttributeError, IndexError, StopIteration) as error:
        found = f"{type(error).__name__}: {error}"
        raise BadInput(source.name, "an ORSO header and tables that fit it", found) from error
    return datasets


def _spectrum(dataset: OrsoDataset, n: int, source: Source, noted: list[str]) -> Spectrum:
    part = str(n if dataset.info.data_set is None else dataset.info.data_set)
    where = f"{source.name}: data_set {part}"
    table = np.asarray(dataset.data)
    if table.ndim != 2 or table.shape[1] < 2 or table.dtype.kind != "f":
        raise BadInput(f"{where}: table", "rows of one length with Q and R", f"shape {table.shape}")
    experiment = _get(dataset.info, "data_source.experiment")
    settings = _get(dataset.info, "data_source.measurement.instrument_settings")
    spectrum = Spectrum(
        technique=told_technique(source) or _technique(_get(experiment, "probe"), where),
        kind=kind_of(source),
        x=Axis("Q", _unit(dataset.info, where), table[:, 0]),
        intensity=table[:, 1],
        uncertainty=deviations(_sigma(dataset.info, table, 2), table[:, 1], where),
        resolution=known(_sigma(dataset.info, table, 3)),
        title=_word(_get(experiment, "title")),
        sample_id=_word(_get(dataset.info, "data_source.sample.name")),
        wavelength=_number(_get(settings, "wavelength"), angstrom, where),
        temperature=_temperature(_get(dataset.info, "data_source.sample.sample_parameters"), where),
        polarisation=_word(_get(settings, "polarization")),
        time=_time(_get(experiment, "start_date")),
        instrument=_word(_get(experiment, "instrument")),
        facility=_word(_get(experiment, "facility")),
        provenance=provenance(source, NAME, VERSION, part, warnings=noted),
    )
    return with_hints(spectrum, source)


def _get(thing: Any, path: str) -> Any:
    """Value at a dotted path, None where the header leaves it out."""
    for step in path.split("."):
        thing = thing.get(step) if isinstance(thing, dict) else getattr(thing, step, None)
    return thing


def _unit(info: Orso, where: str) -> str:
    """Unit of Q: the two that the format knows."""
    unit = str(_get(info.columns[0], "unit") or _UNITS[0])
    if unit not in _UNITS:
        raise BadInput(f"{where}: unit of the first column", " or ".join(_UNITS), repr(unit))
    return unit


def _technique(probe: Any, where: str) -> str:
    name = str(getattr(probe, "value", probe)).lower()
    if name not in _TECHNIQUES:
        raise BadInput(f"{where}: probe", "neutron or x-ray (or --technique nr|xrr)", repr(probe))
    return _TECHNIQUES[name]


def _sigma(info: Orso, table: Floats, column: int) -> Floats | None:
    """One standard deviation from an error column, whatever width the column states."""
    if table.shape[1] <= column or len(info.columns) <= column:
        return None
    factor = getattr(info.columns[column], "to_sigma", 1.0)
    return np.asarray(table[:, column] * factor)


def _number(value: Any, convert: Any, where: str) -> float | None:
    """A single value with unit; a range (a white beam) is no single value."""
    magnitude = _get(value, "magnitude")
    return None if magnitude is None else float(convert(magnitude, _get(value, "unit"), where))


def _temperature(parameters: Any, where: str) -> float | None:
    return _number(_get(parameters, "temperature"), kelvin, f"{where}: temperature")


def _word(value: Any) -> str | None:
    """A header value as text; orsopy keeps some as enumerations, damaged ones as anything."""
    return None if value is None else str(getattr(value, "value", value))


def _time(value: Any) -> datetime | None:
    """Start of the measurement, taken as UTC where the header names no zone."""
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def recognise(source: Source) -> float:
    """Sure by the first line."""
    return 1.0 if source.head.startswith(_MAGIC) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="ORSO reduced reflectivity",
    endings=(".ort",),
    recognise=recognise,
    read=read,
    reference="Arnold et al., ORSO text format 1.1; www.reflectometry.org",
)
