"""A network brought up on an easy set and brought over to a hard one, in every way, for one seed.

- ``zero-shot``: as it comes from the easy set;
- ``from scratch``: never saw the easy set;
- ``feature extraction``: only the head learns (Yosinski et al., NeurIPS 2014);
- ``fine-tuning``: layers wake one after the other from the head down, the lower the slower
  (Howard & Ruder, ACL 2018);
- ``coral``, ``dann``: no label of the hard set, only its curves (Sun & Saenko, ECCV Workshops 2016;
  Ganin et al., J. Mach. Learn. Res. 17, 59, 2016).

The few of the hard set are all learnt from and none is spent on stopping: the passes are fixed, and
the rate falls to nothing over them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from registry.errors import BadInput
from registry.plugins import pick
from training.baselines import shuffled
from training.datasets import Dataset
from training.fitting import training_of
from training.models import Classifier, Fitted, Labels, Model, Probabilities, Training, models, take

ZERO, SCRATCH, FEATURES, TUNED = "zero-shot", "from scratch", "feature extraction", "fine-tuning"
CONTROL = "shuffled labels"

CHILD: dict[str, Any] = {"epochs": 60, "batch": 16}
"""Settings of a fit on few members, unless said otherwise."""
GRADUAL: dict[str, Any] = {"unfreeze_every": 3, "rate_decay": 0.8}
"""What fine-tuning adds to them."""
# covariances differ by little, and their distance is small beside a cross-entropy
ALIGNS: dict[str, dict[str, Any]] = {"coral": {"align_weight": 10.0}, "dann": {"align_weight": 1.0}}
"""Ways of alignment, with what each adds to the fit on the easy set."""


@dataclass(frozen=True)
class Schooling:
    """How networks are brought up and over: settings of the model at each step.

    Attributes:
        model: Algorithm.
        inputs: Inputs of both sets.
        parent: On the easy set.
        child: On the few of the hard set.
        frozen: What is added for feature extraction.
        gradual: What is added for fine-tuning.
        aligned: On the easy set and the curves of the hard one, from the parent on.
        aligns: Ways of alignment, with what each adds to that.
    """

    model: str
    inputs: tuple[str, ...]
    parent: dict[str, Any] = field(default_factory=dict)
    child: dict[str, Any] = field(default_factory=dict)
    frozen: dict[str, Any] = field(default_factory=dict)
    gradual: dict[str, Any] = field(default_factory=dict)
    aligned: dict[str, Any] = field(default_factory=dict)
    aligns: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One seed of one variant.

    Attributes:
        easy: The easy set.
        hard: The hard set, of the same classes.
        schooling: How it is done.
        sizes: How many of the hard set are learnt from.
        seed: Of the networks and of the draw.
        variant: What it is called.
        control: Whether all labels are shuffled; then only the largest size is tuned on.
    """

    easy: Dataset
    hard: Dataset
    schooling: Schooling
    sizes: tuple[int, ...]
    seed: int
    variant: str
    control: bool = False


@dataclass(frozen=True)
class Answer:
    """What one network said.

    Attributes:
        way: How it came about.
        variant: Of the task.
        size: Members of the hard set it saw, with labels or, when aligned, without.
        seed: Of the task.
        test: Probabilities of the hard test side.
        validation: Of the hard validation side.
        easy_test: Of the easy test side, for what has learnt from the easy set alone.
        easy_validation: Of the easy validation side.
    """

    way: str
    variant: str
    size: int
    seed: int
    test: Probabilities
    validation: Probabilities
    easy_test: Probabilities | None = None
    easy_validation: Probabilities | None = None


def adapt(task: Task) -> list[Answer]:
    """Bring one network up and over in every way.

    Raises:
        BadInput: When the hard set has fewer to learn from than are asked for.
    """
    return [_control(task)] if task.control else list(_ways(task))


