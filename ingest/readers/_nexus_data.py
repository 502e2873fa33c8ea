"""Signals of an NXdata group with their axes and errors, by the rules of NeXus.

Signal: the attribute ``signal`` of the group and ``auxiliary_signals``; of old, data sets with
an attribute ``signal``. Axes: the attribute ``axes`` of the group with ``AXISNAME_indices``; of
old, the attribute ``axes`` of the signal, or data sets with an attribute ``axis``. An axis one
longer than its dimension holds bin boundaries. Stored values are corrected as
``(value + offset) * scaling_factor``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.readers._hdf5 import text_of
from ingest.readers._hdf5_guard import attribute
from ingest.readers._units import plain_unit
from registry.errors import BadInput, Unsupported
from registry.records import Floats

if TYPE_CHECKING:
    import h5py

LARGEST = 50_000_000
"""Most numbers of one signal (400 MB)."""
_LARGEST_AXIS = 5_000_000


@dataclass(frozen=True)
class Dimension:
    """One dimension of a signal; ``values`` has shape ``(n,)``, centres of bins for boundaries.

    Without an axis in the file, ``name`` is ``index`` and the values count from zero.
    """

    name: str
    label: str
    unit: str
    values: Floats
    boundaries: bool = False
    energy_type: str = ""


@dataclass(frozen=True)
class Signal:
    """Values and errors (one standard deviation) of one shape, with one dimension per axis."""

    name: str
    values: Floats
    errors: Floats | None
    unit: str
    dimensions: list[Dimension]


def signals_of(data: h5py.Group, where: str) -> list[Signal]:
    """Signals of a group.

    Raises:
        BadInput: When there is no signal, or naming the field that does not fit.
        Unsupported: When a signal is larger than ``LARGEST``.
    """
    names = _signal_names(data)
    if not names:
        raise BadInput(where, "a signal", "none")
    return [_signal(data, name, name == names[0], where) for name in names]


def _signal_names(data: h5py.Group) -> list[str]:
    declared = attribute(data, "signal", None)
    if declared is not None:
        more = attribute(data, "auxiliary_signals", ())
        return [text_of(declared), *(text_of(name) for name in np.ravel(more))]
    marked = [
        (text_of(attribute(dataset, "signal")), name)
        for name, dataset in _datasets(data).items()
        if "signal" in dataset.attrs
    ]
    return [name for _, name in sorted(marked)] or (["data"] if "data" in _datasets(data) else [])


def _datasets(data: h5py.Group) -> dict[str, h5py.Dataset]:
    import h5py

    return {name: found for name in data if isinstance(found := data.get(name), h5py.Dataset)}


def _signal(data: h5py.Group, name: str, main: bool, where: str) -> Signal:
    place = f"{where}/{name}"
    dataset = _numeric(data, name, LARGEST, place)
    if dataset.ndim == 0:
        raise BadInput(place, "a signal of one dimension or more", "a single number")
    dimensions = [
        _dimension(data, names, length, where)
        for names, length in zip(_axis_names(data, dataset), dataset.shape, strict=True)
    ]
    factor = _correction(data, dataset, name, "scaling_factor", main, 1.0, place)
    offset = _correction(data, dataset, name, "offset", main, 0.0, place)
    values = _floats(dataset)
    if (factor, offset) != (1.0, 0.0):
        values = (values + offset) * factor
    errors = _errors(data, dataset, name, main, where)
    squeezed = tuple(
        n for n, d in enumerate(dimensions) if d.name == "index" and len(d.values) == 1
    )
    return Signal(
        name,
        values.squeeze(squeezed),
        None if errors is None else errors.squeeze(squeezed) * abs(factor),
        plain_unit(text_of(attribute(dataset, "units")), f"{place}: units"),
        [d for n, d in enumerate(dimensions) if n not in squeezed],
    )


def _numeric(data: h5py.Group, name: str, largest: int, place: str) -> h5py.Dataset:
    found = _datasets(data).get(name)
    if found is None or found.dtype.kind not in "fiub" or found.size == 0:
        raise BadInput(place, "a data set of numbers", "none" if found is None else "other")
    if found.size > largest:
        raise Unsupported(place, f"up to {largest} numbers", f"{found.size}")
    if found.chunks is not None and found.id.get_storage_size() == 0:
        raise BadInput(place, "numbers", f"a shape {found.shape} and nothing written")
    return found


def _floats(dataset: h5py.Dataset) -> Floats:
    kept = dataset.dtype if dataset.dtype in (np.float32, np.float64) else np.float64
    return np.asarray(dataset[()], dtype=kept)


def _correction(
    data: h5py.Group,
    dataset: h5py.Dataset,
    name: str,
    what: str,
    main: bool,
    none: float,
    place: str,
) -> float:
    """Scaling factor or offset of a signal: its own field, that of the group, or an attribute."""
    fields = _datasets(data)
    found: Any = attribute(dataset, what, None)
    for candidate in (f"{name}_{what}", *((what,) if main else ())):
        if candidate in fields:
            found = fields[candidate][()]
            break
    if found is None:
        return none
    values = np.ravel(found)
    if values.dtype.kind not in "fiu" or values.size != 1 or not np.isfinite(values[0]):
        raise BadInput(f"{place}: {what}", "one number", str(found)[:40])
    return float(values[0])


def _errors(
    data: h5py.Group, dataset: h5py.Dataset, name: str, main: bool, where: str
) -> Floats | None:
    named = text_of(attribute(dataset, "uncertainties"))
    general = ("errors", "error", "uncertainties") if main else ()
    candidates = (named, f"{name}_errors", f"{name}_error", *general)
    found = next((c for c in candidates if c in _datasets(data)), None)
    if found is None:
        return None
    errors = _floats(_numeric(data, found, LARGEST, f"{where}/{found}"))
    if errors.shape != dataset.shape:
        raise BadInput(f"{where}/{found}", f"shape {dataset.shape}", f"{errors.shape}")
    return errors


def _axis_names(data: h5py.Group, signal: h5py.Dataset) -> list[list[str]]:
    """Names of axes that a file gives for each dimension, the default first."""
    rank = signal.ndim
    found: list[list[str]] = [[] for _ in range(rank)]
    declared = attribute(data, "axes", attribute(signal, "axes", None))
    names = [] if declared is None else _names(declared)
    for n, name in enumerate(names):
        own = attribute(data, f"{name}_indices", None)
        places = [n] if own is None or len(names) == rank else [int(i) for i in np.ravel(own)]
        if name not in (".", "") and len(places) == 1 and 0 <= places[0] < rank:
            found[places[0]].append(name)
    for name in data.attrs:
        given = np.ravel(attribute(data, name))
        if name.endswith("_indices") and given.size == 1 and given.dtype.kind in "iu":
            place, axis = int(given[0]), name.removesuffix("_indices")
            if 0 <= place < rank and axis not in found[place]:
                found[place].append(axis)
    if not any(found):
        _add_marked(found, data, signal)
    return found


def _names(declared: Any) -> list[str]:
    """Names of a list, or of one text such as ``x:y``, ``x,y`` or ``[x, y]``."""
    if np.size(declared) != 1:
        return [text_of(name) for name in np.ravel(declared)]
    return [n.strip() for n in re.split(r"[:,]", text_of(declared).strip("[] "))]


def _add_marked(found: list[list[str]], data: h5py.Group, signal: h5py.Dataset) -> None:
    """Add data sets that are marked ``axis=n``.

    The manual counts from the slowest dimension, some writers from the fastest: whichever
    lets the lengths fit is taken, the manual's where both do.
    """
    marked: dict[int, list[str]] = {}
    for name, dataset in _datasets(data).items():
        words = text_of(attribute(dataset, "axis"))
        if words.isdigit() and dataset.ndim == 1:
            marked.setdefault(int(words) - 1, []).append(name)
    rank = signal.ndim
    slowest_first = {n: names for n, names in marked.items() if 0 <= n < rank}
    fastest_first = {rank - 1 - n: names for n, names in slowest_first.items()}

    def fits(order: dict[int, list[str]]) -> bool:
        return all(
            any(len(data[name]) - signal.shape[n] in (0, 1) for name in names)
            for n, names in order.items()
        )

    for n, names in (slowest_first if fits(slowest_first) else fastest_first).items():
        found[n] += sorted(names, key=lambda name: text_of(attribute(data[name], "primary", "9")))


def _dimension(data: h5py.Group, names: list[str], length: int, where: str) -> Dimension:
    """First axis of a dimension that fits it; boundaries become centres."""
    datasets = _datasets(data)
    for name in names:
        dataset = datasets.get(name)
        if dataset is None or dataset.dtype.kind not in "fiu":
            continue
        if dataset.size not in (length, length + 1) or dataset.size > _LARGEST_AXIS:
            continue
        if dataset.size != max((1, *dataset.shape)):
            continue
        values = np.asarray(dataset[()], dtype=np.float64).ravel()
        boundaries = len(values) == length + 1
        centres = (values[1:] + values[:-1]) / 2 if boundaries else values
        unit = text_of(attribute(dataset, "units"))
        # Mantid names the quantity in place of a unit
        label = text_of(
            attribute(dataset, "long_name", attribute(dataset, "caption", unit))
        ).strip()
        energy_type = text_of(attribute(dataset, "type"))
        place = f"{where}/{name}: units"
        return Dimension(name, label, plain_unit(unit, place), centres, boundaries, energy_type)
    if length > _LARGEST_AXIS:
        raise Unsupported(where, f"an axis of up to {_LARGEST_AXIS} points", f"{length}")
    return Dimension("index", "", "", np.arange(length, dtype=np.float64))
