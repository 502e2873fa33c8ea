"""INX: inelastic time-of-flight spectra in text, as ILL and TOFTOF write them, angle by angle.

Each group has four lines above its rows of energy (meV), S and its error::

    lines  zone  ...  channels
    title
    angle  incident energy (meV)  incident wavevector (1/angstrom)  temperature (K)  ...
    energy  width of a channel  ...

Groups of one grid of energies become one spectrum of two dimensions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import number
from ingest.readers._inelastic import Transfer, spectrum_of
from ingest.readers._lines import Lines
from ingest.readers._signs import one_way
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum

NAME, VERSION = "inx", "1"
_MAGIC = re.compile(
    rb"\s*(?:\d+[ \t]+){7}\d+[ \t]*\r?\n[^\n]*\n[ \t]*(?:[-+.\deE]+[ \t]+){3}[-+.\d]"
)
_ANGLE = "two_theta (degree): the first number of a group, which some instruments number through"


@dataclass(frozen=True)
class _Group:
    title: str
    angle: float
    incident: float
    wavevector: float
    temperature: float
    rows: Floats


def read(source: Source) -> list[Spectrum]:
    """Read all groups: one spectrum where they share their energies, else one each.

    Raises:
        BadInput: With the line that does not fit.
    """
    lines = Lines(source.text(), source.name)
    groups = []
    while not lines.blank_left():
        groups.append(_group(lines))
    if not groups:
        raise BadInput(source.name, "at least one group", "none")
    energies = groups[0].rows[:, 0]
    shared = all(np.array_equal(group.rows[:, 0], energies) for group in groups)
    sets = [groups] if shared and len(groups) > 1 else [[group] for group in groups]
    several = len(sets) > 1
    return [
        spectrum_of(_transfer(each, n if several else None), source, NAME, VERSION)
        for n, each in enumerate(sets, start=1)
    ]


def _group(lines: Lines) -> _Group:
    counts = lines.next("the counts of a group").split()
    if len(counts) != 8:
        raise BadInput(lines.place, "8 whole numbers", repr(" ".join(counts)[:60]))
    channels = lines.counted(counts[7], "channels")
    title = lines.next("title")
    words = lines.next("angle, incident energy, wavevector, temperature").split()
    if len(words) < 4:
        raise BadInput(lines.place, "at least 4 numbers", " ".join(words)[:60])
    angle, incident, wavevector, temperature = (number(w, lines.place) for w in words[:4])
    lines.next("width of a channel")
    rows = lines.table(channels, 3, "energy, intensity, error", fixed=True)
    one_way(rows[:, 0], f"{lines.place}: group of {angle:g} degree")
    return _Group(title, angle, incident, wavevector, temperature, rows)


def _transfer(groups: list[_Group], n: int | None) -> Transfer:
    first = groups[0]
    angles = Axis("two_theta", "degree", np.array([group.angle for group in groups]))
    single = len(groups) == 1
    return Transfer(
        energies=first.rows[:, 0],
        intensity=first.rows[:, 1] if single else np.stack([g.rows[:, 1] for g in groups], axis=1),
        errors=first.rows[:, 2] if single else np.stack([g.rows[:, 2] for g in groups], axis=1),
        across=None if single else angles,
        part=None if n is None else f"group {n}",
        title=first.title,
        incident=first.incident or None,
        temperature=first.temperature or None,
        guessed={"angle": _ANGLE},
        about={
            "two_theta": first.angle if single else None,
            "incident_wavevector": first.wavevector,
        },
    )


def recognise(source: Source) -> float:
    """Sure by eight counts, a title and four numbers; the ending alone is likely enough."""
    if _MAGIC.match(source.head):
        return 0.95
    return 0.5 if source.path.suffix.lower() == ".inx" else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="INX time-of-flight spectra",
    endings=(".inx", ".txt"),
    recognise=recognise,
    read=read,
    reference="ILL, INX output format, as in iFit's read_inx",
)
