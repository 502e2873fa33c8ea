"""Figures of a lake for Prometheus, read when they are asked for.

Names follow the rules of Prometheus: base units, a unit at the end, ``scatterlake_`` before all.
Everything is a gauge: a lake is read, not counted along with, so the figures are right whoever
wrote to it and survive any restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from threading import Thread
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from flows.servers import servers, work
from flows.stack.services import HOST
from ingest.watch import waiting
from registry.lake import Lake

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

ROWS_SQL = " UNION ALL ".join(
    f"SELECT '{table}' AS name, count(*) AS n FROM {table}"
    for table in ("materials", "spectra", "features", "datasets", "properties")
)
SPECTRA_SQL = """
SELECT technique, kind, count(*) AS n, count(*) FILTER (retracted OR stale) AS withdrawn
FROM spectra GROUP BY ALL ORDER BY ALL
"""
QUARANTINE_SQL = "SELECT stage, count(*) AS n FROM quarantine GROUP BY ALL ORDER BY ALL"
CHECKS_SQL = """
SELECT check_name, severity, count(*) AS n FROM checks WHERE NOT passed GROUP BY ALL ORDER BY ALL
"""
# a table that is empty has no newest row
AGE_SQL = """
SELECT name, extract(epoch FROM now() - newest) AS n FROM (
  SELECT kind AS name, max(ingested_at) AS newest FROM spectra GROUP BY kind
  UNION ALL SELECT 'structures', max(ingested_at) FROM materials
  UNION ALL SELECT 'predictions', max(predicted_at) FROM predictions
) WHERE newest IS NOT NULL ORDER BY name
"""
MODELS_SQL = """
SELECT model, count(*) AS versions, count(*) FILTER (stale) AS stale,
       max(version) FILTER (alias = 'champion') AS champion,
       max(metric) FILTER (alias = 'champion') AS metric,
       max(score_simulated) FILTER (alias = 'champion') AS simulated,
       max(score_measured) FILTER (alias = 'champion') AS measured
FROM models GROUP BY model ORDER BY model
"""
PREDICTIONS_SQL = "SELECT model, count(*) AS n FROM predictions GROUP BY ALL ORDER BY ALL"


class LakeFigures(Collector):
    """The figures of one lake, each time as they are now.

    Args:
        lake: The lake.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not read the lake."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the lake, and ask its servers."""
        yield from self._rows()
        yield from self._trust()
        yield from self._models()
        yield self._gauge(
            "files_waiting",
            "files of a watched folder that are not taken yet",
            ("folder",),
            [(each.folder, each.files) for each in waiting(self._lake)],
        )
        yield self._gauge(
            "up",
            "whether a service of the lake answers",
            ("service",),
            [(each.name, int(each.up)) for each in servers(self._lake)],
        )
        told = work(self._lake)
        if told:
            states = sorted((state.lower(), n) for state, n in told.states.items())
            yield self._gauge("flow_runs", "flow runs begun within a day", ("state",), states)
            yield self._gauge("flow_runs_due", "flow runs no worker took yet", (), [(told.queue,)])

    def _rows(self) -> Iterator[Metric]:
        spectra = self._ask(SPECTRA_SQL)
        yield self._gauge("rows", "rows of a table", ("table",), self._ask(ROWS_SQL))
        yield self._gauge(
            "spectra", "spectra", ("technique", "kind"), [(t, k, n) for t, k, n, _ in spectra]
        )
        yield self._gauge(
            "spectra_withdrawn",
            "spectra retracted, or computed from what was",
            ("technique", "kind"),
            [(t, k, n) for t, k, _, n in spectra],
        )
        yield self._gauge(
            "newest_row_age_seconds", "time since the newest row", ("of",), self._ask(AGE_SQL)
        )

    def _trust(self) -> Iterator[Metric]:
        yield self._gauge("quarantined", "refused input", ("stage",), self._ask(QUARANTINE_SQL))
        yield self._gauge(
            "checks_failed", "failed checks", ("check", "severity"), self._ask(CHECKS_SQL)
        )

    def _models(self) -> Iterator[Metric]:
        models = self._lake.sql(MODELS_SQL).to_pylist()
        for name, meaning in (
            ("versions", "versions of a model"),
            ("stale", "versions trained on what was retracted since"),
            ("champion", "version of the champion"),
        ):
            rows = [(row["model"], row[name]) for row in models if row[name] is not None]
            yield self._gauge(f"model_{name}", meaning, ("model",), rows)
        scores = [
            (row["model"], row["metric"], on, row[on])
            for row in models
            for on in ("simulated", "measured")
            if row[on] is not None
        ]
        yield self._gauge(
            "model_score",
            "score of the champion on held-out data",
            ("model", "metric", "on"),
            scores,
        )
        yield self._gauge("predictions", "answers kept", ("model",), self._ask(PREDICTIONS_SQL))

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        rows = self._lake.sql(query).to_pylist()
        return [tuple(row.values()) for row in rows]

    @staticmethod
    def _gauge(
        name: str, meaning: str, labels: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> Metric:
        """A gauge; the last field of a row is the value, those before are its labels."""
        gauge = GaugeMetricFamily(f"scatterlake_{name}", meaning, labels=labels)
        for *names, value in rows:
            gauge.add_metric([str(each) for each in names], float(value))
        return gauge


def as_text(lake: Lake) -> str:
    """All figures in the text format of Prometheus."""
    return generate_latest(_registry(lake)).decode()


def serve(lake: Lake, port: int) -> tuple[WSGIServer, Thread]:
    """Answer scrapes on loopback, in a thread: its server (``shutdown`` ends it), and the thread.

    Raises:
        OSError: When the port is taken.
    """
    return start_http_server(port, HOST, _registry(lake))


def _registry(lake: Lake) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(LakeFigures(lake))
    return registry
