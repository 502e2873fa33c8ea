"""LAMP HDF (ILL): S(Q, E) with its axes and instrument parameters, as LAMP writes it.

``entry1/data1`` holds DATA (groups, energies), X, Y and errors; what X and Y are stands in
their ``long_name``. Files without names (bare workspaces) need the option ``technique``. An
error of -1 marks a point that was not measured (DATA is 0 there): NaN.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import known, number
from ingest.readers._hdf5 import MAGIC, opened, text_of
from ingest.readers._hdf5_guard import attribute
from ingest.readers._inelastic import Transfer, spectrum_of
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Floats, Spectrum

if TYPE_CHECKING:
    import h5py

NAME, VERSION = "lamp", "1"
_ENTRY = "entry1/data1"
_MOST_POINTS = 2**25
_NOT_MEASURED = -1
_PARAMETER = re.compile(r"\d+\)\s*(.+?)\s*=\s*([-+.\deE]+)\s*$", re.MULTILINE)
_MEV_ANGSTROM_SQUARED = 81.80421
"""Energy (meV) of a neutron times its wavelength (angstrom) squared: h^2 / 2m."""


def read(source: Source) -> list[Spectrum]:
    """Read the one map of a file.

    Raises:
        BadInput: When DATA, X or Y is missing, or shapes do not fit; or naming the option
            ``technique`` where the axes have no names.
        Unsupported: When the axes are not energy transfer and Q, or for more than 2**25 points.
    """
    with opened(source.content, source.name) as file:
        group = file[_ENTRY]
        data = _values(group, "DATA", source)
        x, y = _values(group, "X", source), _values(group, "Y", source)
        errors = _values(group, "errors", source) if "errors" in group else None
        names = {key: _long_name(group[key]) for key in ("DATA", "X", "Y")}
        parameters = _parameters(group)
        history = text_of(attribute(file, "HISTORY")).strip()
        made_by = text_of(attribute(file, "SOURCE")).strip()
    if data.shape != (len(y), len(x)) or (errors is not None and errors.shape != data.shape):
        expected = f"the shape of Y and X, {(len(y), len(x))}"
        raise BadInput(f"{source.name}: DATA", expected, str(data.shape))
    if errors is not None:
        missing = errors == _NOT_MEASURED
        data, errors = np.where(missing, np.nan, data), np.where(missing, np.nan, errors)
    guessed = _check_axes(names, source)
    wavelength = parameters.get("Wavelength (angstroms)")
    found = Transfer(
        energies=x,
        intensity=data.T,
        errors=None if errors is None else known(errors.T),
        across=Axis("Q", "1/angstrom", y),
        title=names["DATA"],
        incident=_MEV_ANGSTROM_SQUARED / wavelength**2 if wavelength else None,
        temperature=parameters.get("Sample temperature [K]") or None,
        guessed=guessed,
        about={"history": history, "instrument": made_by.strip("?"), "long_names": names},
    )
    return [spectrum_of(found, source, NAME, VERSION)]


def _values(group: h5py.Group, name: str, source: Source) -> Floats:
    if name not in group:
        raise BadInput(f"{source.name}: {_ENTRY}", name, "no such data set")
    if group[name].size > _MOST_POINTS:
        raise Unsupported(f"{source.name}: {name}", f"{_MOST_POINTS} points", str(group[name].size))
    return np.asarray(group[name][()], dtype=np.float64)


def _long_name(data: h5py.Dataset) -> str:
    return " ".join(text_of(attribute(data, "long_name")).split())


def _check_axes(names: dict[str, str], source: Source) -> dict[str, str]:
    """Energy transfer in meV along X and Q in 1/angstrom along Y, or nothing said."""
    x, y = names["X"].lower(), names["Y"].lower()
    if "energy" in x and "mev" in x and ("wavevector" in y or y.startswith("q")):
        return {}
    if x not in ("", "x") or y not in ("", "y"):
        found = f"{names['X']!r}, {names['Y']!r}"
        raise Unsupported(f"{source.name}: axes", "Energy Transfer (meV), Wavevector", found)
    if source.hints.get("technique") is None:
        raise BadInput(
            f"{source.name}: what X and Y are", "--technique ins|qens", "axes without names"
        )
    return {"axes": "energy transfer (meV), Q (1/angstrom): usual of LAMP, the file names none"}


def _parameters(group: h5py.Group) -> dict[str, float]:
    """Numbers of the parameter list by their names."""
    text = text_of(group["PARAMETERS"][()]) if "PARAMETERS" in group else ""
    return {
        " ".join(name.split()): number(value, f"PARAMETERS: {name}")
        for name, value in _PARAMETER.findall(text)
    }


def recognise(source: Source) -> float:
    """Sure when HDF5 holds LAMP's snapshot beside data and axes."""
    if not source.head.startswith(MAGIC):
        return 0
    words = (b"SNAPSHOT", b"entry1", b"data1", b"MIN_MAX_VALUES")
    return 0.97 if all(word in source.content for word in words) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="LAMP workspace of ILL",
    endings=(".hdf", ".nxs"),
    recognise=recognise,
    read=read,
    reference="Richard, Ferrand & Kearley, J. Neutron Res. 4, 33 (1996): LAMP",
)
