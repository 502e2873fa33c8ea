"""A lake at a glance: what is there, what is new, what is wrong, who leads, what runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flows.servers import Server, Work, servers, work
from ingest.watch import Waiting, waiting
from registry.events import clean
from registry.lake import Lake, now
from training.evidence import FOLDER, record_from

Rows = list[dict[str, Any]]

DAYS = 14
"""Days that the picture of what came in goes back."""

COUNTS = """
SELECT (SELECT count(*) FROM materials) AS structures,
       (SELECT count(*) FROM spectra) AS spectra,
       (SELECT count(*) FROM features) AS "feature values",
       (SELECT count(*) FROM datasets) AS datasets,
       (SELECT count(*) FROM models) AS "model versions",
       (SELECT count(*) FROM predictions) AS predictions,
       (SELECT count(*) FROM quarantine) AS quarantined
"""
SPECTRA = """
SELECT technique, count(*) FILTER (kind = 'experimental') AS measured,
       count(*) FILTER (kind = 'simulated') AS simulated,
       count(*) FILTER (ingested_at >= $1) AS new,
       count(*) FILTER (retracted OR stale) AS withdrawn,
       max(ingested_at)::TIMESTAMP(0) AS newest
FROM spectra GROUP BY technique ORDER BY technique
"""
NEW = """
SELECT what, n AS new FROM (
  SELECT 1 AS place, 'structures' AS what, count(*) AS n FROM materials WHERE ingested_at >= $1
  UNION ALL SELECT 2, 'measured spectra', count(*) FROM spectra
    WHERE ingested_at >= $1 AND kind = 'experimental'
  UNION ALL SELECT 3, 'simulated spectra', count(*) FROM spectra
    WHERE ingested_at >= $1 AND kind = 'simulated'
  UNION ALL SELECT 4, 'feature values', count(*) FROM features WHERE computed_at >= $1
  UNION ALL SELECT 5, 'datasets', count(*) FROM datasets WHERE created_at >= $1
  UNION ALL SELECT 6, 'model versions', count(*) FROM models WHERE created_at >= $1
  UNION ALL SELECT 7, 'predictions', count(*) FROM predictions WHERE predicted_at >= $1
) WHERE n > 0 ORDER BY place
"""
WRONG = """
SELECT what, n, new, example FROM (
  SELECT 1 AS place, 'refused (' || stage || ')' AS what, count(*) AS n,
         count(*) FILTER (refused_at >= $1) AS new,
         arg_max(format('{}: expected {}, found {}', location, expected, found), refused_at)
           AS example
  FROM quarantine GROUP BY stage
  UNION ALL
  SELECT CASE severity WHEN 'error' THEN 2 ELSE 3 END,
         'check ' || check_name || ' (' || severity || ')', count(*),
         count(*) FILTER (checked_at >= $1),
         arg_max(entity_id || ': ' || round(value, 4), checked_at)
  FROM checks WHERE NOT passed GROUP BY check_name, severity
  UNION ALL
  SELECT 4, 'retracted ' || entity_kind, count(*), count(*) FILTER (decided_at >= $1),
         arg_max(entity_id || ': ' || why, decided_at)
  FROM (FROM retractions
        QUALIFY decided_at = max(decided_at) OVER (PARTITION BY entity_id, entity_kind))
  WHERE action = 'retract' GROUP BY entity_kind
  UNION ALL
  SELECT 5, 'stale datasets', count(*), NULL, max(dataset) FROM datasets WHERE stale
  UNION ALL
  SELECT 6, 'stale models', count(*), NULL, max(model || '/' || version) FROM models WHERE stale
  UNION ALL
  SELECT 7, 'stale predictions', count(*), NULL, max(model || '/' || version)
  FROM predictions WHERE stale
) WHERE n > 0 ORDER BY place, n DESC, what
"""
MODELS = """
SELECT model, count(*) AS versions, max(version) FILTER (alias = 'champion') AS champion,
       max(algorithm) FILTER (alias = 'champion') AS algorithm,
       max(metric) FILTER (alias = 'champion') AS metric,
       max(score_simulated) FILTER (alias = 'champion') AS simulated,
       max(score_measured) FILTER (alias = 'champion') AS measured,
       count(*) FILTER (stale) AS stale,
       max(created_at)::TIMESTAMP(0) AS "last trained",
       arg_max(format('{} ({}): {}', version, coalesce(alias, 'no alias'), reason), created_at)
         FILTER (reason IS NOT NULL) AS "last decision"
