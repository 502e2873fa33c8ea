"""A one-dimensional curve as arrays: what descriptors of spectra work on.

A curve is clean however it was stored: x ascends strictly, every value is finite. Points without
a finite x or intensity (a dead channel) are left out; points with the same x become their mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.errors import Unsupported
from registry.records import Floats, Spectrum

LEAST = 2
"""Points a curve has at least."""
SCALARS = ("technique", "absorber", "edge", "wavelength", "temperature")
ARRAYS = ("x", "intensity", "uncertainty")
COLUMNS = (*SCALARS, "shape", *ARRAYS)
"""Columns of ``spectra`` that :func:`curves` reads."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve with what is known of its measurement.

    Attributes:
        technique: Name in :mod:`registry.vocabulary`, which fixes quantity and unit of x.
        x: Axis in the canonical unit of the technique, strictly ascending, shape ``(n,)``.
        y: Intensity, finite, shape ``(n,)``.
        uncertainty: One standard deviation of y, shape ``(n,)``, or None. May hold zeros or NaN
            where it is not known.
        absorber: Absorbing element, or None.
        edge: Its edge, or None.
        wavelength: Angstrom, or None.
        temperature: K, or None.
    """

    technique: str
    x: Floats
    y: Floats
    uncertainty: Floats | None = None
    absorber: str | None = None
    edge: str | None = None
    wavelength: float | None = None
    temperature: float | None = None


def curve_of(spectrum: Spectrum) -> Curve:
    """Turn a spectrum in canonical units into a curve.

    Raises:
        Unsupported: For a map of several axes, or fewer than two finite points.
    """
    if len(spectrum.shape) != 1:
        raise _several_axes(len(spectrum.shape))
    x, y, uncertainty = _clean(
        np.asarray(spectrum.x.values, dtype=np.float64),
        np.asarray(spectrum.intensity, dtype=np.float64),
        None
        if spectrum.uncertainty is None
        else np.asarray(spectrum.uncertainty, dtype=np.float64),
    )
    return Curve(
        spectrum.technique,
        x,
        y,
        uncertainty,
        spectrum.absorber,
        spectrum.edge,
        spectrum.wavelength,
        spectrum.temperature,
    )


def as_curve(given: Curve | Spectrum) -> Curve:
    """Turn what a user holds into arrays."""
    return given if isinstance(given, Curve) else curve_of(given)


def curves(spectra: pa.Table) -> list[Curve | Unsupported]:
    """Curves of rows of ``spectra`` (its columns :data:`COLUMNS`), in their order.

    A row gives the refusal when it is a map of several axes, when its intensity is too large for a
    row (:mod:`registry.tables.chunks`), or when it has fewer than two finite points.
    """
    dimensions = _lengths(spectra["shape"])
    missing = pc.is_null(spectra["intensity"]).to_numpy()
    x, y, uncertainty = (_arrays(spectra[name]) for name in ARRAYS)
    columns = [spectra[name].to_pylist() for name in SCALARS]
    made: list[Curve | Unsupported] = []
    for n, (technique, *conditions) in enumerate(zip(*columns, strict=True)):
        if dimensions[n] != 1:
            made.append(_several_axes(int(dimensions[n])))
            continue
        if missing[n]:
            made.append(_elsewhere())
            continue
        try:
            clean = _clean(x[n], y[n], uncertainty[n] if len(uncertainty[n]) else None)
        except Unsupported as refusal:
            made.append(refusal)
            continue
        made.append(Curve(technique, *clean, *conditions))
    return made


def _lengths(column: pa.ChunkedArray) -> np.ndarray:
    """Length of each list of a column, 0 for a null."""
    lengths: np.ndarray = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    return lengths


def _arrays(column: pa.ChunkedArray) -> list[Floats]:
    """Lists of a column as views of one array, in double precision; a null is empty."""
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(np.float64)
    ends = np.cumsum(_lengths(column)).tolist()
    return [flat[first:last] for first, last in zip([0, *ends], ends, strict=False)]


def _clean(
    x: Floats, y: Floats, uncertainty: Floats | None
) -> tuple[Floats, Floats, Floats | None]:
    """Finite points in ascending order of x, those of the same x joined."""
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all():
        x, y = x[finite], y[finite]
        uncertainty = None if uncertainty is None else uncertainty[finite]
    if not (x[1:] > x[:-1]).all():
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
        uncertainty = None if uncertainty is None else uncertainty[order]
        x, y, uncertainty = _joined(x, y, uncertainty)
    if len(x) < LEAST:
        raise Unsupported("spectrum", f"at least {LEAST} finite points", str(len(x)))
    return x, y, uncertainty


def _joined(
    x: Floats, y: Floats, uncertainty: Floats | None
) -> tuple[Floats, Floats, Floats | None]:
    """Mean of points with the same x; the uncertainty is that of the mean."""
    places, which, count = np.unique(x, return_inverse=True, return_counts=True)
    mean: Floats = np.bincount(which, y) / count
    if uncertainty is None:
        return places, mean, None
    return places, mean, np.sqrt(np.bincount(which, uncertainty**2)) / count


def _several_axes(number: int) -> Unsupported:
    return Unsupported("spectrum", "one axis", f"{number} axes")


def _elsewhere() -> Unsupported:
    return Unsupported("spectrum", "intensity in its row", "an array too large for one (in chunks)")