def picked(labels: Labels, n: int, seed: int) -> Labels:
    """Places of ``n`` members drawn at random, one of each class in turn while there are any.

    The draw for a smaller ``n`` is a part of the one for a larger.

    Raises:
        BadInput: When there are fewer.
    """
    if n > len(labels):
        raise BadInput("members of the hard set to learn from", f"{n} or more", str(len(labels)))
    rng = np.random.default_rng(seed)
    mixed = rng.permutation(len(labels))
    turn = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        own = mixed[labels[mixed] == label]
        turn[own] = np.arange(len(own))
    order = np.lexsort((rng.random(len(labels)), turn))
    return np.asarray(np.sort(order[:n]), dtype=np.int64)


def few(task: Task, n: int) -> Training:
    """A training on ``n`` members of the hard set, which are also what the loss is told on."""
    whole = training_of(task.hard, task.schooling.inputs, task.seed)
    rows = picked(whole.labels, n, task.seed)
    inputs, labels = take(whole.inputs, rows), whole.labels[rows]
    return replace(
        whole,
        inputs=inputs,
        targets=labels,
        validation_inputs=inputs,
        validation_targets=labels,
    )


def settings_of(school: Schooling, way: str) -> dict[str, Any]:
    """Settings of the fit that brings a parent over, or that does without one."""
    if way in school.aligns:
        return {**school.aligned, **school.aligns[way], "align": way}
    added = {SCRATCH: {}, FEATURES: school.frozen, TUNED: school.gradual}[way]
    return {**school.child, "patience": school.child["epochs"], **added}


def bring_over(
    school: Schooling, way: str, parent: Fitted, easy: Training, own: Training
) -> Fitted:
    """One network after it met the hard set.

    Args:
        school: How it is done.
        way: One of ``SCRATCH``, ``FEATURES``, ``TUNED`` and those of alignment.
        parent: What it goes on from; learning from scratch does without.
        easy: What the parent learnt from; only alignment passes over it again.
        own: Members of the hard set; alignment sees their inputs only.
    """
    model: Model = pick(models(), "model", school.model)
    data = own if way == SCRATCH else replace(own, start=parent)
    if way in school.aligns:
        data = replace(easy, start=parent, unlabelled=own.inputs)
    return model.train(data, **settings_of(school, way))


def bring_over_shuffled(school: Schooling, way: str, easy: Training, own: Training) -> Fitted:
    """The control: brought up and over where there is nothing to learn."""
    model: Model = pick(models(), "model", school.model)
    parent = model.train(shuffled(easy), **school.parent)
    # what the loss is told on is shuffled alike, or the best pass would be chosen by true labels
    few_shuffled = shuffled(own)
    few_shuffled = replace(few_shuffled, validation_targets=few_shuffled.targets)
    return bring_over(school, way, parent, shuffled(easy), few_shuffled)


def _ways(task: Task) -> Iterator[Answer]:
    school, most = task.schooling, max(task.sizes)
    own = {n: few(task, n) for n in task.sizes}
    model: Model = pick(models(), "model", school.model)
    easy = training_of(task.easy, school.inputs, task.seed)
    parent = model.train(easy, **school.parent)
    yield _answer(task, ZERO, 0, parent)
    steps = [(way, n) for n in task.sizes for way in (SCRATCH, FEATURES, TUNED)]
    for way, n in [*steps, *((way, most) for way in school.aligns)]:
        yield _answer(task, way, n, bring_over(school, way, parent, easy, own[n]))


def _control(task: Task) -> Answer:
    n = max(task.sizes)
    easy = training_of(task.easy, task.schooling.inputs, task.seed)
    fitted = bring_over_shuffled(task.schooling, TUNED, easy, few(task, n))
    return _answer(task, CONTROL, n, fitted)


def _answer(task: Task, way: str, n: int, fitted: Fitted) -> Answer:
    def said(dataset: Dataset, side: str) -> Probabilities:
        assert isinstance(fitted, Classifier)  # the task of both sets is classification
        return fitted.probabilities(dataset.take(task.schooling.inputs, dataset.rows(side)))

    of_easy = way not in (SCRATCH, FEATURES, TUNED, CONTROL)
    return Answer(
        way,
        task.variant,
        n,
        task.seed,
        test=said(task.hard, "test"),
        validation=said(task.hard, "validation"),
        easy_test=said(task.easy, "test") if of_easy else None,
        easy_validation=said(task.easy, "validation") if of_easy else None,
    )
