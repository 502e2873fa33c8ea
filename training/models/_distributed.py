"""One network learnt by several processes, each of which computes its share of every batch.

Data-parallel training after Li et al., PVLDB 13, 3005 (2020), doi:10.14778/3415478.3415530. Every
process holds all members, shuffles them by the same seed and takes its part of each batch; the
gradient of the batch is the sum over the parts, whatever the members weigh. So batches, learning
rates and early stopping are those of one process, and the losses are the same but for the order
of sums. Only what a process draws or sees for itself differs: dropout, and the statistics of batch
normalisation, which are those of a share. Imported only when such a fit is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from registry.errors import Unsupported, WrongUse
from training.models import Epoch, Fitted, Model, Training, length
from training.models._architecture import Architecture
from training.models._batches import Batch, Batches, Table, Tensors
from training.models._fitting import ROWS, Loop, _learner
from training.models._learner import Learner
from training.models._objectives import sides
from training.models._quiet import undisturbed
from training.models._run import current
from training.models._saving import answering, take_state
from training.models._schedule import split
from training.models._threads import threads

LEAST = 2
"""Members in the smallest share of a batch: one alone has no statistics of its own."""


def together(model: Model) -> Model:
    """The same model, fitted by all processes of the process group at once.

    Each process trains it on the same data, with the same seed and settings, and gets the same
    fitted model.

    Raises:
        Unsupported: For a model that is no network.
    """
    architecture = getattr(model.fit, "__self__", None)
    if not isinstance(architecture, Architecture):
        raise Unsupported(model.name, "a network, which several processes can fit", model.title)
    fit: Callable[..., Fitted] = partial(_fit, architecture)
    return replace(model, fit=fit)


def _fit(architecture: Architecture, training: Training, **settings: Any) -> Fitted:
    """Fit a network with the other processes.

    Raises:
        Unsupported: For a parent, an alignment of domains or a search of settings.
        WrongUse: For batches too small to be shared.
    """
    schedule, options = split({n: v for n, v in settings.items() if n != "search"})
    if training.start is not None or training.unlabelled is not None or settings["search"]:
        found = "a parent, another domain or a search of settings"
        raise Unsupported(architecture.name, "a plain fit on several processes", found)
    plan, run = architecture.plan(training, schedule, options), current()
    rows = length(training.inputs)
    with undisturbed(training.seed, threads(rows), run):
        learner = SharedLearner(_learner(architecture, plan, training, schedule))
        one, other = sides(training, learner.objective)
        augment = architecture.augment(training, options) if architecture.augment else {}
        batches = Batches(one, schedule.batch, augment)
        smallest = rows // len(batches) // dist.get_world_size()
        if smallest < LEAST:
            raise WrongUse("batch", f"{LEAST} members or more for each process", str(smallest))
        loop = SharedLoop(learner, batches, Batches(other, ROWS), schedule, run, None)
        loop.go(training.seed)
        take_state(learner.network, learner.objective, loop.best_state(architecture.name))
    fitted = answering(plan, learner.network, learner.objective, architecture.missing)
    fitted.history = tuple(Epoch(*losses) for losses in loop.history)
    fitted.settings = settings
    return fitted


class SharedLearner(Learner):
    """A learner of which every process computes a part of the loss."""

    def __init__(self, whole: Learner) -> None:
        super().__init__(whole.network, whole.objective, whole.align)
        # in a tuple: its parameters are those of this module, not more of them
        self._spread = (DistributedDataParallel(whole, find_unused_parameters=True),)

    def forward(self, batch: Batch) -> Tensor:
        """This process's part of the loss of a batch, such that the mean of all is that loss."""
        part = share(batch, dist.get_rank(), dist.get_world_size())
        own = dist.get_world_size() * part.weights.sum() / batch.weights.sum().clamp(min=1e-12)
        loss: Tensor = self._spread[0](part)
        return loss * own


class SharedLoop(Loop):
    """A loop in step with those of the other processes."""

    def _pass(self, *arguments: Any) -> float:
        loss = torch.tensor(super()._pass(*arguments), dtype=torch.float64)
        dist.all_reduce(loss)
        # running statistics of shares: all judge by those of the first
        for buffer in self.learner.network.buffers():
            dist.broadcast(buffer, 0)
        return float(loss) / dist.get_world_size()


def share(batch: Batch, rank: int, world: int) -> Batch:
    """The part of a batch that one of several processes learns from."""
    n = len(batch.weights)
    rows = slice(n * rank // world, n * (rank + 1) // world)
    targets = None if batch.targets is None else batch.targets[rows]
    return Batch(_rows(batch.inputs, rows), targets, batch.weights[rows], {})


def _rows(inputs: Tensors, rows: slice) -> Tensors:
    found: Tensors = {}
    for name, value in inputs.items():
        if isinstance(value, Table):
            ends = torch.cumsum(value.counts, 0)
            first = int(ends[rows.start - 1]) if rows.start else 0
            values = value.values[first : int(ends[rows.stop - 1])]
            found[name] = Table(values, value.counts[rows])
        else:
            found[name] = value[rows]
    return found
