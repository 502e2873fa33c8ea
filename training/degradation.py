"""How a champion does on labelled data that came after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.vocabulary import Kind
from training.answering import ask
from training.entities import Subject, material_of, read_subjects
from training.evaluation import Interval, bootstrap
from training.loading import load_model, read_inputs
from training.metrics import Metric, metric_named
from training.promotion import LearntFrom
from training.signs import Case
from training.targets import Property, read_labels, read_texts


@dataclass(frozen=True)
class NewScore:
    """Score of a champion on what it has not seen.

    Attributes:
        kind: Kind of the curves it was asked about.
        members: How many.
        interval: Its score there; None for no member.
        before: Its score when it was registered; None when it had none on this kind.
    """

    kind: str
    members: int
    interval: Interval | None
    before: float | None


def worse(metric: Metric, now: Interval, before: float, by: float) -> bool:
    """Whether a score is shown to be worse than it was, by more than some amount."""
    if metric.sign > 0:
        return now.high < before - by
    return now.low > before + by


def new_score(case: Case) -> NewScore:
    """Ask the champion about new labelled members: measured ones where there are any.

    New is who was labelled, or measured, since the last decision. A relative of what the champion
    learnt from is not asked about.
    """
    fresh = _new(case)
    measured = case.arrivals.of("experimental")
    definition, holder = case.study.dataset, case.holder
    kind: Kind = "experimental" if measured & fresh.keys() else definition.tested_on
    subjects = {n: s for n, s in fresh.items() if kind != "experimental" or n in measured}
    before = holder["score_measured" if kind == "experimental" else "score_simulated"]
    if not subjects:
        return NewScore(kind, 0, None, before)
    labels = read_labels(case.lake, definition, sorted(subjects), case.now)
    model = load_model(case.lake, holder["model"], holder["version"])
    found, inputs = read_inputs(
        case.lake, model.card, sorted(labels), case.now, kind, definition.entity
    )
    if not found:
        return NewScore(kind, 0, None, before)
    answers = ask(model.fitted, model.card.task, inputs).answers
    names = model.card.class_names
    if model.card.task == "classification":
        truth = np.array([labels[name] for name in found])
        answered = np.array([names[int(answer)] for answer in answers])
    else:
        truth = np.array([float(labels[name]) for name in found])
        answered = np.asarray(answers, dtype=np.float64)
    groups = [_group(subjects[name]) for name in found]
    metric = metric_named(model.card.metric)
    return NewScore(kind, len(found), bootstrap(metric, truth, answered, groups), before)


def _new(case: Case) -> dict[str, Subject]:
    """Who came or was labelled since, and is no relative of what the champion learnt from."""
    lake, definition = case.lake, case.study.dataset
    now, _ = read_subjects(lake, definition.entity, definition.where, case.now)
    ids = [subject.entity_id for subject in now]
    came = {entity for _, entity, _ in case.arrivals.rows}
    labelled = _labelled(case, ids, case.now)
    fresh = came.union(labelled - _labelled(case, ids, case.since)) & labelled
    known = LearntFrom.of(lake, case.holder["manifest"])
    return {
        s.entity_id: s for s in now if s.entity_id in fresh and not known.knows(s.entity_id, s.name)
    }


def _labelled(case: Case, ids: list[str], at: dict[str, int]) -> set[str]:
    """Who has a label: the property, or a material whose column it is."""
    definition = case.study.dataset
    if isinstance(definition.target, Property):
        return set(read_texts(case.lake, definition.target, ids, at))
    return set(material_of(case.lake, definition.entity, ids, at))


def _group(subject: Subject) -> str:
    return subject.name or subject.sample or subject.entity_id
