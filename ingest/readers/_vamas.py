"""Layout of VAMAS (ISO 14976): which line of header and block holds what.

A block has forty items in a fixed order; the first block has all of them, later ones only
those that the header's inclusion or exclusion list does not leave to the first. Images of single
values (``MAPSV``, ``SEM``, scan mode ``MAPPING``) have no energy axis and are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingest.readers._lines import Lines
from registry.errors import BadInput, Unsupported
from registry.records import Floats

MAGIC = "VAMAS Surface Chemical Analysis Standard Data Transfer Format 1988 May 4"
_MODES = ("NORM", "SDP", "SDPSV", "NOEXP")
_MAPS = ("MAP", "MAPDP")
_IMAGES = ("MAPSV", "MAPSVDP", "SEM")
_SCANS = ("REGULAR", "IRREGULAR", "MAPPING")
_DEPTH_PROFILES = ("SDP", "SDPSV", "MAPDP")
_IONS = ("FABMS", "ISS", "SIMS", "SNMS")

_NOT_KNOWN = 1e36
"""The standard writes 1E37 for a number that is not known."""

Block = dict[str, Any]


@dataclass(frozen=True)
class Header:
    """What the file says before its first block; ``across`` are positions of a full map."""

    institution: str
    instrument: str
    mode: str
    regular: bool
    across: tuple[int, int] | None
    variables: list[tuple[str, str]]
    left_out: frozenset[int]
    upgrades: int
    blocks: int


def read_header(lines: Lines) -> Header:
    """Read the header.

    Raises:
        BadInput: With the line that is not what the standard asks for there.
        Unsupported: For images of single values.
    """
    if lines.next("the VAMAS identifier") != MAGIC:
        raise BadInput(lines.place, MAGIC, "another line")
    institution, instrument = lines.next("institution"), lines.next("instrument")
    lines.next("operator")
    lines.next("experiment")
    _comment(lines)
    mode = _one_of(lines, (*_MODES, *_MAPS, *_IMAGES), "experiment mode")
    scan = _one_of(lines, _SCANS, "scan mode")
    if mode in _IMAGES or scan == "MAPPING":
        found = f"images of one number a position, without energies ({mode}, {scan})"
        raise Unsupported(lines.place, "spectra, or maps of spectra", found)
    if mode in ("NORM", "SDP", *_MAPS):
        lines.number("number of spectral regions")
    across = _positions(lines) if mode in _MAPS else None
    variables = [_labelled(lines) for _ in range(lines.count("number of variables"))]
    left_out = _left_out(lines)
    for _ in range(lines.count("number of manually entered items")):
        lines.next("manually entered item")
    more, upgrades = lines.count("future upgrades"), lines.count("future upgrades of a block")
    for _ in range(more):
        lines.next("future upgrade")
    blocks = lines.count("number of blocks")
    regular = scan == "REGULAR"
    return Header(
        institution, instrument, mode, regular, across, variables, left_out, upgrades, blocks
    )


def _positions(lines: Lines) -> tuple[int, int]:
    lines.number("number of analysis positions")
    nx, ny = (lines.number(f"number of {axis} coordinates in the full map") for axis in "xy")
    if nx < 1 or ny < 1 or nx % 1 or ny % 1:
        raise BadInput(lines.place, "counts of positions", f"{nx:g}, {ny:g}")
    return int(nx), int(ny)


def read_block(lines: Lines, header: Header, first: Block | None) -> Block:
    """Read one block; ``first`` is the first block of the file, None for that one itself.

    Returns:
        Items by name, and ``values``: ordinates, shape ``(points, corresponding variables)``.

    Raises:
        BadInput: With the line that is not what the standard asks for there.
    """
    block: Block = dict(first or {})
    block["name"], block["sample"] = lines.next("block"), lines.next("sample")
    for item, (key, take) in enumerate(_ITEMS, start=1):
        if first is None or item not in header.left_out:
            block[key] = take(lines, header, block)
    for _ in range(header.upgrades):
        lines.next("future upgrade of a block")
    block["values"] = _values(lines, len(block["corresponding"]))
    return block


def _values(lines: Lines, width: int) -> Floats:
    n = lines.count("number of ordinate values")
    if width == 0 or n % width:
        raise BadInput(lines.place, f"a multiple of {width} ordinate values", str(n))
    # stated by the standard, but left at 0 and 1 by some writers: no test of the values
    lines.table(2 * width, 1, "minimum or maximum")
    return lines.table(n, 1, "ordinate value").reshape(-1, width)


def known(value: float) -> float | None:
    """The number, or None for the one that stands for 'not known'."""
    return None if abs(value) >= _NOT_KNOWN else value


def _one_of(lines: Lines, known: tuple[str, ...], what: str) -> str:
    found = lines.next(what).upper()
    if found not in known:
        raise BadInput(f"{lines.place}: {what}", " or ".join(known), repr(found))
    return found


def _left_out(lines: Lines) -> frozenset[int]:
    """Numbers of the items that only the first block holds."""
    text = lines.next("inclusion or exclusion list")
    listed = frozenset(
        int(lines.number("item")) for _ in range(lines.counted(text.lstrip("-"), "list"))
    )
    if text.startswith("-") or not listed:
        return listed
    return frozenset(range(1, len(_ITEMS) + 1)) - listed


def _comment(lines: Lines) -> list[str]:
    return [lines.next("a comment") for _ in range(lines.count("number of comment lines"))]


def _labelled(lines: Lines) -> tuple[str, str]:
    return lines.next("a label"), lines.next("a unit")


_Take = Callable[[Lines, Header, Block], Any]


def _text(lines: Lines, _header: Header, _block: Block) -> str:
    return lines.next("a value")


def _coordinates(lines: Lines, header: Header, _block: Block) -> tuple[float, float] | None:
    """Position in a map, counted from 1 at the left and at the top."""
    if header.across is None:
        return None
    x, y = lines.number("x coordinate"), lines.number("y coordinate")
    for place, most in zip((x, y), header.across, strict=True):
        if not 1 <= place <= most or place % 1:
            raise BadInput(lines.place, f"a position from 1 to {most}", f"{place:g}")
    return x, y


def _field_of_view(lines: Lines, header: Header, _block: Block) -> tuple[float, float] | None:
    """Width and height of a map (micrometre)."""
    if header.across is None:
        return None
    return lines.number("field of view x"), lines.number("field of view y")


def _number(lines: Lines, _header: Header, _block: Block) -> float:
    return lines.number("a value")


def _numbers(count: int) -> _Take:
    return lambda lines, _h, _b: [lines.number("a value") for _ in range(count)]


def _nothing(_lines: Lines, _header: Header, _block: Block) -> None:
    return None


def _variables(lines: Lines, header: Header, _block: Block) -> list[str]:
    return [lines.next("value of a variable") for _ in header.variables]


def _sputtering_ion(lines: Lines, header: Header, block: Block) -> None:
    if header.mode in _DEPTH_PROFILES or block["technique"].upper().startswith(_IONS):
        _numbers(3)(lines, header, block)


def _sputtering_source(lines: Lines, header: Header, block: Block) -> None:
    if header.mode in _DEPTH_PROFILES and not block["technique"].upper().startswith(_IONS):
        _numbers(6)(lines, header, block)
        lines.next("sputtering mode")


def _differential_width(lines: Lines, header: Header, block: Block) -> None:
    if block["technique"].upper() == "AES DIFF":
        _number(lines, header, block)


def _abscissa(lines: Lines, header: Header, _block: Block) -> tuple[str, float, float] | None:
    """Label, start and step of a regular scan."""
    if not header.regular:
        return None
    label, _unit = _labelled(lines)
    return label, lines.number("start"), lines.number("step")


def _corresponding(lines: Lines, _header: Header, _block: Block) -> list[tuple[str, str]]:
    return [_labelled(lines) for _ in range(lines.count("number of corresponding variables"))]


def _additional(lines: Lines, _header: Header, _block: Block) -> None:
    for _ in range(lines.count("number of additional parameters")):
        _labelled(lines)
        lines.next("value of an additional parameter")


_ITEMS: tuple[tuple[str, _Take], ...] = (
    *((key, _number) for key in ("year", "month", "day", "hour", "minute", "second", "gmt")),
    ("comment", lambda lines, _h, _b: _comment(lines)),
    ("technique", _text),
    ("position", _coordinates),
    ("variables", _variables),
    ("source", _text),
    ("sputtering ion", _sputtering_ion),
    ("source_energy", _number),
    ("source strength", _number),
    ("beam width", _numbers(2)),
    ("field_of_view", _field_of_view),
    ("line scans of a map", _nothing),
    ("polar angle of incidence", _number),
    ("azimuth", _number),
    ("analyser_mode", _text),
    ("pass_energy", _number),
    ("differential width", _differential_width),
    ("magnification", _number),
    ("work_function", _number),
    ("target bias", _number),
    ("analysis width", _numbers(2)),
    ("take-off angles", _numbers(2)),
    ("species", _text),
    ("transition", lambda lines, h, b: (_text(lines, h, b), _number(lines, h, b))),
    ("abscissa", _abscissa),
    ("corresponding", _corresponding),
    ("signal mode", _text),
    ("collection_time", _number),
    ("scans", _number),
    ("time correction", _number),
    ("sputtering source", _sputtering_source),
    ("tilt of the sample", _numbers(2)),
    ("rotation of the sample", _number),
    ("additional parameters", _additional),
)
