"""Which small-angle technique a file holds, told from radiation, instrument and title."""

from __future__ import annotations

import re

from ingest.readers import Source
from registry.errors import BadInput
from registry.vocabulary import TECHNIQUES

_NEUTRON = re.compile(
    r"neutron|u?sans(\b|_|2d)|\b(loq|larmor|zoom|bt5|ng[3b7]|bilby|quokka|eq-?sans|d11|d22|d33|"
    r"kws-?[123]|hiressans|cg[23])\b",
    re.IGNORECASE,
)
_XRAY = re.compile(r"x[- ]?ray|synchrotron|u?saxs|\bcu[- ]?k", re.IGNORECASE)


def probe_in(text: str) -> tuple[str, str] | None:
    """Probe (``neutron`` or ``xray``) a text speaks of, and the word that says so.

    None when it names neither, or both.
    """
    neutron, xray = _NEUTRON.search(text), _XRAY.search(text)
    if neutron and not xray:
        return "neutron", neutron.group(0)
    if xray and not neutron:
        return "xray", xray.group(0)
    return None


def told_technique(source: Source) -> str | None:
    """Technique the user named, or None.

    Raises:
        BadInput: When there is no such technique.
    """
    told = source.hints.get("technique")
    if told is not None and told not in TECHNIQUES:
        known = ", ".join(sorted(TECHNIQUES))
        raise BadInput(f"{source.name}: option technique", f"one of {known}", repr(told))
    return told


def small_angle_technique(
    source: Source, evidence: dict[str, str | None], otherwise: str | None = None
) -> tuple[str, dict[str, str]]:
    """Technique of a small-angle set and what was guessed about it.

    Args:
        source: The file, whose hint ``technique`` wins.
        evidence: Fields to look into, surest first; ``radiation`` settles it, any other
            field is a guess and recorded.
        otherwise: Technique for which the file format was made.

    Raises:
        BadInput: When nothing tells neutrons from X-rays.
    """
    told = told_technique(source)
    if told is not None:
        return told, {}
    for field, text in evidence.items():
        found = probe_in(text or "")
        if found:
            technique = "sans" if found[0] == "neutron" else "saxs"
            if field == "radiation":
                return technique, {}
            return technique, {"technique": f"{technique}: {field} has {found[1]!r}"}
    if otherwise is not None:
        return otherwise, {"technique": f"{otherwise}: the format is written for it"}
    raise BadInput(
        f"{source.name}: radiation", "neutron or X-ray (or --technique sans|saxs)", "not stated"
    )
