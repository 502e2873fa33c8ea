"""Curves of a lake by id and by likeness, answered from the sidecars of its data files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import pyarrow as pa

from registry.curves.nearest import nearest as nearest_of
from registry.curves.query import Query
from registry.curves.sidecar import Curves, Progress, Sidecar, Sidecars
from registry.curves.take import matrix as matrix_of
from registry.errors import BadInput, WrongUse
from registry.identity import spectrum_id
from registry.records import Floats, Spectrum
from registry.tables.parquet import read_groups
from registry.units import canonical_axis
from registry.vocabulary import technique as technique_named

if TYPE_CHECKING:
    from registry.lake import Lake, When

FOLDER = "sidecars"
CHOSEN = "SELECT spectrum_id FROM spectra WHERE {where}"
UNFIT = CHOSEN.format(where="retracted OR stale")
DESCRIBED = """
SELECT found.*, title, material_id, technique, kind
FROM (
    SELECT unnest($1::VARCHAR[]) AS spectrum_id, unnest($2::DOUBLE[]) AS similarity,
           unnest($3::DOUBLE[]) AS overlap
) AS found JOIN spectra USING (spectrum_id) ORDER BY similarity DESC, spectrum_id
"""
Curve = tuple[Floats, Floats] | str | Spectrum


def matrix(
    lake: Lake,
    ids: Sequence[str],
    grid: Floats | None = None,
    at: When | None = None,
    progress: Progress | None = None,
) -> Curves:
    """Intensities of spectra in the order of their ids: see :func:`registry.curves.take.matrix`."""
    return matrix_of(_open(lake, _pinned(lake, at), progress), ids, grid)


def nearest(
    lake: Lake,
    curve: Curve,
    technique: str | None = None,
    where: str | None = None,
    k: int = 10,
    at: When | None = None,
    exclude: Iterable[str] = (),
    progress: Progress | None = None,
) -> pa.Table:
    """The spectra of the lake most similar to a curve: see :mod:`registry.curves.nearest`.

    Args:
        lake: The lake.
        curve: ``(x, y)`` in the canonical unit of the technique, a spectrum id, or a spectrum.
        technique: What to compare with; by default the technique of the curve.
        where: SQL condition over ``spectra``, such as ``"kind = 'simulated'"``.
        k: How many.
        at: Versions by table or a moment, the newest by default.
        exclude: Ids not to answer with, besides the curve itself and what is retracted or stale.
        progress: Called with (data files opened, data files in all).

    Returns:
        ``spectrum_id``, ``similarity``, ``overlap``, ``title``, ``material_id``, ``technique``
        and ``kind``, the most similar first.

    Raises:
        BadInput: When the curve cannot be compared.
        WrongUse: When the technique is not given, or measures along another axis.
        QueryError: When the condition fails.
    """
    version = _pinned(lake, at)
    sidecars = _open(lake, version, progress)
    query, own = _query(sidecars, curve, technique)
    among = None if where is None else _ids(lake, CHOSEN.format(where=where), version)
    unfit = _ids(lake, UNFIT, version)
    found = nearest_of(sidecars, query, k, among, {*own, *unfit, *exclude})
    return lake.sql(DESCRIBED, [column.to_pylist() for column in found.columns], version)


@lru_cache(maxsize=4)
def sidecars_of(lake: Lake) -> Sidecars:
    """The sidecars of a lake, in its folder on this machine; what is mapped stays mapped."""
    files = lake["spectra"].storage.files
    return Sidecars(lake.path / FOLDER, partial(read_groups, filesystem=files))


def _pinned(lake: Lake, at: When | None) -> dict[str, int]:
    """One version of ``spectra`` that files and conditions are read at."""
    versions = lake.snapshot(at) if isinstance(at, datetime | str) else dict(at or {})
    return {"spectra": lake["spectra"].version(), **versions}


def _open(lake: Lake, at: Mapping[str, int], progress: Progress | None) -> list[Sidecar]:
    files = [file.path for file in lake["spectra"].state(at["spectra"]).files]
    return sidecars_of(lake).open(files, progress)


def _ids(lake: Lake, query: str, at: Mapping[str, int]) -> list[str]:
    found: list[str] = lake.sql(query, at=at)["spectrum_id"].to_pylist()
    return found


def _query(
    sidecars: Sequence[Sidecar], curve: Curve, technique: str | None
) -> tuple[Query, set[str]]:
    """What to compare with, and its own id where it has one."""
    if isinstance(curve, str):
        stored = Query.stored(sidecars, curve)
        return Query(_alike(stored.technique, technique), stored.x, stored.y), {curve}
    if isinstance(curve, Spectrum):
        where = curve.provenance.file_name or curve.provenance.producer
        if len(curve.shape) > 1:
            raise BadInput(where, "a curve", f"a map of {' x '.join(map(str, curve.shape))}")
        x = canonical_axis(curve.x, curve.technique, curve.wavelength, where)
        wanted = _alike(curve.technique, technique)
        return Query.of(wanted, x.values, curve.intensity, where), {spectrum_id(curve, x)}
    if technique is None:
        raise WrongUse("technique", "the technique of the curve, such as 'xrd'", "none")
    return Query.of(technique_named(technique).name, *curve), set()


def _alike(own: str, wanted: str | None) -> str:
    """The technique to compare with, if its curves have the same axis."""
    if wanted is None or wanted == own:
        return own
    mine, other = technique_named(own), technique_named(wanted)
    if (mine.quantity, mine.unit) != (other.quantity, other.unit):
        expected = f"a technique along {mine.quantity} [{mine.unit}] like {own}"
        raise WrongUse("technique", expected, f"{wanted}: {other.quantity} [{other.unit}]")
    return wanted
