"""Which models there are: looked up in the ``models`` table, without MLflow.

Its rows are held in the process until the table, or what makes a model stale, has a newer version
(:meth:`registry.lake.Lake.held`); conditions are then put to Arrow columns. The answer is that of
SQL over the same table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.errors import NotFound, WrongUse
from registry.lake import Lake
from training.metrics import METRICS

CHAMPION, CHALLENGER = "champion", "challenger"
RETIRED = "retired"
"""What stands in the place of an alias of a version that was taken out of service."""

LESS_IS_BETTER = sorted(metric.name for metric in METRICS.values() if metric.sign < 0)
SIGN_SQL = f"(CASE WHEN metric IN {tuple(LESS_IS_BETTER)} THEN -1 ELSE 1 END)"

ALL_SQL = f"""
SELECT models.*, replace(lower(trim(predicts, ' ')), ' ', '_') AS predicts_plain,
  {SIGN_SQL} AS sign, {SIGN_SQL} * coalesce(score_measured, score_simulated) AS standing
FROM models ORDER BY stale, standing DESC, model, version DESC
"""
"""Every version, best first, with what conditions are compared with."""
COMPARED = ("predicts_plain", "sign", "standing")
TRAINED_ON_SQL = """
WITH with_it AS (SELECT material_id FROM materials WHERE list_contains(elements, $1)),
  of_it AS (SELECT spectrum_id, sample_id FROM spectra SEMI JOIN with_it USING (material_id))
SELECT DISTINCT manifest FROM dataset_members WHERE split = 'train' AND entity_id IN (
  FROM with_it UNION ALL SELECT spectrum_id FROM of_it
  UNION ALL SELECT sample_id FROM of_it WHERE sample_id IS NOT NULL)
"""
REFERENCE = re.compile(r"([^/@\s]+)(?:[/@]([^/@\s]+))?")


def find_models(
    lake: Lake,
    predicts: str | None = None,
    from_input: str | None = None,
    champion_only: bool = False,
    min_score: float | None = None,
    min_measured_accuracy: float | None = None,
    element: str | None = None,
    retired: bool = False,
) -> list[dict[str, Any]]:
    """Rows of the ``models`` table, best first, stale ones last.

    Args:
        lake: The lake.
        predicts: Target, such as ``crystal_system``; spaces will do as well.
        from_input: A technique or feature view that the model reads.
        champion_only: Only the champion of each study.
        min_score: Least score (of an error: the largest), on measured data where there is one,
            else on simulated.
        min_measured_accuracy: Least accuracy (or balanced accuracy) on measured data.
        element: Symbol of an element that materials it was trained on hold.
        retired: Also those that were taken out of service.
    """
    rows = lake.held(ALL_SQL)
    conditions: list[pa.ChunkedArray] = []
    if not retired:
        conditions.append(pc.invert(_has_alias(rows, RETIRED)))
    if champion_only:
        conditions.append(_has_alias(rows, CHAMPION))
    if predicts is not None:
        conditions.append(pc.equal(rows["predicts_plain"], _plain(predicts)))
    if from_input is not None:
        conditions.append(_hold(rows["inputs"], from_input))
    if min_score is not None:
        least = pc.multiply(rows["sign"], float(min_score))
        conditions.append(pc.greater_equal(rows["standing"], least))
    if min_measured_accuracy is not None:
        conditions.append(pc.ends_with(rows["metric"], "accuracy"))
        least = pa.scalar(float(min_measured_accuracy))
        conditions.append(pc.greater_equal(rows["score_measured"], least))
    if element is not None:
        manifests = lake.sql(TRAINED_ON_SQL, [element])["manifest"]
        conditions.append(pc.is_in(rows["manifest"], value_set=manifests))
    return _chosen(rows, conditions)


def split_reference(text: str) -> tuple[str, str]:
    """Name and version, or alias, of ``model``, ``model/version``, ``model@alias``.

    Raises:
        WrongUse: When it is none of these.
    """
    found = REFERENCE.fullmatch(text)
    if found is None:
        raise WrongUse("model", "name, name/version or name@alias", repr(text))
    return found[1], found[2] or CHAMPION


def model_rows(
    lake: Lake, model: str, version: int | None = None, retired: bool = False
) -> list[dict[str, Any]]:
    """Rows of one registered model, newest first: one version, or all that are in service.

    Args:
        lake: The lake.
        model: Registered name.
        version: Only this version, in service or not.
        retired: All versions, also those taken out of service.
    """
    rows = lake.held(ALL_SQL)
    conditions = [pc.equal(rows["model"], model)]
    if version is not None:
        conditions.append(pc.equal(rows["version"], version))
    elif not retired:
        conditions.append(pc.invert(_has_alias(rows, RETIRED)))
    return sorted(_chosen(rows, conditions), key=lambda row: -int(row["version"]))


def champion(lake: Lake, model: str) -> dict[str, Any] | None:
    """Row of the champion of a registered model, or None when there is none."""
    return next((row for row in model_rows(lake, model) if row["alias"] == CHAMPION), None)


def one_model(lake: Lake, model: str, which: int | str = CHAMPION) -> dict[str, Any]:
    """Row of one version, by number or alias; a retired one only by its number.

    Raises:
        NotFound: When there is no such model, version or alias; the message lists those there are.
    """
    rows = model_rows(lake, model, retired=True)
    if not rows:
        names = lake.held(ALL_SQL)["model"].unique().to_pylist()
        raise NotFound("model", model, names)
    for row in rows:
        alias = None if row["alias"] == RETIRED else row["alias"]
        if which in (row["version"], str(row["version"]), alias):
            return row
    known = [str(row["version"]) for row in rows]
    known += [row["alias"] for row in rows if row["alias"] not in (None, RETIRED)]
    raise NotFound(f"version of {model}", str(which), known)


def _chosen(rows: pa.Table, conditions: Sequence[pa.ChunkedArray]) -> list[dict[str, Any]]:
    """Rows for which every condition is true, as in SQL: null is not."""
    some = rows.drop_columns(COMPARED)
    if conditions:
        some = some.filter(reduce(pc.and_kleene, conditions))
    found: list[dict[str, Any]] = some.to_pylist()
    return found


def _has_alias(rows: pa.Table, alias: str) -> pa.ChunkedArray:
    return pc.fill_null(pc.equal(rows["alias"], alias), False)


def _hold(lists: pa.ChunkedArray, value: str) -> pa.ChunkedArray:
    """Which lists hold a value."""
    every = lists.combine_chunks()
    holding = pc.list_parent_indices(every).filter(pc.equal(pc.list_flatten(every), value))
    return pc.is_in(pa.array(np.arange(len(every))), value_set=holding)


def _plain(text: str) -> pa.Scalar:
    """A target as :data:`ALL_SQL` makes it comparable: Arrow and DuckDB lower letters alike."""
    lower = pc.utf8_lower(pc.utf8_trim(pa.scalar(text), " "))
    return pc.replace_substring(lower, " ", "_")
