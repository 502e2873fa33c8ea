"""Pictures of a study's models: side by side, and what one said on its test side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from registry.errors import Unsupported
from registry.lake import Lake
from training.comparison import Comparison, comparison
from training.comparison_picture import draw_models
from training.evaluation import confusion_matrix
from training.judging import answers_of
from training.lookup import CHAMPION, one_model
from training.parts.learning_curve import LearningCurve
from training.picture import draw_confusion_matrix, draw_parity, with_unit
from training.rows import Row
from training.running import newest_findings
from training.study import Study


def draw_comparison(
    lake: Lake, study: Study, found: Comparison | None = None, path: Path | None = None
) -> Path:
    """Draw the comparison of a study's models; returns the picture's path.

    Args:
        lake: The lake.
        study: The study.
        found: What is drawn; made when left out.
        path: Where to draw; ``pictures/<study>-comparison.png`` in the lake by default.

    Raises:
        NotFound: When nothing of the study is registered.
    """
    target = path or lake.pictures / f"{study.name}-comparison.png"
    drawn = found or comparison(lake, study)
    curves = _learning_curves(lake, study, drawn.rows[0]["manifest"])
    draw_models(drawn, axis_of(study), study.title, curves, target)
    return target


def _learning_curves(lake: Lake, study: Study, manifest: str) -> list[dict[str, Any]]:
    names = [part.name for part in study.parts if isinstance(part, LearningCurve)]
    known = newest_findings(lake, study.name, manifest) if names else {}
    return [known[name][1].drawn for name in names if name in known]


def axis_of(study: Study) -> str:
    """What the score of a study is called on an axis."""
    metric = study.judged_by
    return with_unit(metric.title, study.dataset.unit if metric.has_unit else "")


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
