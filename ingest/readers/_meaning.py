"""What a column is, told from its name: ``Q (1/A)`` is momentum transfer in 1/A.

Roles: ``x`` (with its quantity), ``y``, ``dy`` (one standard deviation of y), ``dx`` (of x),
``dx_fwhm``; None for a name that says nothing of these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

QUANTITIES: tuple[tuple[str, str, str], ...] = (
    # quantity, default unit, pattern of the bare name
    ("two_theta", "degree", r"(2|two)[\s_-]*(theta|th|θ)([\s_]+(angle|omega))?|t+theta|tth"),
    ("Q", "1/angstrom", r"q[xz]?|momentum[\s_]transfer"),
    ("r", "angstrom", r"r|distance"),
    ("energy", "eV", r"e|en|(photon[\s_])?energy"),
    ("binding_energy", "eV", r"be|binding[\s_]energy"),
    ("d_spacing", "angstrom", r"d|d[\s_-]?spacing"),
    ("time_of_flight", "us", r"tof|time[\s_-]of[\s_-]flight"),
    ("wavenumber", "1/angstrom", r"k"),
)
DEFAULT_UNIT = {quantity: unit for quantity, unit, _ in QUANTITIES} | {
    "energy_transfer": "meV",
    "spin_echo_length": "angstrom",
}
_ERROR_OF_Y = (
    r"(std\.?\s*dev\.?|sd|d|s|sig(ma)?|err(or)?s?|e|unc(ertainty)?)([\s_(]*(of[\s_])?"
    r"(i|y|r|ref|g|counts?|intensity|f|s|mu|xmu|g\(r\)|i\(q\)))?\)?"
)
# R is a reflectivity, r a distance
_ERROR_OF_X = r"(d|s|sig(ma)?|dsig|err)[\s_(]*(q[xz]?|x|(?-i:r))\)?|q[\s_]?(dev|res\w*)|resolution"
_SIGNAL = (
    r"i|y|r|ref|refl\w*|intensit(y|ies)|counts?|i\(q(x,qy)?\)|i\(2θ\)|[gfs]|[gfs]\([rq]\)|xmu|mu\w*|cross\w*|"
    r"<?xanes>?|signal"
)
_UNIT_WORD = re.compile(r"\s+(k?eV|deg(rees?)?|[µμu]s|counts|1/A|A\^-1|1/nm|nm\^-1|nm|A)$")
# pyFAI joins quantity and unit: q_nm^-1, 2th_deg
_JOINED_UNIT = re.compile(r"(?<=^q)_(nm\^-1|A\^-1)$|(?<=^2th)_(deg|rad)$")
_UNIT = re.compile(r"\s*[\[(]\s*([^\])]*)\s*[\])]\s*$")
_TEX = ((r"\\AA\b", "angstrom"), (r"[${}]", ""), ("[µμ]", "u"))


@dataclass(frozen=True)
class Meaning:
    """Role of a column, its quantity where the role is x, and the unit its name gives."""

    role: str | None
    quantity: str | None = None
    unit: str | None = None


def meaning(name: str, is_first: bool) -> Meaning:
    """Meaning of one column name; the first column is looked at as an axis first."""
    bare, unit = _split(name)
    if is_first:
        quantity = next((q for q, _, pattern in QUANTITIES if _is(pattern, bare)), None)
        return Meaning("x", quantity, unit)
    if _is(_ERROR_OF_X, bare):
        return Meaning("dx_fwhm" if "fwhm" in name.lower() else "dx", None, unit)
    if _is(_SIGNAL, bare):
        return Meaning("y", None, unit)
    if _is(_ERROR_OF_Y, bare):
        return Meaning("dy", None, unit)
    return Meaning(None, None, unit)


def _is(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.IGNORECASE) is not None


def _split(name: str) -> tuple[str, str | None]:
    """Split ``dq(FWHM, 1/A)`` into the bare name and the unit; function arguments are no unit."""
    text = name.strip().strip("<>\"'").strip()
    joined = _JOINED_UNIT.search(text)
    if joined is not None:
        return text[: joined.start()], joined[1] or joined[2]
    found = _UNIT.search(text)
    if found is None:
        word = _UNIT_WORD.search(text)
        return (text[: word.start()], _spell(word[1])) if word else (text, None)
    words = [w.strip() for w in found[1].split(",")]
    units = [w for w in words if w.lower() not in ("fwhm", "sd", "sigma", "r", "q", "qx", "qy")]
    if len(units) < len(words) and not re.search("fwhm|sd|sigma", found[1], re.IGNORECASE):
        return text, None
    unit = units[0] if units else None
    return text[: found.start()].strip(), _spell(unit) if unit else None


def _spell(unit: str) -> str:
    for pattern, spelled in _TEX:
        unit = re.sub(pattern, spelled, unit)
    return unit
