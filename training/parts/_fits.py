"""One fit of an experiment: a candidate on some members, asked about a test side with gaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from registry.errors import BadInput
from registry.parallel import mapper
from training.answering import ask
from training.baselines import shuffled
from training.datasets import Dataset
from training.fitting import model_of, training_of
from training.metrics import Answers, Metric
from training.models import Block, Fitted, Inputs, Labels, Training, dense, refuse_lacking, take
from training.parts import Setting
from training.resuming import as_here, timed_fit
from training.study import Candidate

Gaps = npt.NDArray[np.bool_]
"""What is taken away from members: shape ``(n, inputs)``, in the order of the candidate's."""


@dataclass(frozen=True)
class Job:
    """A fit, and what it is asked.

    Attributes:
        dataset: Members; only the inputs of the job are needed.
        candidate: What is fitted.
        metric: What it is scored by.
        seed: Of the fit.
        train: Rows it learns from; the whole training side when None.
        validation: Rows that end the fit; the whole validation side when None.
        hidden: Inputs that nobody has but the training side.
        gaps: Each is taken away from the test side once; without any it is asked anyway.
        imputed: It is also asked with means of the training side in place of each of the gaps.
        shuffled: Labels of the training side are shuffled: the control.
    """

    dataset: Dataset
    candidate: Candidate
    metric: Metric
    seed: int
    train: Labels | None = None
    validation: Labels | None = None
    hidden: tuple[str, ...] = ()
    gaps: tuple[Gaps, ...] = ()
    imputed: bool = False
    shuffled: bool = False


@dataclass(frozen=True)
class Fit:
    """What a fit said.

    Attributes:
        validation: Score on the rows that end the fit.
        answers: About the whole test side, shape ``(n,)``.
        gapped: The same for each of the gaps.
        imputed: The same with means in place of them, if that was asked.
        parameters: Numbers learnt, None where that means nothing.
        seconds: It took to fit.
    """

    validation: float
    answers: Answers
    gapped: tuple[Answers, ...]
    imputed: tuple[Answers, ...]
    parameters: int | None
    seconds: float


def fit(job: Job, start: Fitted | None = None) -> Fit:
    """Fit and ask; ``start`` is a parent to go on from.

    Raises:
        BadInput: For data the algorithm cannot learn from.
        Unsupported: For a task the algorithm is not made for.
    """
    training = training_on(job)
    if job.shuffled:
        training = shuffled(training)
    model, candidate = model_of(job.candidate), job.candidate
    fitted, seconds = timed_fit(model, replace(training, start=start), candidate.settings)
    dataset, inputs = job.dataset, job.candidate.inputs
    asked = hidden(dataset.take(inputs, dataset.rows("test")), job.hidden)
    known = _said(fitted, training, training.validation_inputs)

    def with_gaps(fill: Mapping[str, Block]) -> tuple[Answers, ...]:
        return tuple(
            _said(fitted, training, without(asked, inputs, gaps, fill)) for gaps in job.gaps
        )

    return Fit(
        validation=job.metric.score(np.asarray(training.validation_targets), known),
        answers=_said(fitted, training, asked),
        gapped=with_gaps({}),
        imputed=with_gaps(means(training.inputs)) if job.imputed else (),
        parameters=fitted.n_parameters(),
        seconds=seconds,
    )


def fits(setting: Setting, jobs: Sequence[Job], work: Callable[[Job], Fit] = fit) -> list[Fit]:
    """Do all jobs, on as many processes as the setting has, in their order.

    Jobs are sent one by one, each with no more of the dataset than it needs.
    """
    found = []
    with mapper(setting.workers) as run:
        for job, done in zip(jobs, run(as_here(work), iter(jobs)), strict=True):
            setting.progress(
                f"{job.candidate.key}, seed {job.seed}: fitted in {done.seconds:.1f} s"
                f"{' on shuffled labels' if job.shuffled else ''}"
            )
            found.append(done)
    return found


def training_on(job: Job) -> Training:
    """Both sides as the job restricts them."""
    whole = training_of(job.dataset, job.candidate.inputs, job.seed)
    train, validation = (
        np.arange(job.dataset.rows(side).size) if rows is None else _places(job, side, rows)
        for side, rows in (("train", job.train), ("validation", job.validation))
    )
    return replace(
        whole,
        inputs=take(whole.inputs, train),
        targets=None if whole.targets is None else whole.targets[train],
        validation_inputs=hidden(take(whole.validation_inputs, validation), job.hidden),
        validation_targets=None
        if whole.validation_targets is None
        else whole.validation_targets[validation],
    )


def equal_data(dataset: Dataset, names: Sequence[str], where: str) -> Dataset:
    """The dataset of those who have all of some inputs: every model sees the same members.

    Raises:
        BadInput: When a member lacks an input that is not marked ``drop``.
        Unsupported: For inputs that are no blocks of rows.
    """
    found = dataset.reading(names)
    refuse_lacking(dense(found.blocks, where), f"{where} (equal data for all: require or drop)")
    return found


def some_groups(dataset: Dataset, side: str, n: int, seed: int) -> Labels:
    """Rows of whole groups of a side, drawn at random until there are ``n`` of them or more.

    The draw for a smaller ``n`` is a part of the one for a larger.

    Raises:
        BadInput: When the side has fewer.
    """
    rows = dataset.rows(side)
    if n > len(rows):
        raise BadInput(f"members of the {side} side", f"{n} or more", str(len(rows)))
    groups = np.array(dataset.groups(rows))
    order = np.random.default_rng(seed).permutation(np.unique(groups))
    counts = np.array([(groups == group).sum() for group in order])
    chosen = order[: int(np.searchsorted(np.cumsum(counts), n)) + 1]
    return np.asarray(rows[np.isin(groups, chosen)], dtype=np.int64)


def without(inputs: Inputs, names: Sequence[str], gaps: Gaps, fill: Mapping[str, Block]) -> Inputs:
    """Copies of blocks in which what is taken away is NaN, or the row that stands in for it.

    Args:
        inputs: Blocks.
        names: Their order in the gaps.
        gaps: What is taken away, shape ``(n, inputs)``.
        fill: Rows that stand in.
    """
    blocks, found = dense(inputs), Inputs()
    for name, gap in zip(names, gaps.T, strict=True):
        block = blocks[name].copy()
        block[gap] = fill.get(name, np.nan)
        found[name] = block
    return found


def hidden(inputs: Inputs, names: Sequence[str]) -> Inputs:
    """Blocks of which some are nobody's."""
    return {n: np.full_like(b, np.nan) if n in names else b for n, b in dense(inputs).items()}


def means(inputs: Inputs) -> dict[str, Block]:
    """Mean row of each block."""
    return {name: block.mean(axis=0) for name, block in dense(inputs).items()}


def _places(job: Job, side: str, rows: Labels) -> Labels:
    """Where rows of the dataset are within a side."""
    return np.asarray(np.searchsorted(job.dataset.rows(side), rows), dtype=np.int64)


def _said(fitted: Fitted, training: Training, inputs: Inputs) -> Answers:
    return ask(fitted, training.task, inputs).answers