FROM models GROUP BY model ORDER BY model
"""
VIEWS = """
SELECT v.view, count(f.entity_id) - count(f.refused) AS computed, count(f.refused) AS refused
FROM feature_views v LEFT JOIN features f USING (view_id) GROUP BY v.view, v.view_id ORDER BY 1
"""
DAILY = """
SELECT day::DATE AS day, count(*) FILTER (kind = 'experimental') AS measured,
       count(*) FILTER (kind = 'simulated') AS simulated
FROM range($1::TIMESTAMP, $2::TIMESTAMP, INTERVAL 1 DAY) AS days(day)
LEFT JOIN spectra ON ingested_at::DATE = day::DATE GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True)
class Overview:
    """Everything that is told at a glance.

    Attributes:
        lake: Address.
        at: When it was read.
        since: What counts as new came after this.
        gigabytes: Size of the live data files.
        counts: Rows by what they are.
        new: What came in since, by what it is.
        wrong: What a person should look at: how many, how many new, and the newest example.
        spectra: By technique.
        daily: Spectra by day.
        views: Feature views.
        models: By name, with the champion and the last decision.
        retrained: The last retraining on evidence of each study: when, what asked for it, what
            became of it and why.
        servers: Services, and whether they are up.
        work: What the Prefect server has to do; None where none answers.
        watched: Folders that are watched.
    """

    lake: str
    at: datetime
    since: datetime
    gigabytes: float
    counts: dict[str, int]
    new: Rows
    wrong: Rows
    spectra: Rows
    daily: Rows
    views: Rows
    models: Rows
    retrained: Rows = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)
    work: Work | None = None
    watched: list[Waiting] = field(default_factory=list)

    def as_json(self) -> str:
        """All of it as JSON; times as ISO 8601."""
        told = asdict(self)
        return json.dumps(told, default=_text, indent=1, ensure_ascii=False)


def overview(lake: Lake, since: datetime | None = None) -> Overview:
    """Read a lake at a glance.

    Args:
        lake: The lake.
        since: What counts as new came after this; a day ago when left out.
    """
    at = now()
    begin = since or at - timedelta(days=1)
    snapshot = lake.snapshot()  # the figures agree with each other

    def ask(query: str, *values: Any) -> Rows:
        rows: Rows = lake.sql(query, list(values), snapshot).to_pylist()
        return rows

    first = datetime(at.year, at.month, at.day) - timedelta(days=DAYS - 1)
    size = sum(file.size for table in lake.tables.values() for file in table.state().files)
    return Overview(
        lake=clean(lake.uri),
        at=at,
        since=begin,
        gigabytes=size / 1e9,
        counts=ask(COUNTS)[0],
        new=ask(NEW, begin),
        wrong=ask(WRONG, begin),
        spectra=ask(SPECTRA, begin),
        daily=ask(DAILY, first, first + timedelta(days=DAYS)),
        views=ask(VIEWS),
        models=ask(MODELS),
        retrained=_retrained(lake),
        servers=servers(lake),
        work=work(lake),
        watched=waiting(lake),
    )


def _retrained(lake: Lake) -> Rows:
    newest: dict[str, str] = {}
    for path in sorted(path for path, _, _ in lake.storage.walk(FOLDER)):
        newest[path.split("/")[-2]] = path
    texts = [lake.storage.read(path) for path in newest.values()]
    return [
        {
            "study": record.study,
            "at": record.at,
            "because": "; ".join(f"{s.trigger}: {s.reason}" for s in record.signs if s.fired),
            "outcome": record.outcome,
            "reason": record.reason,
        }
        for record in map(record_from, filter(None, texts))
    ]


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
