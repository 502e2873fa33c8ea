"""Validation of stored rows: every check that a stored row has no current result of.

Results are kept twice: as rows of ``checks`` (one per entity and check, so that SQL can join
them) and as Data Docs, pages a person reads in a browser. What fails is flagged; no row of
``spectra`` or ``materials`` is changed or taken out by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.checks._batches import batches
from ingest.checks.copies import note_marks
from ingest.checks.expectations import Judge, data_docs
from ingest.checks.results import result_rows
from ingest.checks.suites import ALL, Suite, suites
from registry.lake import Lake

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SuiteResult", "data_docs", "validate"]

KEY = ["entity_id", "check_name"]
NUMBERS = ("value", "lower", "upper")
TOLD = (*NUMBERS, "severity", "passed")
"""What a result says, and is replaced when it says something else."""
BEFORE = "_before"


@dataclass(frozen=True)
class SuiteResult:
    """Outcome of one suite.

    Attributes:
        suite: Its name.
        entities: Rows that were checked.
        checks: Checks of the suite.
        written: Results that are new or differ from what was known.
        failed: By check, how many of the rows break it.
    """

    suite: str
    entities: int
    checks: int
    written: int
    failed: dict[str, int]


def validate(
    lake: Lake,
    progress: Callable[[str], None] | None = None,
    *,
    where: str = ALL,
    again: bool = False,
    counter: Callable[[int, int], None] | None = None,
) -> list[SuiteResult]:
    """Run every check on the stored rows that have no current result of it.

    Stopped half-way, the next call goes on where it stopped.

    Args:
        lake: The lake.
        progress: Called with the name of each suite that is done.
        where: SQL condition on ``spectra``; structures are those that these belong to.
        again: Check the rows that have all their results too; what differs is replaced.
        counter: Called with (rows checked, rows to check).

    Returns:
        One result per suite that had something to check; none when all is checked.

    Raises:
        QueryError: When the condition fails.
    """
    # before anything is counted: a copy may be in any batch
    note_marks(lake)
    plan = [(suite, suite.pending(lake, again)) for suite in suites(lake, where)]
    plan = [(suite, pending) for suite, pending in plan if pending.num_rows]
    if not plan:
        return []
    judge = Judge()
    try:
        return _run(lake, plan, judge, progress, counter)
    finally:
        judge.publish(lake)


def _run(
    lake: Lake,
    plan: Sequence[tuple[Suite, pa.Table]],
    judge: Judge,
    progress: Callable[[str], None] | None,
    counter: Callable[[int, int], None] | None,
) -> list[SuiteResult]:
    """Check what is pending of each suite, batch after batch."""
    results = []
    done, total = 0, sum(pending.num_rows for _, pending in plan)
    for suite, pending in plan:
        written, failed = 0, {check.name: 0 for check in suite.checks}
        for entities in batches(pending):
            rows = suite.rows(lake, entities)
            frame = _frame(lake, rows, suite)
            broken = judge.broken_by(suite.name, suite.checks, frame)
            written += _store(lake, _results(suite, frame, broken))
            for name, found in broken.items():
                failed[name] += len(found)
            done += rows.num_rows
            if counter:
                counter(done, total)
        flagged = {name: n for name, n in failed.items() if n}
        checked = pending.num_rows, len(suite.checks)
        results.append(SuiteResult(suite.name, *checked, written, flagged))
        if progress:
            progress(suite.name)
    return results


def _frame(lake: Lake, rows: pa.Table, suite: Suite) -> pd.DataFrame:
    """The entities and a column a check."""
    import pandas as pd

    columns = suite.quality(lake, rows)
    values = {check.name: columns[check.name] for check in suite.checks}
    return pd.DataFrame({"entity_id": rows["entity_id"].to_pylist(), **values})


def _results(suite: Suite, frame: pd.DataFrame, broken: dict[str, set[str]]) -> pa.Table:
    """A row of ``checks`` for every entity and check; null where the check does not apply."""
    entities = frame["entity_id"].to_list()
    parts = []
    for check in suite.checks:
        values = frame[check.name].to_numpy(np.float64)
        passed = [
            None if np.isnan(value) else entity not in broken[check.name]
            for entity, value in zip(entities, values, strict=True)
        ]
        parts.append(result_rows(check, suite.entity_kind, entities, values, passed, suite.name))
    return pa.concat_tables(parts)


def _store(lake: Lake, results: pa.Table) -> int:
    """Append what is new, replace what differs; returns how many results that were."""
    known = _known(lake, results)
    if known.empty:
        return lake.append("checks", results)
    both = results.to_pandas().merge(known, "left", KEY, suffixes=("", BEFORE), indicator="found")
    new = (both["found"] == "left_only").to_numpy()
    differing = results.filter(pa.array(~new & ~_same(both)))
    added = lake.append("checks", results.filter(pa.array(new)))
    return added + lake.replace("checks", differing.to_pylist())


def _known(lake: Lake, results: pa.Table) -> pd.DataFrame:
    """Results that are there of these entities and checks."""
    return lake.sql(
        f"SELECT {', '.join((*KEY, *TOLD))} FROM checks "
        "WHERE entity_id IN (SELECT unnest($1::VARCHAR[])) "
        "AND check_name IN (SELECT unnest($2::VARCHAR[]))",
        [results[name].unique().to_pylist() for name in KEY],
        to="pandas",
    )


def _same(both: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which results say what was known, numbers up to the rounding of another order of sums."""
    same = np.ones(len(both), dtype=bool)
    for name in TOLD:
        now, before = both[name], both[name + BEFORE]
        if name in NUMBERS:
            same &= np.isclose(now.astype(float), before.astype(float), 1e-6, 0, equal_nan=True)
        else:
            same &= (now.to_numpy(object) == before.to_numpy(object)).astype(bool)
    return same
