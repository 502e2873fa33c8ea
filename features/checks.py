"""Checks of a feature view with Great Expectations: is it fit to learn from?

Each result is a row of ``checks`` whose entity is the view; the newest counts.

=====================  =========================================================================
``features_finite``    values that are not finite, in vectors that are stored; none may be
``features_norm``      vectors whose norm lies more than :data:`FAR` robust deviations (1.4826
                       times the median absolute deviation) of its logarithm from the median, or
                       is zero; a warning
``features_constant``  columns that are the same everywhere, so carry nothing; a warning
``features_drift``     columns whose distribution moved between two snapshots: population
                       stability index above :data:`UNSTABLE`; a warning when more than
                       :data:`MANY` of the columns did
=====================  =========================================================================

The index compares what was there at the older snapshot with what came since, in tenths of the
older values: ``sum (p - q) ln(p / q)`` (N. Siddiqi, Credit Risk Scorecards, Wiley 2006, which gives
0.25 as the limit). Values that are tied share a tenth. With few entities it is large by chance,
9 (1/n + 1/m) on the average, so both parts must have :data:`LEAST`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.reading import Matrix, tables
from features.views import View
from registry.errors import WrongUse
from registry.lake import Lake, When, now
from registry.records import Floats

FAR = 10.0
UNSTABLE = 0.25
MANY = 0.05
LEAST = 200
TENTHS = 10
EMPTY = 1e-4
"""Share that an empty tenth counts as: the logarithm of none is not finite."""

SAMPLE = 50_000
"""Entities of a large view that are looked at: ids are hashes, so the first by id are a sample."""

IDS_SQL = """
SELECT entity_id FROM features WHERE view_id = $1 AND refused IS NULL AND NOT stale
ORDER BY entity_id
"""


@dataclass(frozen=True)
class Check:
    """What is asked of every vector or of every column.

    Attributes:
        name: Its name.
        upper: Largest value that is right; the smallest is zero.
        strict: Whether zero itself is wrong.
        severity: ``error`` or ``warning``.
        share: Share of vectors or columns that may be wrong.
    """

    name: str
    upper: float | None
    strict: bool = False
    severity: Literal["error", "warning"] = "warning"
    share: float = 0.0


@dataclass(frozen=True)
class Result:
    """Outcome of a check: how many vectors or columns break it, how many may, of how many."""

    check: Check
    found: int
    allowed: int
    of: int

    @property
    def passed(self) -> bool:
        """Whether no more break it than may."""
        return self.found <= self.allowed


FINITE = Check("features_finite", 0.0, severity="error")
NORM = Check("features_norm", FAR)
CONSTANT = Check("features_constant", None, strict=True)
DRIFT = Check("features_drift", UNSTABLE, share=MANY)


def check(lake: Lake, view: View, against: When | None = None) -> list[Result]:
    """Check a view, and keep the results in ``checks``.

    Args:
        lake: The lake.
        view: What to check; of a large view, :data:`SAMPLE` entities.
        against: Older snapshot or moment for the drift; without it, drift is not checked.

    Raises:
        WrongUse: When there are too few entities to tell drift.
        LakeError: When a data file is missing or damaged.
    """
    values = _values(lake, view, _ids(lake, view))
    by_vector = {FINITE: (~np.isfinite(values)).sum(axis=1), NORM: _norm_deviation(values)}
    by_column = {CONSTANT: np.ptp(values, axis=0)} if len(values) else {}
    if against is not None:
        by_column[DRIFT] = drift(*_before_and_since(lake, view, against))
    results = [*_expect(view.name, by_vector), *_expect(view.name, by_column)]
    lake.replace("checks", [_row(view, result) for result in results])
    return results


def drift(before: Matrix, since: Matrix) -> Floats:
    """Population stability index of each column.

    Args:
        before: Vectors of the reference, shape ``(n, width)``.
        since: Vectors to compare, shape ``(m, width)``.

    Returns:
        Shape ``(width,)``; 0 where nothing moved.
    """
    edges = np.quantile(before, np.arange(1, TENTHS) / TENTHS, axis=0)
    return np.array(
        [_stability(*columns) for columns in zip(edges.T, before.T, since.T, strict=True)]
    )


def _stability(edges: Floats, before: Floats, since: Floats) -> float:
    # an edge belongs to the tenth below it: a value that is shared by many has one of its own
    distinct = np.unique(edges)
    p, q = (
        np.bincount(np.searchsorted(distinct, part), minlength=len(distinct) + 1) / len(part)
        for part in (before, since)
    )
    p, q = np.maximum(p, EMPTY), np.maximum(q, EMPTY)
    return float(np.sum((p - q) * np.log(p / q)))


def _norm_deviation(values: Matrix) -> Floats:
    """How far the norm of each vector is from the usual, in robust deviations of its logarithm."""
    norms = np.linalg.norm(values.astype(np.float64), axis=1)
    with np.errstate(divide="ignore"):
        logs = np.log(norms)
    told = np.isfinite(logs)
    scaled = np.full(len(logs), np.inf)
    if told.any():
        away = np.abs(logs[told] - np.median(logs[told]))
        spread = 1.4826 * np.median(away)
        # more than half alike: there is no unit to say how far the others are
        scaled[told] = away / spread if spread > 0 else 0.0
    return scaled


def _before_and_since(lake: Lake, view: View, against: When) -> tuple[Matrix, Matrix]:
    before = _ids(lake, view, against)
    every = _ids(lake, view)
    since = every.filter(pc.invert(pc.is_in(every, value_set=before)))
    if min(len(before), len(since)) < LEAST:
        expected = f"at least {LEAST} entities at the older snapshot, and as many since"
        raise WrongUse("drift", expected, f"{len(before)} and {len(since)}")
    return _values(lake, view, before), _values(lake, view, since)


def _ids(lake: Lake, view: View, at: When | None = None) -> pa.ChunkedArray:
    return lake.sql(IDS_SQL, [view.view_id], at)["entity_id"]


def _values(lake: Lake, view: View, ids: pa.ChunkedArray) -> Matrix:
    """Vectors of a sample; of a view with several rows an entity, all rows."""
    sample = ids[:SAMPLE].to_pylist()
    return tables(lake, view.view_id, sample, None, stale=False).values


def _expect(name: str, measured: Mapping[Check, npt.NDArray[Any]]) -> list[Result]:
    """Let Great Expectations judge a table with a column for each check."""
    if not measured:
        return []
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("features").add_dataframe_asset(name)
    expectations = [
        gx.expectations.ExpectColumnValuesToBeBetween(
            column=check.name,
            min_value=0,
            max_value=check.upper,
            strict_min=check.strict,
            mostly=1 - check.share,
            severity="critical" if check.severity == "error" else "warning",
        )
        for check in measured
    ]
    frame = pd.DataFrame({check.name: values for check, values in measured.items()})
    batch = asset.add_batch_definition_whole_dataframe("rows").get_batch({"dataframe": frame})
    outcome = batch.validate(gx.ExpectationSuite(name=name, expectations=expectations))
    broken = {
        result.expectation_config.kwargs["column"]: result.result["unexpected_count"]
        for result in outcome.results
    }
    return [
        Result(check, broken[check.name], int(check.share * len(frame)), len(frame))
        for check in measured
    ]


def _row(view: View, result: Result) -> dict[str, Any]:
    return {
        "entity_id": view.view_id,
        "entity_kind": "view",
        "check_name": result.check.name,
        "value": float(result.found),
        "upper": float(result.allowed),
        "severity": result.check.severity,
        "passed": result.passed,
        "suite": f"features {view.name}",
        "checked_at": now(),
    }
