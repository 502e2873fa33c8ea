"""Comparing the candidates of a study, as rows and as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from registry.errors import NotFound, Unsupported
from registry.lake import Lake
from training.evaluation import confusion_matrix
from training.judging import answers_of
from training.lookup import CHAMPION, SIGN_SQL, one_model
from training.metrics import metric_named
from training.picture import draw_bars, draw_confusion_matrix, draw_parity, with_unit
from training.rows import Row
from training.study import Study

LATEST_SQL = """
SELECT * FROM models WHERE study = $1
QUALIFY row_number() OVER (PARTITION BY algorithm, inputs ORDER BY version DESC) = 1
ORDER BY {sign} * score_simulated DESC, version
""".replace("{sign}", SIGN_SQL)


def compare(lake: Lake, study: str) -> list[dict[str, Any]]:
    """Newest version of every candidate of a study, best first.

    Each row has ``candidate``, ``version``, ``alias``, ``metric``, ``score`` and ``std`` (test
    side, mean and deviation over seeds), ``low`` and ``high`` (95 % interval of the model),
    ``measured`` (or None), ``naive``, ``nearest``, ``shuffled``, ``n_train``, ``n_parameters``,
    ``seconds`` and ``manifest``.

    Raises:
        NotFound: When nothing of the study is registered.
        LakeError: When answers of a version are missing.
    """
    rows = lake.sql(LATEST_SQL, [study]).to_pylist()
    if not rows:
        known = lake.sql("SELECT DISTINCT study FROM models")["study"].to_pylist()
        raise NotFound("trained study", study, known)
    return [_compared(lake, row) for row in rows]


def draw_comparison(lake: Lake, study: Study, path: Path | None = None) -> Path:
    """Draw the comparison of a study's candidates; returns the picture's path.

    Args:
        lake: The lake.
        study: The study.
        path: Where to draw; ``pictures/<study>-comparison.png`` in the lake by default.
    """
    rows = compare(lake, study.name)
    first = answers_of(lake, one_model(lake, study.name, rows[0]["version"]))
    target = path or lake.pictures / f"{study.name}-comparison.png"
    metric, classes = metric_named(rows[0]["metric"]), len(set(first.truth.tolist()))
    chance = 1 / classes if metric.task == "classification" else None
    axis = with_unit(metric.title, study.dataset.unit if metric.has_unit else "")
    draw_bars(rows, chance, axis, study.title, target)
    return target


def draw_test_side(
    lake: Lake, study: Study, which: int | str = CHAMPION, path: Path | None = None
) -> Path:
    """Draw the answers of one version on its test side: confusion matrix, or answers and truth.

    Raises:
        NotFound: When there is no such version or alias.
        Unsupported: When there is no target.
    """
    if study.dataset.task == "classification":
        return draw_confusion(lake, study, which, path)
    row = one_model(lake, study.name, which)
    if study.dataset.task == "unsupervised":
        raise Unsupported(f"study {study.name!r}", "one with a target", "an unsupervised one")
    found = answers_of(lake, row)
    target = path or lake.pictures / f"{study.name}-{row['version']}-parity.png"
    title = f"{study.title}: {_candidate(row)}, version {row['version']}"
    axis = with_unit(row["predicts"], study.dataset.unit)
    draw_parity(found.truth, found.answered, axis, title, target)
    return target


def draw_confusion(
    lake: Lake, study: Study, which: int | str = CHAMPION, path: Path | None = None
) -> Path:
    """Draw the confusion matrix of one version on its test side; returns the picture's path.

    Raises:
        NotFound: When there is no such version or alias.
        Unsupported: When the study has no classes.
    """
    if study.dataset.task != "classification":
        raise Unsupported(f"study {study.name!r}", "one with classes", study.dataset.task)
    row = one_model(lake, study.name, which)
    found = answers_of(lake, row)
    confusion = confusion_matrix(found.truth, found.answered, len(found.class_names))
    target = path or lake.pictures / f"{study.name}-{row['version']}-confusion.png"
    title = f"{study.title}: {_candidate(row)}, version {row['version']}"
    draw_confusion_matrix(confusion.tolist(), found.class_names, title, target)
    return target


def _candidate(row: Row) -> str:
    return f"{row['algorithm']} on {'+'.join(row['inputs'])}"


def _compared(lake: Lake, row: Row) -> dict[str, Any]:
    interval = answers_of(lake, row).interval()
    return {
        "candidate": _candidate(row),
        "version": row["version"],
        "alias": row["alias"],
        "metric": row["metric"],
        "score": row["score_simulated"],
        "std": row["score_simulated_std"],
        "low": interval.low,
        "high": interval.high,
        "measured": row["score_measured"],
        "naive": row["baseline_naive"],
        "nearest": row["baseline_nearest"],
        "shuffled": row["control_shuffled"],
        "n_train": row["n_train"],
        "n_parameters": row["n_parameters"],
        "seconds": row["train_seconds"],
        "manifest": row["manifest"],
    }
