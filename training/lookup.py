"""Which models there are: one SQL query over the ``models`` table, without MLflow."""

from __future__ import annotations

import re
from typing import Any

from registry.errors import NotFound, WrongUse
from registry.lake import Lake
from training.metrics import METRICS

CHAMPION, CHALLENGER = "champion", "challenger"
RETIRED = "retired"
"""What stands in the place of an alias of a version that was taken out of service."""

LESS_IS_BETTER = sorted(metric.name for metric in METRICS.values() if metric.sign < 0)
SIGN_SQL = f"(CASE WHEN metric IN {tuple(LESS_IS_BETTER)} THEN -1 ELSE 1 END)"

PLAIN = "replace(lower(trim({})), ' ', '_')".format
# each is in the query only when it is asked for: what is not mentioned is not opened
CONDITIONS = {
    "predicts": f"{PLAIN('predicts')} = {PLAIN('$predicts')}",
    "from_input": "list_contains(inputs, $from_input)",
    "min_score": f"{SIGN_SQL} * coalesce(score_measured, score_simulated) "
    f">= {SIGN_SQL} * $min_score",
    "min_measured_accuracy": "metric LIKE '%accuracy' AND score_measured >= $min_measured_accuracy",
    "element": "manifest IN (SELECT m.manifest FROM dataset_members m "
    "JOIN materials t ON t.material_id = m.entity_id "
    "WHERE m.split = 'train' AND list_contains(t.elements, $element))",
}
FIND_SQL = f"""
SELECT * FROM models WHERE {{conditions}}
ORDER BY stale, {SIGN_SQL} * coalesce(score_measured, score_simulated) DESC, model, version DESC
"""

ROWS_SQL = """
SELECT * FROM models
WHERE model = $1 AND ($2 IS NULL OR version = $2) AND ($3 OR alias IS DISTINCT FROM 'retired')
ORDER BY version DESC
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
    asked = {
        "predicts": predicts,
        "from_input": from_input,
        "min_score": min_score,
        "min_measured_accuracy": min_measured_accuracy,
        "element": element,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    conditions = [f"({CONDITIONS[name]})" for name in given]
    if champion_only:
        conditions.append(f"alias = '{CHAMPION}'")
    if not retired:
        conditions.append(f"alias IS DISTINCT FROM '{RETIRED}'")
    query = FIND_SQL.format(conditions=" AND ".join(conditions) or "true")
    rows: list[dict[str, Any]] = lake.sql(query, given).to_pylist()
    return rows


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
    parameters = [model, version, retired or version is not None]
    found: list[dict[str, Any]] = lake.sql(ROWS_SQL, parameters).to_pylist()
    return found


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
        names = lake.sql("SELECT DISTINCT model FROM models")["model"].to_pylist()
        raise NotFound("model", model, names)
    for row in rows:
        alias = None if row["alias"] == RETIRED else row["alias"]
        if which in (row["version"], str(row["version"]), alias):
            return row
    known = [str(row["version"]) for row in rows]
    known += [row["alias"] for row in rows if row["alias"] not in (None, RETIRED)]
    raise NotFound(f"version of {model}", str(which), known)
