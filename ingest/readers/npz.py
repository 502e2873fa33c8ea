"""NumPy .npz collections: many curves on one axis, with a label or more for each.

``intensity`` (or ``y``, ``spectra``, ``patterns``) has one curve per row. The axis is an array
called two_theta, Q, r, energy, energy_transfer or x; where there is none, the option ``x`` says
the first and last value (``5.00:89.99``). Arrays of one value per curve are kept as ``labels``.
"""

from __future__ import annotations

import io
import re
import tokenize
from typing import Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, number, provenance, with_hints
from ingest.readers._small_angle import told_technique
from ingest.readers._zip import MAGIC, Archive
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Spectrum
from registry.vocabulary import TECHNIQUES

NAME, VERSION = "npz", "1"
_NPY = b"\x93NUMPY"
_MOST_CURVES = 50_000
_SIGNALS = ("intensity", "intensities", "y", "spectra", "patterns")
_ERRORS = ("uncertainty", "errors", "sigma", "dy")
_AXES = {
    "two_theta": ("two_theta", "degree"),
    "twotheta": ("two_theta", "degree"),
    "2theta": ("two_theta", "degree"),
    "tth": ("two_theta", "degree"),
    "q": ("Q", "1/angstrom"),
    "r": ("r", "angstrom"),
    "energy": ("energy", "eV"),
    "energy_transfer": ("energy_transfer", "meV"),
}
Arrays = dict[str, Any]


def read(source: Source) -> list[Spectrum]:
    """Read every curve of the collection.

    Raises:
        BadInput: For a damaged file, or naming the array or option that is missing or wrong.
        Unsupported: For a single array (.npy) and for Python objects.
    """
    if source.content.startswith(_NPY):
        raise Unsupported(source.name, "an .npz with curves and their axis", "one array (.npy)")
    arrays = _arrays(source)
    signal = next((name for name in _SIGNALS if name in arrays), None)
    if (
        signal is None
        or arrays[signal].ndim not in (1, 2)
        or arrays[signal].dtype.kind not in "fiu"
    ):
        expected = f"an array of curves called {', '.join(_SIGNALS)}"
        raise BadInput(source.name, expected, ", ".join(arrays) or "nothing")
    curves = np.atleast_2d(arrays[signal])
    if len(curves) > _MOST_CURVES:
        raise Unsupported(source.name, f"up to {_MOST_CURVES} curves", str(len(curves)))
    axis, technique = _axis(arrays, curves.shape[1], source)
    errors = next((arrays[n] for n in _ERRORS if n in arrays), None)
    if errors is not None and np.shape(np.atleast_2d(errors)) != curves.shape:
        raise BadInput(f"{source.name}: errors", f"shape {curves.shape}", f"{np.shape(errors)}")
    wavelength = source.hints.get("wavelength", _scalar(arrays.get("wavelength")))
    if axis.quantity == "two_theta" and wavelength is None:
        raise BadInput(f"{source.name}: wavelength", "--wavelength (angstrom)", "none in the file")
    spectra = []
    for n, curve in enumerate(curves):
        spectrum = Spectrum(
            technique=technique,
            kind=kind_of(source),
            x=axis,
            intensity=curve,
            uncertainty=None if errors is None else np.atleast_2d(errors)[n],
            wavelength=None
            if wavelength is None
            else number(wavelength, f"{source.name}: wavelength"),
            provenance=provenance(
                source, NAME, VERSION, f"{signal}[{n}]", labels=_labels(arrays, n, len(curves))
            ),
        )
        spectra.append(with_hints(spectrum, source))
    return spectra


def _arrays(source: Source) -> Arrays:
    archive = Archive(source.content, source.name)
    names = archive.matching(r"[^/]+\.npy")
    arrays: Arrays = {}
    for name in names:
        place = f"{source.name}: {name}"
        arrays[name.removesuffix(".npy")] = _array(archive.read(name), place)
    return arrays


