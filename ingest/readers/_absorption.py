"""Absorption from the counters of an X-ray absorption scan.

.. math:: \\mu_{trans} = \\ln(I_0 / I_{trans}), \\qquad \\mu_{fluor} = I_{fluor} / I_0
"""

from __future__ import annotations

import numpy as np

from registry.errors import BadInput
from registry.records import Floats

HIGHEST = 200_000.0
"""Photon energy (eV) above the K edge of every element that is measured."""
_MU = ("mutrans", "xmu", "mu", "normtrans", "norm", "mufluor", "normfluor", "xmufluor")
# names of the XDI dictionary, and the short ones of beamlines
_TRANSMITTED, _FLUORESCENCE = ("itrans", "it"), ("ifluor", "if", "iff")


def photon_energies(values: Floats, where: str, unit: str = "eV") -> Floats:
    """Energies of X-rays as a monochromator gives them (``eV`` or ``keV``).

    Raises:
        BadInput: With the first point that is none: not above zero, or beyond all edges.
    """
    highest = HIGHEST / 1000 if unit == "keV" else HIGHEST
    wrong = (values <= 0) | (values > highest)
    if wrong.any():
        n = int(np.argmax(wrong))
        expected = f"a photon energy above 0 and up to {highest:g} {unit}"
        raise BadInput(f"{where}, point {n + 1}", expected, f"{values[n]:g}")
    return values


def absorption(names: list[str], values: Floats, where: str) -> tuple[Floats, str]:
    """Form the absorption and say what was formed.

    Args:
        names: Column names in lower case.
        values: Shape ``(points, columns)``.
        where: For errors.

    Returns:
        Absorption, shape ``(points,)``, and a formula of columns.

    Raises:
        BadInput: When the columns give no absorption, or a counter is zero or of the
            other sign where the logarithm or quotient is needed.
    """
    for name in _MU:
        if name in names:
            return values[:, names.index(name)], name
    counter = next((c for c in (*_TRANSMITTED, *_FLUORESCENCE) if c in names), None)
    if counter is None or "i0" not in names:
        raise BadInput(
            f"{where}: columns", "mutrans, mufluor, or i0 with itrans or ifluor", ", ".join(names)
        )
    i0, signal = values[:, names.index("i0")], values[:, names.index(counter)]
    transmitted = counter in _TRANSMITTED
    formula = f"ln(i0/{counter})" if transmitted else f"{counter}/i0"
    upper, lower = (i0, signal) if transmitted else (signal, i0)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = upper / lower
    # detectors that count negative currents are fine as long as the quotient is positive
    bad = (lower == 0) | (transmitted & (quotient <= 0)) | np.isinf(quotient)
    if bad.any():
        n = int(np.argmax(bad))
        found = f"i0={i0[n]:g}, {counter}={signal[n]:g} at point {n + 1}"
        raise BadInput(f"{where}: {formula}", "counters of one sign, not zero", found)
    return (np.log(quotient) if transmitted else quotient), formula
