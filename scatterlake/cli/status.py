"""``scatterlake status``: the lake at a glance."""

from __future__ import annotations

from typing import Any

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import DEFAULT_LAKE, LakeOption, console, print_table

SPECTRA = """
SELECT technique, count(*) FILTER (kind = 'experimental') AS measured,
       count(*) FILTER (kind = 'simulated') AS simulated,
       count(*) FILTER (retracted OR stale) AS withdrawn,
       count(DISTINCT material_id) AS materials, max(ingested_at)::TIMESTAMP(0) AS newest
FROM spectra GROUP BY technique ORDER BY technique
"""
CHECKS = """
SELECT suite, count(DISTINCT entity_id) AS checked,
       count(*) FILTER (NOT passed AND severity = 'error') AS errors,
       count(*) FILTER (NOT passed AND severity = 'warning') AS warnings
FROM checks GROUP BY suite ORDER BY suite
"""
MODELS = """
SELECT model, count(*) AS versions, max(version) FILTER (alias = 'champion') AS champion,
       max(score_simulated) FILTER (alias = 'champion') AS simulated,
       max(score_measured) FILTER (alias = 'champion') AS measured,
       count(*) FILTER (stale) AS stale
FROM models GROUP BY model ORDER BY model
"""
VIEWS = """
SELECT v.view, count(f.entity_id) - count(f.refused) AS computed, count(f.refused) AS refused
FROM feature_views v LEFT JOIN features f USING (view_id) GROUP BY v.view, v.view_id ORDER BY 1
"""
COUNTS = """
SELECT (SELECT count(*) FROM materials) AS structures,
       (SELECT count(*) FROM spectra) AS spectra,
       (SELECT count(*) FROM quarantine) AS quarantined,
       (SELECT count(*) FROM datasets) AS datasets,
       (SELECT count(*) FROM predictions) AS predictions
"""


@app.command()
def status(lake: LakeOption = DEFAULT_LAKE) -> None:
    """What is in the lake, what was checked, which models there are."""
    opened = Lake.existing(lake)
    (counts,) = opened.sql(COUNTS).to_pylist()
    console.print(f"[bold]{opened.path}[/]", highlight=False)
    console.print("  ".join(f"{name} [bold]{n}[/]" for name, n in counts.items()))
    for title, query in (
        ("spectra", SPECTRA),
        ("checks that failed", CHECKS),
        ("feature views", VIEWS),
        ("models", MODELS),
    ):
        print_query(opened, title, query)


def print_query(lake: Lake, title: str, query: str) -> list[dict[str, Any]]:
    """Print the result of a query as a table, nothing when it is empty; returns its rows."""
    result = lake.sql(query)
    rows: list[dict[str, Any]] = result.to_pylist()
    if rows:
        print_table(title, result.column_names, [list(row.values()) for row in rows])
    return rows
