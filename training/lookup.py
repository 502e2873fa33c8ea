"""Which models there are: one SQL query over the ``models`` table, without MLflow."""

from __future__ import annotations

from typing import Any

from registry.errors import NotFound
from registry.lake import Lake

CHAMPION, CHALLENGER = "champion", "challenger"

FIND_SQL = """
SELECT * FROM models
WHERE ($1 IS NULL OR predicts = $1)
  AND ($2 IS NULL OR list_contains(inputs, $2))
  AND (NOT $3 OR alias = 'champion')
  AND ($4 IS NULL OR coalesce(score_measured, score_simulated) >= $4)
ORDER BY stale, coalesce(score_measured, score_simulated) DESC, model, version DESC
"""


def find_models(
    lake: Lake,
    predicts: str | None = None,
    from_input: str | None = None,
    champion_only: bool = False,
    min_score: float | None = None,
) -> list[dict[str, Any]]:
    """Rows of the ``models`` table, best first, stale ones last.

    Args:
        lake: The lake.
        predicts: Target, such as ``crystal_system``.
        from_input: A technique or feature view that the model reads.
        champion_only: Only the champion of each study.
        min_score: Least score, on measured data where there is one, else on simulated.
    """
    parameters = [predicts, from_input, champion_only, min_score]
    rows: list[dict[str, Any]] = lake.sql(FIND_SQL, parameters).to_pylist()
    return rows


def model_rows(lake: Lake, model: str, version: int | None = None) -> list[dict[str, Any]]:
    """Rows of one registered model, all versions or one, newest first."""
    query = "SELECT * FROM models WHERE model = $1 AND ($2 IS NULL OR version = $2)"
    found: list[dict[str, Any]] = lake.sql(
        f"{query} ORDER BY version DESC", [model, version]
    ).to_pylist()
    return found


def champion(lake: Lake, model: str) -> dict[str, Any] | None:
    """Row of the champion of a registered model, or None when there is none."""
    return next((row for row in model_rows(lake, model) if row["alias"] == CHAMPION), None)


def one_model(lake: Lake, model: str, which: int | str = CHAMPION) -> dict[str, Any]:
    """Row of one version, by number or alias.

    Raises:
        NotFound: When there is no such model, version or alias; the message lists those there are.
    """
    rows = model_rows(lake, model)
    if not rows:
        names = lake.sql("SELECT DISTINCT model FROM models")["model"].to_pylist()
        raise NotFound("model", model, names)
    for row in rows:
        if which in (row["version"], str(row["version"]), row["alias"]):
            return row
    known = [str(row["version"]) for row in rows] + [row["alias"] for row in rows if row["alias"]]
    raise NotFound(f"version of {model}", str(which), known)
