"""A one-dimensional curve as arrays: what descriptors of spectra work on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.errors import Unsupported
from registry.records import Floats, Spectrum


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve with what is known of its measurement.

    Attributes:
        technique: Name in :mod:`registry.vocabulary`, which fixes quantity and unit of x.
        x: Axis in the canonical unit of the technique, ascending, shape ``(n,)``.
        y: Intensity, shape ``(n,)``.
        uncertainty: One standard deviation of y, shape ``(n,)``, or None.
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
    """Turn a spectrum in canonical units into a curve; its x becomes ascending.

    Raises:
        Unsupported: For a map of several axes.
    """
    if len(spectrum.shape) != 1:
        raise Unsupported("spectrum", "one axis", f"{len(spectrum.shape)} axes")
    order = np.argsort(spectrum.x.values, kind="stable")
    return Curve(
        spectrum.technique,
        np.asarray(spectrum.x.values, dtype=np.float64)[order],
        np.asarray(spectrum.intensity, dtype=np.float64)[order],
        None if spectrum.uncertainty is None else spectrum.uncertainty[order],
        spectrum.absorber,
        spectrum.edge,
        spectrum.wavelength,
        spectrum.temperature,
    )


def as_curve(given: Curve | Spectrum) -> Curve:
    """Turn what a user holds into arrays."""
    return given if isinstance(given, Curve) else curve_of(given)
