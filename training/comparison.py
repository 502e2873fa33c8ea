"""All models of a study side by side: scores, baselines, cost, calibration, and which differ.

Differences are judged by the paired bootstrap over groups, on the members that both models were
asked about, with p-values corrected for the number of pairs (Holm 1979).
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from registry.errors import NotFound
from registry.lake import Lake
from training.candidates import is_committed
from training.cards import Card, read_card
from training.evaluation import RESAMPLES, Interval, holm
from training.judging import Answered, answers_of, compared
from training.lookup import SIGN_SQL
from training.measured import read_both_kinds
from training.metrics import metric_named
from training.rows import Row
from training.study import Candidate, Study
from training.tracking import model_files

LATEST_SQL = """
SELECT * FROM models WHERE study = $1 AND ($2 IS NULL OR list_contains($2, run_id))
QUALIFY row_number() OVER (PARTITION BY algorithm, inputs ORDER BY version DESC) = 1
ORDER BY {sign} * coalesce(score_simulated, score_measured) DESC, version
""".replace("{sign}", SIGN_SQL)
ALPHA, SCALED = 0.05, "calibration_error_scaled"
EACH = 100
"""Resamples for each pair: so that a corrected p-value can get small enough."""


@dataclass(frozen=True)
class Pair:
    """Two models of a study on the members both were asked about.

    Attributes:
        one: Key of the first, which scores better.
        other: Key of the second.
        difference: How much better the first is, with its 95 % interval.
        p: P-value of no difference.
        corrected: The same, corrected for the number of pairs.
    """

    one: str
    other: str
    difference: Interval
    p: float
    corrected: float

    @property
    def is_real(self) -> bool:
        """Whether the difference is told from none among all pairs."""
        return self.corrected < ALPHA


@dataclass(frozen=True)
class Comparison:
    """Models of a study, best first.

    Attributes:
        metric: Name of the score.
        rows: One for each model: see :func:`compare`.
        pairs: Every two of them.
    """

    metric: str
    rows: tuple[dict[str, Any], ...]
    pairs: tuple[Pair, ...]


def compare(
    lake: Lake, study: str, committed: Study | None = None, runs: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """Newest version of every candidate of a study, best first.

    Each row has ``candidate``, ``added`` (None when the study is not known), ``version``,
    ``alias``, ``metric``, ``score`` and ``std`` (test side, mean and deviation over seeds),
    ``low`` and ``high`` (95 % interval of the registered model over groups), ``simulated`` and
    ``measured`` (mean over seeds, or None), ``measured_low`` and ``measured_high``, ``gap`` of the
    registered model with ``gap_low`` and ``gap_high``, ``naive``, ``nearest``, ``shuffled``,
    ``calibration_error`` (scaled probabilities), ``coverage`` and ``coverage_measured`` of sets or
    intervals that are to hold ``level``, ``n_train``, ``n_parameters``, ``seconds`` (of a fit),
    ``size`` (bytes of the model), ``seeds`` and ``manifest``.

    Args:
        lake: The lake.
        study: Its name.
        committed: The study as its file declares it, to tell candidates that were added.
        runs: MLflow runs to be looked at, all by default.

    Raises:
        NotFound: When nothing of the study is registered.
        LakeError: When answers of a version are missing.
        ModelRefused: When a model was altered.
    """
    return list(_comparable(lake, study, committed, runs)[0])


def comparison(lake: Lake, study: Study, runs: Collection[str] | None = None) -> Comparison:
    """Compare the models of a study, every two of them too.

    Raises:
        NotFound: When nothing of the study is registered.
        LakeError: When answers of a version are missing.
        ModelRefused: When a model was altered.
    """
    rows, answers = _comparable(lake, study.name, study, runs)
    return Comparison(rows[0]["metric"], tuple(rows), tuple(_pairs(rows, answers)))


Compared = tuple[list[dict[str, Any]], list[Answered]]


def _comparable(
    lake: Lake, study: str, committed: Study | None, runs: Collection[str] | None
) -> Compared:
    found = lake.sql(LATEST_SQL, [study, None if runs is None else list(runs)]).to_pylist()
    if not found:
        known = lake.sql("SELECT DISTINCT study FROM models")["study"].to_pylist()
        raise NotFound("trained study", study, known)
    answers = [answers_of(lake, row) for row in found]
    rows = [_row(lake, row, own, committed) for row, own in zip(found, answers, strict=True)]
    sign = metric_named(rows[0]["metric"]).sign
    order = sorted(range(len(rows)), key=lambda i: -sign * rows[i]["score"])
    return [rows[i] for i in order], [answers[i] for i in order]


def _row(lake: Lake, row: Row, answers: Answered, committed: Study | None) -> dict[str, Any]:
    card, size = card_and_size(lake, row)
    candidate = Candidate(card.algorithm, tuple(i.name for i in card.inputs), card.settings)
    reliable, kinds = card.reliability, read_both_kinds(lake, row)
    score, deviation = card.metrics["test"]
    own, gap = (None, None) if kinds is None else (kinds.interval(), kinds.gap())
    return {
        "candidate": candidate.key,
        "added": None if committed is None else not is_committed(committed, candidate),
        "version": row["version"],
        "alias": row["alias"],
        "metric": row["metric"],
        "score": score,
        "std": deviation,
        **_interval("", answers.interval()),
        "simulated": row["score_simulated"],
        "measured": row["score_measured"],
        **_interval("measured_", own),
        "gap": None if gap is None else gap.value,
        **_interval("gap_", gap),
        "naive": row["baseline_naive"],
        "nearest": row["baseline_nearest"],
        "shuffled": row["control_shuffled"],
        "calibration_error": reliable and (reliable.calibration or {}).get(SCALED),
        "level": reliable and reliable.level,
        "coverage": reliable and reliable.coverage,
        "coverage_measured": reliable and reliable.coverage_measured,
        "n_train": row["n_train"],
        "n_parameters": row["n_parameters"],
        "seconds": row["train_seconds"],
        "size": size,
        "seeds": len(card.seeds),
        "manifest": row["manifest"],
    }


def card_and_size(lake: Lake, row: Row) -> tuple[Card, int]:
    """Card of a version, and how many bytes its files have."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = model_files(lake, row["run_id"], scratch)
        card = read_card(folder, row["artifact_digest"])
        return card, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _interval(prefix: str, found: Interval | None) -> dict[str, float | None]:
    ends = (None, None) if found is None else (found.low, found.high)
    return {f"{prefix}{end}": value for end, value in zip(("low", "high"), ends, strict=True)}


def _pairs(rows: Sequence[dict[str, Any]], answers: Sequence[Answered]) -> list[Pair]:
    places = list(combinations(range(len(rows)), 2))
    resamples = max(RESAMPLES, EACH * len(places))
    found = [compared(answers[i], answers[j], resamples) for i, j in places]
    corrected = holm([d.p for d in found])
    return [
        Pair(rows[i]["candidate"], rows[j]["candidate"], d.interval, d.p, after)
        for (i, j), d, after in zip(places, found, corrected, strict=True)
    ]
