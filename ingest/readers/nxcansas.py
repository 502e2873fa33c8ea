"""NXcanSAS HDF5: one curve or detector map per ``SASdata`` group of every ``SASentry``.

A group says by its attributes ``signal`` and ``I_axes`` which of its data sets
are intensity and Q; ``mask`` names the points that were not measured: they become NaN.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import angstrom, kelvin, kind_of, known, provenance, with_hints
from ingest.readers._hdf5 import MAGIC, opened, text_of
from ingest.readers._hdf5_guard import attribute
from ingest.readers._qmap import grid_of
from ingest.readers._small_angle import small_angle_technique
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Floats, Spectrum

if TYPE_CHECKING:
    import h5py

NAME, VERSION = "nxcansas", "1"
_LARGEST = 50_000_000


def read(source: Source) -> list[Spectrum]:
    """Read every curve and map of the file.

    Raises:
        BadInput: For a damaged file or naming the group and field that is wrong.
        Unsupported: For data sets of several frames.
    """
    with opened(source.content, source.name) as file:
        entries = _groups(file)["SASentry"]
        spectra = [s for entry in entries for s in _spectra(entry, source)]
    if not spectra:
        raise BadInput(source.name, "a group SASentry with SASdata", f"{len(entries)} entries")
    return spectra


def _groups(group: h5py.Group) -> defaultdict[str, list[h5py.Group]]:
    """Groups within a group by their canSAS and NeXus classes."""
    import h5py

    found: defaultdict[str, list[h5py.Group]] = defaultdict(list)
    for child in group.values():
        if isinstance(child, h5py.Group):
            for kind in {text_of(attribute(child, k)) for k in ("canSAS_class", "NX_class")}:
                found[kind].append(child)
    return found


def _spectra(entry: h5py.Group, source: Source) -> list[Spectrum]:
    groups = _groups(entry)
    facts = _facts(entry, groups, source.name)
    return [_spectrum(data, facts, source) for data in groups["SASdata"]]


def _spectrum(data: h5py.Group, facts: _Facts, source: Source) -> Spectrum:
    where = f"{source.name}: {data.name}"
    signal = _dataset(data, text_of(attribute(data, "signal", "I")), where)
    axis_names = _names(attribute(data, "I_axes", "Q"))
    technique, guessed = small_angle_technique(
        source,
        {"radiation": facts.radiation, "instrument": facts.instrument, "title": facts.title},
    )
    if signal.ndim == 1:
        shaped, extra = _curve(data, signal, axis_names[0], where)
    elif signal.ndim == 2 and axis_names.count("Q") == 2:
        shaped, extra = _map(data, signal, where)
    else:
        raise Unsupported(f"{where}: signal", "I(Q) or I(Qx, Qy)", f"shape {signal.shape}")
    spectrum = Spectrum(
        technique=technique,
        kind=kind_of(source, facts.title or ""),
        intensity_unit=_unit(signal),
        title=facts.title,
        sample_id=facts.sample,
        wavelength=facts.wavelength,
        temperature=facts.temperature,
        instrument=facts.instrument,
        provenance=provenance(
            source,
            NAME,
            VERSION,
            data.name,
            run=facts.run,
            radiation=facts.radiation,
            guessed=guessed,
            **extra,
        ),
        **shaped,
    )
    return with_hints(spectrum, source)


def _curve(
    data: h5py.Group, signal: h5py.Dataset, axis: str, where: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    q = _dataset(data, axis, where)
    if q.shape != signal.shape:
        raise BadInput(f"{where}/{axis}", f"shape {signal.shape} of the signal", f"{q.shape}")
    resolutions = _names(attribute(q, "resolutions", attribute(q, "resolution")))
    widths = {n: _floats(data[n], where) for n in resolutions if n in data}
    # two widths are those of a slit: neither is one standard deviation of Q
    single = next(iter(widths.values())) if len(widths) == 1 else None
    if single is not None and single.shape != signal.shape:
        raise BadInput(f"{where}: resolution of Q", f"shape {signal.shape}", f"{single.shape}")
    shaped = {
        "x": Axis("Q", _unit(q) or "1/A", _floats(q, where)),
        "intensity": _floats(signal, where),
        "uncertainty": known(_uncertainty(data, signal, where)),
        "resolution": known(single),
    }
    slit = {n: v.tolist() for n, v in widths.items()} if len(widths) > 1 else None
    return shaped, {"slit": slit}


def _map(
    data: h5py.Group, signal: h5py.Dataset, where: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    if "Qx" in data and "Qy" in data:
        qx, qy, unit = _floats(data["Qx"], where), _floats(data["Qy"], where), _unit(data["Qx"])
    else:
        q = _dataset(data, "Q", where)
        if q.ndim != 3 or len(q) < 2:
            raise BadInput(f"{where}/Q", "Qx and Qy of every point", f"shape {q.shape}")
        (qx, qy), unit = _floats(q, where)[:2], _unit(q)
    if qx.shape != signal.shape or qy.shape != signal.shape:
        raise BadInput(f"{where}: Qx, Qy", f"shape {signal.shape}", f"{qx.shape}, {qy.shape}")
    mask = data.get(text_of(attribute(data, "mask")) or "mask")
    missing = None if mask is None else np.asarray(mask[()], dtype=bool)
    if missing is not None and missing.shape != signal.shape:
        raise BadInput(f"{where}: mask", f"shape {signal.shape}", f"{missing.shape}")
    grid = grid_of(qx.ravel(), qy.ravel(), where)

    def laid(values: Floats) -> Floats:
        measured = values if missing is None else np.where(missing, np.nan, values)
        return grid.lay(measured.ravel())

    error = _uncertainty(data, signal, where)
    shaped = {
        "x": Axis("Q", unit or "1/A", grid.qx),
        "axes": (Axis("Q_y", unit or "1/A", grid.qy),),
        "intensity": laid(_floats(signal, where)),
        "uncertainty": None if error is None else known(laid(error)),
    }
    return shaped, {
        "departure_from_grid": round(grid.departure, 4),
        "masked_points": None if missing is None else int(missing.sum()),
    }


def _uncertainty(data: h5py.Group, signal: h5py.Dataset, where: str) -> Floats | None:
    """Uncertainty that the signal or its group names."""
    places = (
        (signal, "uncertainties"),
        (signal, "uncertainty"),
        (data, "I_uncertainties"),
        (data, "I_uncertainty"),
    )
    named = (text_of(attribute(owner, key)) for owner, key in places if key in owner.attrs)
    name = next(named, "")
    if name not in data:
        return None
    values = _floats(data[name], where)
    if values.shape != signal.shape:
        raise BadInput(f"{where}/{name}", f"shape {signal.shape}", f"{values.shape}")
    return values


def _names(value: Any) -> list[str]:
    """Names of an attribute that is a list, or one text with commas."""
    if np.size(value) == 1:
        return [n.strip() for n in text_of(value).split(",")]
    return [text_of(v) for v in np.ravel(value)]


def _dataset(data: h5py.Group, name: str, where: str) -> h5py.Dataset:
    import h5py

    found = data.get(name)
    if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "fiu":
        raise BadInput(
            f"{where}/{name}", "a data set of numbers", "none" if found is None else "other"
        )
    if found.size > _LARGEST:
        raise Unsupported(f"{where}/{name}", f"up to {_LARGEST} numbers", f"{found.size}")
    return found


def _floats(dataset: h5py.Dataset, where: str) -> Floats:
    if dataset.dtype.kind not in "fiu" or dataset.size > _LARGEST:
        raise BadInput(f"{where}: {dataset.name}", "numbers", f"{dataset.dtype} {dataset.shape}")
    return np.asarray(dataset[()], dtype=np.float64)


def _unit(dataset: h5py.Dataset) -> str:
    return text_of(attribute(dataset, "units", attribute(dataset, "unit")))


@dataclass(frozen=True)
class _Facts:
    """What an entry says about all its data: wavelength in angstrom, temperature in K."""

    title: str | None
    run: str | None
    sample: str | None
    instrument: str | None
    radiation: str | None
    wavelength: float | None
    temperature: float | None


def _facts(entry: h5py.Group, groups: defaultdict[str, list[h5py.Group]], where: str) -> _Facts:
    instruments = groups["SASinstrument"] or groups["NXinstrument"]
    samples = groups["SASsample"] or groups["NXsample"]
    beams = [b for i in instruments for b in (_groups(i)["SASsource"] or _groups(i)["NXsource"])]
    radiation = [_first(beams, key) for key in ("radiation", "probe", "type")]
    return _Facts(
        title=_first([entry], "title"),
        run=_first([entry], "run"),
        sample=_first(samples, "name"),
        instrument=_first(instruments, "name"),
        radiation=" ".join(r for r in radiation if r) or None,
        # some writers put it beside the source, the definition within
        wavelength=_quantity([*beams, *instruments], "incident_wavelength", angstrom, where),
        temperature=_quantity(samples, "temperature", kelvin, where),
    )


def _first(groups: list[h5py.Group], name: str) -> str | None:
    found = next((group[name] for group in groups if name in group), None)
    return (text_of(found[()]).strip() or None) if found is not None else None


def _quantity(
    groups: list[h5py.Group],
    name: str,
    convert: Callable[[str, str | None, str], float],
    where: str,
) -> float | None:
    field = next((group[name] for group in groups if name in group), None)
    if field is None or field.size != 1:
        return None
    return convert(text_of(field[()]), _unit(field) or None, f"{where}: {name}")


def recognise(source: Source) -> float:
    """Sure when HDF5 speaks of canSAS, possible by an HDF5 ending."""
    if not source.head.startswith(MAGIC):
        return 0
    return 0.9 if b"SASentry" in source.content or b"NXcanSAS" in source.content else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="NXcanSAS HDF5",
    endings=(".h5", ".hdf", ".hdf5", ".nxs"),
    recognise=recognise,
    read=read,
    reference="NXcanSAS application definition 1.1; manual.nexusformat.org",
)
