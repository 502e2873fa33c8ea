"""Members in the order they came, learnt from in windows, and models that follow or do not.

Of every five in order the first is held out, the second ends fits and the others are learnt from,
in whatever window they lie: what one model is judged on, no other has learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from registry.errors import BadInput
from registry.lake import Lake
from training.answering import ask
from training.datasets import Dataset
from training.evaluation import bootstrap, paired_bootstrap
from training.fitting import model_of, training_of
from training.metrics import Answers, Metric
from training.models import Fitted, Labels
from training.study import Candidate

IN_TURN = 5
HELD, ENDS = 0, 1
ORDER_SQL = "SELECT {key} AS entity_id, {series} AS series, {order} AS place FROM {table}"
FROM = {"spectrum": ("spectra", "spectrum_id"), "material": ("materials", "material_id")}


@dataclass(frozen=True)
class Follower:
    """What is done about new members.

    Attributes:
        label: What it is called.
        every: Retrained after so many blocks, 0 for never.
        degraded: Retrained when its score on a new block is worse than it was by more than this;
            None for never.
    """

    label: str
    every: int = 0
    degraded: float | None = None


@dataclass(frozen=True)
class Learnt:
    """A model, its score on what was held out when it was trained."""

    fitted: Fitted
    score: float


@dataclass(frozen=True)
class Followed:
    """What a follower did in one series.

    Attributes:
        answers: About every member of every block, before it was learnt from, ``(blocks, size)``.
        trained: Models trained after the first.
        promoted: Those that took over.
    """

    answers: Answers
    trained: int
    promoted: int


@dataclass(frozen=True)
class Windows:
    """One series.

    Attributes:
        dataset: The dataset.
        rows: Its members in the order they came.
        first: Members before the first block.
        block: Members of a block.
        window: Members that are learnt from: the newest.
        candidate: What is fitted.
        metric: What it is scored by.
        seed: Of the fits.
    """

    dataset: Dataset
    rows: Labels
    first: int
    block: int
    window: int
    candidate: Candidate
    metric: Metric
    seed: int

    @property
    def blocks(self) -> list[Labels]:
        """Whole blocks after the first window."""
        count = (len(self.rows) - self.first) // self.block
        return [
            self.rows[self.first + n * self.block : self.first + (n + 1) * self.block]
            for n in range(count)
        ]

    def follow(self, follower: Follower, start: Learnt) -> Followed:
        """Go through the blocks with a model that was trained on what was before them."""
        model, trained, promoted = start, 0, 0
        answers = []
        for number, rows in enumerate(self.blocks, 1):
            said = self._ask(model.fitted, rows)
            answers.append(said)
            if not self._due(follower, number, model, rows, said):
                continue
            end = self.first + number * self.block
            challenger = self.learn(end)
            trained += 1
            if self._better(challenger, model, end):
                model, promoted = challenger, promoted + 1
        return Followed(np.array(answers), trained, promoted)

    def learn(self, end: int) -> Learnt:
        """Train on the newest window before a place of the series."""
        sides = self._sides(end)
        whole = training_of(self.dataset, self.candidate.inputs, self.seed)
        targets = np.asarray(self.dataset.targets)
        training = replace(
            whole,
            inputs=self.dataset.take(self.candidate.inputs, sides["train"]),
            targets=targets[sides["train"]],
            validation_inputs=self.dataset.take(self.candidate.inputs, sides["ends"]),
            validation_targets=targets[sides["ends"]],
        )
        fitted = model_of(self.candidate).train(training, **self.candidate.settings)
        said = self._ask(fitted, sides["held"])
        return Learnt(fitted, self.metric.score(targets[sides["held"]], said))

    def _sides(self, end: int) -> dict[str, Labels]:
        places = np.arange(max(0, end - self.window), end)
        turn = places % IN_TURN
        return {
            "held": self.rows[places[turn == HELD]],
            "ends": self.rows[places[turn == ENDS]],
            "train": self.rows[places[turn > ENDS]],
        }

    def _due(
        self, follower: Follower, number: int, model: Learnt, rows: Labels, said: Answers
    ) -> bool:
        if follower.every and number % follower.every == 0:
            return True
        if follower.degraded is None:
            return False
        from training.degradation import worse

        truth = np.asarray(self.dataset.targets)[rows]
        found = bootstrap(self.metric, truth, said, self.dataset.groups(rows))
        return worse(self.metric, found, model.score, follower.degraded)

    def _better(self, challenger: Learnt, model: Learnt, end: int) -> bool:
        """Shown to be better on what neither has learnt from."""
        rows = self._sides(end)["held"]
        new, old = (self._ask(own.fitted, rows) for own in (challenger, model))
        truth = np.asarray(self.dataset.targets)[rows]
        groups = self.dataset.groups(rows)
        return paired_bootstrap(self.metric, truth, new, old, groups).low > 0

    def _ask(self, fitted: Fitted, rows: Labels) -> Answers:
        inputs = self.dataset.take(self.candidate.inputs, rows)
        return ask(fitted, self.dataset.definition.task, inputs).answers


def in_order(lake: Lake, dataset: Dataset, series: str, order: str) -> dict[str, Labels]:
    """Rows of each series in the order they came.

    Args:
        lake: The lake.
        dataset: Its members are spectra or materials.
        series: SQL expression that is equal within a series.
        order: SQL expression that rises within it.

    Raises:
        BadInput: When a member has no place.
    """
    definition = dataset.definition
    if definition.entity not in FROM:
        raise BadInput("series", f"members that are {' or '.join(FROM)}", definition.entity)
    table, key = FROM[definition.entity]
    query = ORDER_SQL.format(key=key, series=series, order=order, table=table)
    known = {
        row["entity_id"]: (str(row["series"]), row["place"])
        for row in lake.sql(f"{query} WHERE {definition.where}", at=dataset.snapshot).to_pylist()
        if row["series"] is not None and row["place"] is not None
    }
    places = [known.get(member.entity_id) for member in dataset.members]
    missing = sum(place is None for place in places)
    if missing:
        raise BadInput("series", "a place of every member", f"{missing} without")
    found: dict[str, list[int]] = {}
    ranked = sorted((p, i) for i, p in enumerate(places) if p is not None)
    for (name, _), row in ranked:
        found.setdefault(name, []).append(row)
    return {name: np.array(rows, dtype=np.int64) for name, rows in found.items()}
