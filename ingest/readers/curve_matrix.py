"""Matrix of curves as text: the axis in the first row, a curve in every further one.

So the patterns of a combinatorial library are kept: one sample a row, on one axis. Options:
``technique``, ``x_unit``, ``wavelength``; ``library`` names the samples (``<library>-001``, by the
name of the file otherwise); ``compositions`` is a table beside the file with the fractions of one
sample a row, whose columns are named for elements or oxides.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, number, provenance, with_hints
from ingest.readers._layout import Layout
from ingest.readers._table import read_table
from ingest.readers._technique import sort_of
from registry.errors import BadInput
from registry.identity import digest
from registry.records import Axis, Floats, Spectrum

NAME, VERSION = "curve_matrix", "1"
FEWEST_POINTS = 30
"""Fewer ascending numbers in the first row may be a row of anything."""
TOLERANCE = 0.02
"""How far the fractions of a sample may be from adding up to one."""


@dataclass(frozen=True)
class Compositions:
    """Fractions of components, one sample a row.

    Attributes:
        components: Elements or oxides.
        fractions: Shape ``(samples, components)``; every row adds up to one.
        digest: Content digest of the table.
    """

    components: tuple[str, ...]
    fractions: Floats
    digest: str

    def title(self, sample: int) -> str:
        """Composition of a sample in words, ``Fe 82.2 % Ga 12.9 % Pd 5.0 %``."""
        parts = zip(self.components, self.fractions[sample], strict=True)
        return " ".join(f"{component} {100 * share:.1f} %" for component, share in parts)


def read(source: Source) -> list[Spectrum]:
    """Read every curve.

    Raises:
        BadInput: With the line of a damaged row, or naming the option that is missing or does not
            fit.
    """
    table = read_table(source.text(), source.name).values
    x, curves = table[0], table[1:]
    if not _ascends(x):
        raise BadInput(f"{source.name}, first row", "an axis that ascends", "one that does not")
    sort = sort_of(x, Layout({"x": 0, "y": 1}), "", source)
    wavelength = source.hints.get("wavelength")
    if sort.quantity == "two_theta" and wavelength is None:
        raise BadInput(f"{source.name}: wavelength", "--wavelength (angstrom)", "none in the file")
    told = _compositions(source, len(curves))
    names = sample_names(str(source.hints.get("library") or source.path.stem), len(curves))
    return [
        with_hints(
            Spectrum(
                technique=sort.technique,
                kind=kind_of(source),
                x=Axis(sort.quantity, sort.unit, x),
                intensity=curve,
                sample_id=names[n],
                title=told.title(n) if told else None,
                wavelength=None
                if wavelength is None
                else number(wavelength, f"{source.name}: wavelength"),
                provenance=provenance(
                    source,
                    NAME,
                    VERSION,
                    f"row {n + 1}",
                    composition=_composition(told, n),
                    compositions=told.digest if told else None,
                    guessed=sort.guessed,
                ),
            ),
            source,
        )
        for n, curve in enumerate(curves)
    ]


def sample_names(library: str, count: int) -> list[str]:
    """Names of the samples of a library, ``library-001`` and so on, in the order of its rows."""
    return [f"{library}-{n:0{len(str(count))}d}" for n in range(1, count + 1)]


def read_compositions(path: Path) -> Compositions:
    """Read a table of fractions; percents become fractions.

    Raises:
        BadInput: When there is no such table, it names no columns, or the fractions of a row do
            not add up.
    """
    if not path.is_file():
        raise BadInput(path.name, "a table of compositions", "no such file")
    content = path.read_bytes()
    table = read_table(content.decode("utf-8-sig", errors="replace"), path.name)
    if table.names is None:
        raise BadInput(f"{path.name}: columns", "names such as Fe, Ga, Pd above them", "none")
    sums = table.values.sum(axis=1, keepdims=True)
    whole = 100.0 if sums.size and abs(np.median(sums) - 100) < 100 * TOLERANCE else 1.0
    wrong = (table.values < 0).any(axis=1) | ~(np.abs(sums[:, 0] / whole - 1) <= TOLERANCE)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        found = f"{table.values[first].tolist()} in row {first + 1}"
        raise BadInput(path.name, "fractions of 0 or more that add up to 1 or 100", found)
    return Compositions(tuple(table.names), table.values / sums, digest(content))


def _compositions(source: Source, curves: int) -> Compositions | None:
    name = source.hints.get("compositions")
    if name is None:
        return None
    told = read_compositions(source.path.parent / str(name))
    if len(told.fractions) != curves:
        found = f"{len(told.fractions)} for {curves} curves"
        raise BadInput(f"{source.name}: option compositions", "one row for each curve", found)
    return told


def _composition(told: Compositions | None, sample: int) -> dict[str, float] | None:
    if told is None:
        return None
    return dict(zip(told.components, map(float, told.fractions[sample]), strict=True))


def recognise(source: Source) -> float:
    """Sure by a first row of many ascending numbers, as many as there are in the second."""
    if b"\x00" in source.head:
        return 0
    first = source.content.find(b"\n")
    second = source.content.find(b"\n", first + 1)
    axis = _numbers(source.content[: max(first, 0)])
    curve = _numbers(source.content[first + 1 : None if second < 0 else second])
    if len(axis) < FEWEST_POINTS or len(axis) != len(curve):
        return 0
    return 0.7 if _ascends(np.array(axis)) else 0


def _ascends(x: Floats) -> bool:
    return bool(np.isfinite(x).all() and (np.diff(x) > 0).all())


def _numbers(line: bytes) -> list[float]:
    """The numbers of a line, none when anything else is in it."""
    try:
        return [float(word) for word in line.replace(b",", b" ").split()]
    except ValueError:
        return []


READER = Reader(
    name=NAME,
    version=VERSION,
    title="matrix of curves with its axis in the first row",
    endings=(".txt", ".csv", ".dat"),
    recognise=recognise,
    read=read,
    reference="the layout of published combinatorial libraries, such as Fe-Ga-Pd of Kusne et al., "
    "Nat. Commun. 11, 5966 (2020), doi:10.1038/s41467-020-19597-w",
)