def _array(content: bytes, where: str) -> Any:
    """An array whose declared size is that of its bytes, so that no more is ever allocated."""
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in readers:
            raise Unsupported(where, "version 1.0 or 2.0 of .npy", f"{version}")
        shape, fortran, dtype = readers[version](stream)
    except (ValueError, TypeError, SyntaxError, EOFError, tokenize.TokenError) as error:
        raise BadInput(where, "an array as NumPy writes it", str(error)[:100]) from error
    if dtype.hasobject or dtype.kind not in "fiubSU":
        raise Unsupported(where, "numbers or text", f"{dtype}: loading could run code")
    count = 1
    for length in shape:
        count *= length
    rest = len(content) - stream.tell()
    if count < 1 or count * dtype.itemsize != rest or not dtype.itemsize:
        raise BadInput(where, f"{shape} values of {dtype}", f"{rest} bytes")
    values = np.frombuffer(content, dtype, count, stream.tell())
    return values.reshape(shape, order="F" if fortran else "C")


def _axis(arrays: Arrays, count: int, source: Source) -> tuple[Axis, str]:
    """Axis of all curves, and their technique."""
    technique = told_technique(source)
    found = {name: arrays[name] for name in arrays if name.lower() in (*_AXES, "x")}
    fits = {n: v for n, v in found.items() if v.shape == (count,) and v.dtype.kind in "fiu"}
    name = next(iter(fits), None)
    if technique is None:
        quantity = _AXES.get(name.lower(), ("",))[0] if name else ""
        options = {"two_theta": "xrd|npd", "r": "xpdf|npdf", "energy_transfer": "ins|qens"}
        expected = f"--technique {options.get(quantity, '|'.join(sorted(TECHNIQUES)))}"
        raise BadInput(f"{source.name}: technique", expected, "nothing in the file")
    values = None if name is None else np.asarray(fits[name], dtype=np.float64)
    told = source.hints.get("x")
    if told is not None:
        values = _told_axis(str(told), count, source)
    if values is None:
        expected = f"an array of {count} values called two_theta, Q, r or x, or the option x"
        raise BadInput(f"{source.name}: axis", expected, ", ".join(arrays))
    target = TECHNIQUES[technique]
    quantity, unit = _AXES.get((name or "x").lower(), (target.quantity, target.unit))
    if (name or "x").lower() == "x" and technique in ("xrd", "npd"):
        quantity, unit = _AXES["two_theta"]
    return Axis(quantity, str(source.hints.get("x_unit") or unit), values), technique


def _told_axis(told: str, count: int, source: Source) -> Any:
    """Values from the option ``x``, which says the first and the last."""
    where = f"{source.name}: option x"
    ends = re.split(r"\s*:\s*", told)
    if len(ends) != 2:
        raise BadInput(where, "first:last", repr(told))
    return np.linspace(number(ends[0], where), number(ends[1], where), count)


def _labels(arrays: Arrays, n: int, count: int) -> dict[str, Any]:
    """What the arrays of one value per curve say of curve ``n``."""
    return {
        name: array[n].item() if array.dtype.kind != "S" else array[n].decode("latin-1")
        for name, array in arrays.items()
        if array.shape == (count,) and not (array.dtype.kind == "f" and not np.isfinite(array[n]))
    }


def _scalar(array: Any) -> float | None:
    return None if array is None or array.size != 1 else float(array.ravel()[0])


def recognise(source: Source) -> float:
    """Likely for a ZIP container of arrays; a single array is recognised to be refused."""
    if source.content.startswith(_NPY):
        return 0.5
    is_zip = source.head.startswith(MAGIC)
    return 0.6 if is_zip and b".npy" in source.head else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="NumPy collection",
    endings=(".npz", ".npy"),
    recognise=recognise,
    read=read,
    reference="numpy.lib.format; objects are never unpickled",
)
