"""DANSE histograms in HDF5: S(Q, E) and phonon densities of states, as multiphonon keeps them.

A group holds ``data``, ``errors`` (which are variances: one standard deviation squared) and a
``grid`` of axes with names, units and bin centres. Points without data (NaN) stay NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, provenance, with_hints
from ingest.readers._hdf5 import MAGIC, opened, text_of
from ingest.readers._hdf5_guard import attribute
from ingest.readers._inelastic import Transfer, spectrum_of
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Floats, Spectrum

if TYPE_CHECKING:
    import h5py

NAME, VERSION = "danse_histogram", "2"
_MOST_POINTS = 2**25
# Units are written as products of powers of the base units.
_UNITS = {
    "1.60218e-22*m**2*kg*s**-2": "meV",
    "1e+10*m**-1": "1/angstrom",
    "meV": "meV",
    "1./angstrom": "1/angstrom",
    "angstrom**-1": "1/angstrom",
}


def read(source: Source) -> list[Spectrum]:
    """Read every histogram of a file.

    Raises:
        BadInput: When a grid and its data do not fit, or a unit is not known.
        Unsupported: For histograms of other axes than energy, or Q and energy.
    """
    with opened(source.content, source.name) as file:
        names = [name for name in file if "grid" in file[name] and "data" in file[name]]
        if not names:
            raise BadInput(source.name, "a group with data and grid", ", ".join(file) or "nothing")
        return [_spectrum(file[name], name, source) for name in names]


def _spectrum(group: h5py.Group, name: str, source: Source) -> Spectrum:
    where = f"{source.name}: {name}"
    axes = _axes(group, where)
    data = _values(group["data"], where)
    if data.shape != tuple(len(axis.values) for axis in axes):
        raise BadInput(
            where, f"the shape of the grid, {[len(a.values) for a in axes]}", str(data.shape)
        )
    errors = _values(group["errors"], where) if "errors" in group else None
    sigma = None if errors is None else np.sqrt(np.where(errors >= 0, errors, np.nan))
    quantities = [axis.quantity for axis in axes]
    if quantities == ["energy"]:
        return _density_of_states(axes[0], data, sigma, name, source)
    if sorted(quantities) != ["Q", "energy"]:
        raise Unsupported(where, "axes E, or Q and E", ", ".join(quantities))
    if quantities[0] == "Q":
        axes, data = axes[::-1], data.T
        sigma = None if sigma is None else sigma.T
    found = Transfer(axes[0].values, data, sigma, axes[1], unit=axes[0].unit, part=name)
    return spectrum_of(found, source, NAME, VERSION)


def _density_of_states(
    energy: Axis, data: Floats, sigma: Floats | None, name: str, source: Source
) -> Spectrum:
    if "dos" not in name.lower():
        raise Unsupported(f"{source.name}: {name}", "a density of states", "a curve over energy")
    spectrum = Spectrum(
        technique="phonon_dos",
        kind=kind_of(source),
        x=energy,
        intensity=data,
        uncertainty=sigma,
        title=name,
        provenance=provenance(source, NAME, VERSION, name),
    )
    return with_hints(spectrum, source)


def _axes(group: h5py.Group, where: str) -> list[Axis]:
    """Axes in the order of the dimensions of the data."""
    found = []
    for name, axis in group["grid"].items():
        if "bin centers" not in axis:
            raise BadInput(f"{where}: grid/{name}", "bin centers", ", ".join(axis))
        unit = text_of(attribute(axis, "unit"))
        if unit not in _UNITS:
            raise BadInput(f"{where}: grid/{name}: unit", " or ".join(_UNITS), repr(unit))
        quantity = "Q" if name == "Q" else "energy"
        if name not in ("Q", "E", "energy"):
            raise Unsupported(f"{where}: grid", "axes Q and E", name)
        values = _values(axis["bin centers"], f"{where}: grid/{name}")
        found.append((int(attribute(axis, "index", 0)), Axis(quantity, _UNITS[unit], values)))
    return [axis for _, axis in sorted(found, key=lambda pair: pair[0])]


def _values(data: h5py.Dataset, where: str) -> Floats:
    if data.size > _MOST_POINTS:
        raise Unsupported(where, f"at most {_MOST_POINTS} points", str(data.size))
    return np.asarray(data[()], dtype=np.float64)


def recognise(source: Source) -> float:
    """Sure when HDF5 holds a grid of axes with bin centres."""
    if not source.head.startswith(MAGIC):
        return 0
    words = (b"bin centers", b"bin boundaries", b"grid")
    return 0.97 if all(word in source.content for word in words) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="DANSE histogram",
    endings=(".h5",),
    recognise=recognise,
    read=read,
    reference="Lin et al., J. Open Source Softw. 3, 440 (2018): multiphonon",
)
