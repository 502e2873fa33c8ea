"""Reflectivity in columns: Q, R, and where given their errors, with or without names.

Taken are files of PLATYPUS (ANSTO) by their name, output of refl1d by its header, and any
table of which the user says that it is ``nr`` or ``xrr``. The width of Q is a full width at
half maximum in some programs (refnx, Motofit, PLATYPUS) and a standard deviation in others
(refl1d, ORSO): which was taken stands in the provenance under ``resolution_given_as``.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, known, provenance, with_hints
from ingest.readers._layout import Layout, layout_of
from ingest.readers._table import read_table
from registry.errors import BadInput
from registry.records import Axis, Spectrum

NAME, VERSION = "reflectivity", "1"
TECHNIQUES = ("nr", "xrr")
_ENDINGS = (".dat", ".txt", ".csv", ".refl")
_PLATYPUS = re.compile(r"(c_)?PLP\d{7}")
_REFL1D = re.compile(rb"^#\s*Q\s*\(1/A\)\s+dQ\s*\(1/A\)\s+R\b", re.MULTILINE)
_OTHERS = (b"# # ORSO", b"\x89HDF", b"{", b"<?xml", b"<")


def read(source: Source) -> list[Spectrum]:
    """Read the one curve of a file.

    Raises:
        BadInput: With the line of a damaged row, or naming the option that is needed.
    """
    table = read_table(source.text(), source.name)
    layout = layout_of(table, source)
    y = layout.of("y", table)
    if layout.quantity not in (None, "Q") or y is None:
        found = f"{layout.quantity or 'no name'}, {layout.signal or 'no signal'}"
        raise BadInput(f"{source.name}: columns", "Q and R", found)
    guessed = dict(layout.guessed)
    technique = _technique(source, guessed)
    layout, convention = _resolution(layout, source, guessed)
    unit = source.hints.get("x_unit") or layout.unit
    if unit is None:
        unit = "1/angstrom"
        guessed["x_unit"] = "1/angstrom: usual for Q, the file names none"
    spectrum = Spectrum(
        technique=technique,
        kind=kind_of(source, "\n".join(table.header)),
        x=Axis("Q", unit, table.values[:, layout.roles["x"]]),
        intensity=y,
        uncertainty=known(layout.of("dy", table)),
        resolution=known(layout.resolution(table)),
        title=source.path.stem,
        instrument="PLATYPUS" if _is_platypus(source) else None,
        facility="ANSTO" if _is_platypus(source) else None,
        provenance=provenance(
            source,
            NAME,
            VERSION,
            columns=table.names,
            roles=layout.roles,
            resolution_given_as=convention,
            guessed=guessed,
        ),
    )
    return [with_hints(spectrum, source)]


def _technique(source: Source, guessed: dict[str, str]) -> str:
    told = source.hints.get("technique")
    if told in TECHNIQUES:
        return str(told)
    if told is None and _is_platypus(source):
        guessed["technique"] = "nr: PLP and seven digits is a run of the reflectometer PLATYPUS"
        return "nr"
    raise BadInput(f"{source.name}: option technique", " or ".join(TECHNIQUES), repr(told))


def _resolution(
    layout: Layout, source: Source, guessed: dict[str, str]
) -> tuple[Layout, str | None]:
    """The layout with the width of Q in its role, and what that width is."""
    if "dx_fwhm" in layout.roles:
        return layout, "FWHM"
    if "dx" not in layout.roles:
        return layout, None
    if not layout.guessed or source.hints.get("columns") is not None:
        return layout, "one standard deviation"
    if _is_platypus(source):
        guessed["resolution"] = "FWHM: files of PLATYPUS hold the full width of Q"
        roles = {"dx_fwhm" if role == "dx" else role: n for role, n in layout.roles.items()}
        return replace(layout, roles=roles), "FWHM"
    guessed["resolution"] = "one standard deviation, as ORSO; else --columns x,y,dy,dx_fwhm"
    return layout, "one standard deviation"


def _is_platypus(source: Source) -> bool:
    return _PLATYPUS.match(source.name) is not None


def recognise(source: Source) -> float:
    """Nearly sure by PLATYPUS' name or refl1d's header; just likely when the user says so."""
    head = source.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"\x00" in head or head.startswith(_OTHERS):
        return 0
    if source.path.suffix.lower() not in _ENDINGS:
        return 0
    if _is_platypus(source) or _REFL1D.search(head):
        return 0.9
    return 0.45 if source.hints.get("technique") in TECHNIQUES else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="reflectivity in columns",
    endings=_ENDINGS,
    recognise=recognise,
    read=read,
    reference="Nelson & Prescott, J. Appl. Cryst. 52, 193 (2019): refnx; refl1d documentation",
)
