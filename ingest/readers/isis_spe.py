"""SPE text: S(angle, energy transfer) of ISIS and SNS spectrometers, as Mantid saves it.

Two counts (angles, energies), both grids with one number more, then signal and errors for
every angle; numbers in fields of ten characters, eight a line. -1e30 marks masked detectors.
"""

from __future__ import annotations

import re

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._inelastic import Transfer, centres, spectrum_of
from ingest.readers._lines import Lines
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum

NAME, VERSION = "isis_spe", "1"
_MAGIC = re.compile(rb"\s*\d+\s+\d+\s*\r?\n### (Phi|Q) Grid", re.IGNORECASE)
_WIDTH, _PER_LINE = 10, 8
_MASKED = -1e29


def read(source: Source) -> list[Spectrum]:
    """Read the one map of a file.

    Raises:
        BadInput: With the line that does not fit, or counts that the file is too short for.
    """
    lines = Lines(source.text(), source.name)
    words = lines.next("two counts").split()
    if len(words) != 2:
        raise BadInput(lines.place, "two counts", " ".join(words)[:60])
    groups, points = (lines.counted(word, "count") for word in words)
    if groups * points == 0 or 2 * groups * points > _PER_LINE * lines.left:
        found = f"{groups} x {points} in {lines.left} lines"
        raise BadInput(lines.place, "counts that fit the file", found)
    across, taken_for = _across(
        lines.next("### Phi Grid or ### Q Grid"), _numbers(lines, groups + 1), lines
    )
    _label(lines, "### Energy Grid")
    energies = centres(_numbers(lines, points + 1))
    signal, errors = np.empty((points, groups)), np.empty((points, groups))
    for n in range(groups):
        _label(lines, "### S(")
        signal[:, n] = _numbers(lines, points)
        _label(lines, "### Errors")
        errors[:, n] = _numbers(lines, points)
    masked = signal < _MASKED
    signal[masked] = errors[masked] = np.nan
    transfer = Transfer(
        energies=energies,
        intensity=signal,
        errors=errors,
        across=across,
        guessed={"x": "energy transfer in meV, as the format has it", "grid": taken_for},
        about={"masked_points": int(masked.sum())},
    )
    return [spectrum_of(transfer, source, NAME, VERSION)]


def _across(label: str, grid: Floats, lines: Lines) -> tuple[Axis, str]:
    """Axis of the groups, and what its ``n + 1`` numbers were taken for.

    Mantid and Horace write boundaries; older programs write the values and one number more,
    mostly zero, that means nothing.
    """
    kind = label.lower()
    if not kind.startswith(("### phi grid", "### q grid")):
        raise BadInput(lines.place, "### Phi Grid or ### Q Grid", repr(label[:60]))
    are_edges = bool((np.diff(grid) > 0).all())
    values = centres(grid) if are_edges else grid[:-1]
    reason = "boundaries: they increase" if are_edges else "values: the last is not the largest"
    if kind.startswith("### q"):
        return Axis("Q", "1/angstrom", values), reason
    return Axis("two_theta", "degree", values), reason


def _label(lines: Lines, expected: str) -> None:
    label = lines.next(expected)
    if not label.lower().startswith(expected.lower()):
        raise BadInput(lines.place, expected, repr(label[:60]))


def _numbers(lines: Lines, n: int) -> Floats:
    """Read ``n`` numbers, shape ``(n,)``; fields that touch are cut at their width."""
    return lines.several(n, "numbers in fields of 10", _fields)


def _fields(line: str) -> list[str]:
    words = line.split()
    if any(len(word) > _WIDTH for word in words):
        return [line[at : at + _WIDTH] for at in range(0, len(line), _WIDTH)]
    return words


def recognise(source: Source) -> float:
    """Sure by the counts and the first grid; ``.spe`` is also the ending of other formats."""
    return 1.0 if _MAGIC.match(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="SPE text of neutron spectrometers",
    endings=(".spe",),
    recognise=recognise,
    read=read,
    reference="Mantid, LoadSPE and SaveSPE",
)
