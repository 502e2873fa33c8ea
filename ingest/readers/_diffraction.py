"""Scans of powder diffractometers, however their format holds them, as spectra.

The wavelength of a laboratory tube with both K-alpha lines in the beam is their weighted mean,
:math:`(\\lambda_1 + r \\lambda_2) / (1 + r)` with the intensity ratio r (0.5 where a file gives
none), unless the file says that one line was selected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ingest.readers import Source
from ingest.readers._common import kind_of, number, provenance, with_hints
from ingest.readers._small_angle import told_technique
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Floats, Spectrum

ALPHA_RATIO = 0.5
"""Intensity of K-alpha 2 over K-alpha 1 (the ratio of the populations of the 2p levels)."""
_TWO_THETA = re.compile(r"(2|two)theta|^gonio$|coupled$|^detectorscan$")
_TIMES = ("%m/%d/%Y %H:%M:%S", "%m/%d/%y %H:%M:%S")


@dataclass(frozen=True)
class Scan:
    """One scan over the scattering angle.

    Attributes:
        part: Which scan of the file.
        two_theta: Scattering angle (degree), shape ``(n,)``.
        intensity: Shape ``(n,)``, in ``unit``.
        unit: Unit of the intensity as the file has it.
        about: Fields of :class:`registry.records.Spectrum` that the file fills.
        parameters: What else the file says, kept in the provenance.
    """

    part: str
    two_theta: Floats
    intensity: Floats
    unit: str = "counts"
    about: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


def spectra_of(
    scans: list[Scan], passed_over: dict[str, str], source: Source, name: str, version: str
) -> list[Spectrum]:
    """Spectra of the scans; scans over other angles are named in each one's provenance.

    Args:
        scans: Scans over the scattering angle.
        passed_over: Other scans of the file: which, and what they went over.
        source: The file, whose hints win.
        name: Name of the reader.
        version: Its version.

    Raises:
        BadInput: When there is no scan at all, or neither file nor user gives a wavelength.
        Unsupported: When all scans went over other angles.
    """
    if not scans and passed_over:
        found = "; ".join(f"{part}: {axis}" for part, axis in passed_over.items())
        raise Unsupported(f"{source.name}: axis", "a scan over two theta", found[:200])
    if not scans:
        raise BadInput(source.name, "at least one scan", "none")
    technique = told_technique(source) or "xrd"
    spectra = []
    for scan in scans:
        spectrum = Spectrum(
            technique=technique,
            kind=kind_of(source),
            x=Axis("two_theta", "degree", scan.two_theta),
            intensity=scan.intensity,
            intensity_unit=scan.unit,
            provenance=provenance(
                source, name, version, scan.part, passed_over=passed_over, **scan.parameters
            ),
            **scan.about,
        )
        told = with_hints(spectrum, source)
        where = f"{source.name}: {scan.part}: wavelength"
        if told.wavelength is None:
            raise BadInput(where, "--wavelength (angstrom)", "none in the file")
        if not 0 < told.wavelength < np.inf:
            raise BadInput(where, "a positive number (or --wavelength)", f"{told.wavelength:g}")
        spectra.append(told)
    return spectra


def is_two_theta(axis: str) -> bool:
    """Whether the name of a scan or drive (``TwoThetaTheta``, ``2-Theta``) is of two theta."""
    return _TWO_THETA.search(re.sub(r"[^a-z0-9]", "", axis.lower())) is not None


def tube_wavelength(
    alpha1: float | None, alpha2: float | None, ratio: float | None, guessed: dict[str, str]
) -> float | None:
    """Mean wavelength (angstrom) of the K-alpha lines; how it was formed goes into ``guessed``.

    Zero or a missing value stands for a line that is not known.
    """
    if not alpha1 or not alpha2 or alpha1 == alpha2:
        return alpha1 or None
    share = ratio if ratio and 0 < ratio <= 1 else ALPHA_RATIO
    mean = (alpha1 + share * alpha2) / (1 + share)
    guessed["wavelength"] = (
        f"{mean:.6g} angstrom: mean of K-alpha 1 ({alpha1:g}) and 2 ({alpha2:g}), 1 : {share:g}"
    )
    return mean


def numbers(text: str | None, where: str, separator: str | None = None) -> Floats:
    """Numbers of a list in text, shape ``(n,)``.

    Raises:
        BadInput: When one of them is not a number, or there is none.
    """
    words = (text or "").split(separator)
    try:
        values = np.array(words, dtype=np.float64)
    except ValueError as error:
        raise BadInput(where, "numbers", str(error)) from error
    if not len(values) or not np.isfinite(values).all():
        raise BadInput(where, "finite numbers", "none" if not len(values) else "NaN or infinity")
    return values


def optional_number(text: str | None, where: str) -> float | None:
    """The number of a field, or None where the field is missing or empty."""
    return None if text is None or not text.strip() else number(text, where)


def time_of(text: str | None) -> datetime | None:
    """Time in ISO 8601 or as instruments write it (``11/21/2017 08:32:31``), or None.

    A time without a zone is taken for UTC.
    """
    words = (text or "").strip()
    for form in (None, *_TIMES):
        try:
            found = datetime.fromisoformat(words) if form is None else _strptime(words, form)
        except ValueError:
            continue
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return None


def _strptime(text: str, form: str) -> datetime:
    return datetime.strptime(text, form).replace(tzinfo=UTC)
