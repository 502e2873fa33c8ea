"""Computing a view: what is missing, task by task, written as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features._rows import Chosen, chosen_groups
from features._tasks import Pace, tasks
from features.describe import SOURCES, describe
from features.descriptor import Descriptor, Parameters
from registry.identity import canonical_json
from registry.lake import Lake, now
from registry.parallel import Map, mapper

WRITE_SECONDS = 5.0
WRITE_BYTES = 32 * 2**20
"""What is done is written after this time, or when it is this large: much work to a commit, and
little left to write at the end, when the other processes have nothing to do."""


@dataclass(frozen=True)
class ComputeReport:
    """What one computation of a view did.

    Attributes:
        view_id: The view.
        computed: Values that are new.
        refused: Refusals that are new.
        already_there: Entities that had a value or a refusal before.
        seconds: Time it took.
    """

    view_id: str
    computed: int
    refused: int
    already_there: int
    seconds: float


@dataclass(frozen=True)
class Work:
    """Who works on it and how.

    Attributes:
        run: Processes, started when first needed (:func:`processes`).
        workers: How many.
        batch: Entities per task and write; by time when None.
        progress: Called with (entities described, entities to describe).
    """

    run: Map
    workers: int = 1
    batch: int | None = None
    progress: Callable[[int, int], None] | None = None


def processes(
    workers: int, on: str | None = None, used: Iterable[Descriptor] = ()
) -> AbstractContextManager[Map]:
    """Processes that describe: see :func:`registry.parallel.mapper`.

    Args:
        workers: How many.
        on: Where.
        used: Descriptors they shall work with; what these load is then loaded once for all.
    """
    modules = {module: None for descriptor in used for module in descriptor.loads}
    return mapper(workers, on, preload=["features._preload", *modules])


def compute(
    lake: Lake, descriptor: Descriptor, settings: Parameters, where: str, work: Work
) -> ComputeReport:
    """Compute a view for every entity that has no row of it and is not retracted or stale.

    Args:
        lake: The lake.
        descriptor: What describes.
        settings: Its complete parameters.
        where: SQL condition on the table of its entities.
        work: Who works on it.

    Raises:
        WrongUse: For an impossible parameter.
        QueryError: When the condition is no valid SQL.
        LakeError: When a data file is missing or damaged.
    """
    start = time.perf_counter()
    view = _view_row(descriptor, settings)
    source = SOURCES[descriptor.entity]
    state = lake[source.table].state()
    missing, wanted = _missing(lake, descriptor, view["view_id"], where, state.version)
    if len(missing) == wanted:
        # where anything of it is there, so is the view
        lake.append("feature_views", [view])
    writer = _Writer(lake, view, work.batch)
    if len(missing):
        chosen = Chosen(source.key, missing)
        columns = (source.key, *source.columns)
        groups = chosen_groups(lake[source.table], state, chosen)
        batches = (batch for group in groups for batch in group.batches(columns))
        rows = (_only(batch, places >= 0) for places, batch in batches)
        function = partial(describe, descriptor.name, settings)
        _describe_all(function, rows, len(missing), work, writer)
    refused = writer.refused
    seconds = time.perf_counter() - start
    there = wanted - len(missing)
    return ComputeReport(view["view_id"], len(missing) - refused, refused, there, seconds)


def _missing(
    lake: Lake, descriptor: Descriptor, view_id: str, where: str, version: int
) -> tuple[pa.Array, int]:
    """Ids of entities that lack the view, and how many should have it."""
    source = SOURCES[descriptor.entity]
    of_technique = "AND technique IN (SELECT unnest($2))" if descriptor.techniques else ""
    (found,) = lake.sql(
        f"""
        SELECT count(*) AS wanted, list(id) FILTER (WHERE entity_id IS NULL) AS missing
        FROM (SELECT {source.key} AS id FROM (SELECT * FROM {source.table} WHERE {where})
              WHERE NOT ({source.unfit}) {of_technique})
        LEFT JOIN (SELECT entity_id FROM features WHERE view_id = $1) ON id = entity_id
        """,
        [view_id, *([list(descriptor.techniques)] if descriptor.techniques else [])],
        {source.table: version},
    ).to_batches()
    return found["missing"].flatten(), found["wanted"][0].as_py()


def _only(rows: pa.RecordBatch, wanted: npt.NDArray[np.bool_]) -> pa.Table:
    kept = rows if wanted.all() else rows.filter(pa.array(wanted))
    return pa.Table.from_batches([kept])


def _describe_all(
    function: Callable[[pa.Table], pa.Table],
    rows: Iterator[pa.Table],
    total: int,
    work: Work,
    writer: _Writer,
) -> None:
    pace = Pace(total, work.workers, work.batch)
    done = 0
    for described in work.run(function, tasks(rows, pace)):
        pace.learn(described)
        writer.add(described)
        done += described.num_rows
        if work.progress:
            work.progress(done, total)
    writer.write()


class _Writer:
    """Appends what is described to ``features``, much at a time.

    Args:
        lake: The lake.
        view: Row of ``feature_views``.
        batch: Entities per write, if that is fixed.

    Attributes:
        refused: How many refusals there were.
    """

    def __init__(self, lake: Lake, view: dict[str, Any], batch: int | None) -> None:
        self.refused = 0
        self._lake = lake
        self._view = view
        self._batch = batch
        self._kept: list[pa.Table] = []
        self._since = time.perf_counter()

    def add(self, described: pa.Table) -> None:
        """Take a task's result; writes when it is time."""
        self.refused += described.num_rows - described["refused"].null_count
        self._kept.append(described)
        if self._batch:
            due = sum(part.num_rows for part in self._kept) >= self._batch
        else:
            late = time.perf_counter() - self._since > WRITE_SECONDS
            due = late or sum(part.nbytes for part in self._kept) > WRITE_BYTES
        if due:
            self.write()

    def write(self) -> None:
        """Write what is there."""
        if self._kept:
            rows = pa.concat_tables(self._kept)
            of_view = {"view_id": self._view["view_id"], "view": self._view["view"]}
            for name, value in {**of_view, "computed_at": now()}.items():
                kind = self._lake["features"].schema.arrow.field(name).type
                rows = rows.append_column(name, pa.repeat(pa.scalar(value, kind), rows.num_rows))
            self._lake.append("features", rows)
        self._kept = []
        self._since = time.perf_counter()


def _view_row(descriptor: Descriptor, settings: Parameters) -> dict[str, Any]:
    """Row of ``feature_views``; the parameters are checked by asking for the width."""
    return {
        "view_id": descriptor.view_id(settings),
        "view": descriptor.name,
        "version": descriptor.version,
        "entity": descriptor.entity,
        "rows": descriptor.rows,
        "parameters": canonical_json(dict(settings)),
        "width": descriptor.width(settings),
        "unit": descriptor.unit,
        "source": descriptor.source,
        "created_at": now(),
    }
