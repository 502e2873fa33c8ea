"""VAMAS (ISO 14976): surface spectra, one per block.

Read are XPS and UPS of regular and irregular scans, of depth profiles and of maps. The first
corresponding variable is the signal; others (a transmission function) are named in the
provenance under ``not_applied``. Blocks of other techniques are named under ``passed_over``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._lines import Lines
from ingest.readers._photoemission import Region, photon_energy, scale_of, spectrum_of
from ingest.readers._signs import one_way
from ingest.readers._vamas import MAGIC, Block, Header, known, read_block, read_header
from ingest.readers._vamas_map import laid_out
from registry.errors import BadInput, Unsupported
from registry.records import Spectrum

NAME, VERSION = "vamas", "1"
ENDINGS = (".vms", ".npl")
_PHOTOEMISSION = ("XPS", "UPS")
_UNITS = {"c/s": "counts/s", "d": ""}
"""The standard's words for counts per second and for a number without dimension."""


def read(source: Source) -> list[Spectrum]:
    """Read every block.

    Raises:
        BadInput: With the line that is not what the standard asks for there.
        Unsupported: When all blocks are of other techniques, and for images of single values.
    """
    lines = Lines(source.text(), source.name)
    header = read_header(lines)
    found: list[tuple[Block, Region]] = []
    passed_over: dict[str, str] = {}
    first: Block | None = None
    for n in range(1, header.blocks + 1):
        block = read_block(lines, header, first)
        first = first or block
        part = f"block {n}: {block['name']}"
        if block["technique"].upper() in _PHOTOEMISSION:
            found.append((block, _region(block, part, header, source)))
        else:
            passed_over[part] = f"technique {block['technique']!r}"
    if not found:
        what = "; ".join(f"{part}: {why}" for part, why in passed_over.items()) or "no block"
        expected = f"a block of {' or '.join(_PHOTOEMISSION)}"
        raise Unsupported(f"{source.name}: blocks", expected, what[:200])
    regions = laid_out(found, header)
    for region in regions:
        region.about["passed_over"] = passed_over
    return [spectrum_of(region, source, NAME, VERSION) for region in regions]


def _region(block: Block, part: str, header: Header, source: Source) -> Region:
    where = f"{source.name}: {part}"
    values, columns = block["values"], block["corresponding"]
    if header.regular:
        label, start, step = block["abscissa"]
        energies, signal = start + step * np.arange(len(values)), 0
    else:
        label, energies, signal = columns[0][0], values[:, 0], 1
        if len(columns) < 2:
            raise BadInput(where, "energies and counts", label)
    return Region(
        part=part,
        scale=scale_of(label),
        energies=one_way(energies, where),
        intensity=values[:, signal],
        unit=_unit(*columns[signal]),
        photon_energy=photon_energy(known(block["source_energy"])),
        title=f"{block['sample']}: {block['name']}",
        sample=block["sample"] or None,
        instrument=_said(header.instrument),
        facility=_said(header.institution),
        time=_time(block, where),
        about={
            "technique": block["technique"],
            "species": f"{block['species']} {block['transition'][0]}".strip(),
            "variables": {
                label: value
                for (label, _), value in zip(header.variables, block["variables"], strict=True)
            },
            "signal": columns[signal][0],
            "not_applied": [label for label, _ in columns[signal + 1 :]],
            "analyser_mode": block["analyser_mode"],
            "pass_energy": known(block["pass_energy"]),
            "work_function": known(block["work_function"]),
            "scans": block["scans"],
            "collection_time": block["collection_time"],
            "comment": block["comment"],
        },
    )


def _unit(label: str, unit: str) -> str:
    return "counts" if label.lower() == "counts" and unit == "d" else _UNITS.get(unit, unit)


def _said(text: str) -> str | None:
    return None if text.lower() in ("", "not specified", "unknown") else text


def _time(block: Block, where: str) -> datetime | None:
    """Time in UTC, or None where the file has zeros for it."""
    parts = [int(block[key]) for key in ("year", "month", "day", "hour", "minute", "second")]
    if parts[0] <= 0:
        return None
    try:
        return datetime(*parts, tzinfo=UTC) - timedelta(hours=block["gmt"])  # type: ignore[arg-type, misc]
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{where}: date", "a date and time", f"{parts} ({error})") from error


def recognise(source: Source) -> float:
    """Sure by the first line; likely by the ending."""
    if source.head.lstrip().startswith(MAGIC.encode()):
        return 1.0
    return 0.5 if source.path.suffix.lower() in ENDINGS else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="VAMAS surface spectra",
    endings=ENDINGS,
    recognise=recognise,
    read=read,
    reference="ISO 14976:1998; Dench, Hazell & Seah, Surf. Interface Anal. 13, 63 (1988)",
)
