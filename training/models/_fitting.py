"""The one loop that fits every network, on Lightning Fabric.

Early stopping, the best weights kept, checkpoints and resuming, gradient clipping, mixed precision
on accelerators, gradual unfreezing and alignment of domains. Imported only when such a model is
fitted. Seeds, threads and the determinism switch are put back as they were found.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from registry.errors import BadInput
from registry.events import emit
from training.models import Epoch, Training
from training.models._accelerator import fabric_of, precision
from training.models._architecture import Architecture, Plan
from training.models._batches import Batch, Batches, epoch_seed, moved, tensors
from training.models._checkpoints import State, checkpoint_path, read, write
from training.models._learner import Learner
from training.models._objectives import Regress, objective_of, sides
from training.models._quiet import Tell, bar, undisturbed
from training.models._run import Run, current
from training.models._saving import NetworkModel, answering, build, state_of, take_state
from training.models._schedule import Schedule
from training.models._threads import threads
from training.models._transfer import adopt, alignment, freeze, frozen_at, groups, set_mode

ROWS = 1024
"""Members of the validation side looked at together."""


def fit_network(
    architecture: Architecture, training: Training, schedule: Schedule, options: Mapping[str, Any]
) -> NetworkModel:
    """Fit a network on whatever accelerator there is, run as :func:`~._run.current` says.

    Raises:
        Unsupported: For inputs of a form that it does not take.
        BadInput: For a parent that does not fit, or a loss that was never a finite number.
        WrongUse: For settings that cannot be.
        ModelRefused: For a checkpoint that is none.
    """
    plan, asked = architecture.plan(training, schedule, options), current()
    run = replace(
        asked,
        deterministic=asked.deterministic or schedule.deterministic,
        mixed_precision=asked.mixed_precision and schedule.mixed_precision,
    )
    with undisturbed(training.seed, threads(len(next(iter(training.inputs.values())))), run):
        learner = _learner(architecture, plan, training, schedule)
        one, other = sides(training, learner.objective)
        augment = architecture.augment(training, options) if architecture.augment else {}
        batches = Batches(one, schedule.batch, augment, training.unlabelled)
        path = run.checkpoints and checkpoint_path(run.checkpoints, plan, schedule, training)
        loop = Loop(learner, batches, Batches(other, ROWS), schedule, run, path)
        loop.go(training.seed)
        take_state(learner.network, learner.objective, loop.best_state(architecture.name))
    fitted = answering(plan, learner.network, learner.objective, architecture.missing)
    fitted.history = tuple(Epoch(*losses) for losses in loop.history)
    fitted.earlier = loop.earlier
    return fitted


def _learner(
    architecture: Architecture, plan: Plan, training: Training, schedule: Schedule
) -> Learner:
    network, objective = build(architecture, plan, training.seed), objective_of(plan)
    same = False
    if training.start is not None:
        same = adopt(plan, network, objective, training.start)
    else:
        network.learn_statistics(tensors(training.inputs))
    if isinstance(objective, Regress) and not same:
        values = torch.from_numpy(training.values)
        scale = schedule.target_scale
        alike = (architecture.target_scale if scale == "usual" else scale) == "all"
        objective.learn(values, alike)
    align = alignment(plan, network, training, schedule)
    return Learner(network, objective, align)


@dataclass
class Loop:
    """Passes over the training side until the validation side gains no more.

    Attributes:
        learner: What learns.
        batches: Training side.
        validation: Validation side.
        schedule: How it learns.
        run: How it is run.
        path: Where checkpoints go, or None.
        epoch: Passes made.
        best: Lowest validation loss.
        waited: Passes since then.
        weights: Numbers of the model at that time.
        history: Training and validation loss of every pass.
        earlier: Seconds that processes before this one spent on it.
    """

    learner: Learner
    batches: Batches
    validation: Batches
    schedule: Schedule
    run: Run
    path: Path | None
    epoch: int = 0
    best: float = math.inf
    waited: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)
    history: list[tuple[float, float]] = field(default_factory=list)
    earlier: float = 0.0

    def go(self, seed: int) -> None:
        """Go on until the end, from the checkpoint if there is one."""
        fabric = fabric_of(precision(self.run))
        self.learner.network.to(fabric.device)
        if self.learner.align is not None:
            self.learner.align.to(fabric.device)
        own = groups(self.learner.network, self.schedule)
        if self.learner.align is not None:
            rate = self.schedule.learning_rate
            own.append({"params": list(self.learner.align.parameters()), "lr": rate})
        optimiser = torch.optim.AdamW(
            own,
            betas=self.learner.network.betas,
            weight_decay=self.schedule.weight_decay,
            fused=True,
        )
        steps = self.schedule.epochs * len(self.batches)
        rates = [group["lr"] for group in own]
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, rates, total_steps=steps, cycle_momentum=self.learner.network.cycles
        )
        keeper = _Keeper(self.path, self.run.every, self.learner, optimiser, cycle)
        keeper.restore(self)
        with bar(type(self.learner.network).__name__, self.schedule.epochs, self.run.progress) as t:
            while self.epoch < self.schedule.epochs and self.waited < self.schedule.patience:
                learnt = self._pass(fabric, optimiser, cycle, epoch_seed(seed, self.epoch))
                self._judge(fabric, learnt, t)
                last = self.epoch == self.schedule.epochs or self.waited == self.schedule.patience
                keeper.keep(self, last)
        self.learner.cpu()

    def best_state(self, name: str) -> dict[str, Tensor]:
        """Numbers of the best epoch.

        Raises:
            BadInput: When the validation loss was never a finite number.
        """
        if not self.weights:
            raise BadInput(
                f"model {name}: validation loss",
                "a finite number in one epoch",
                f"none in {self.epoch}: is the learning rate too high?",
            )
        return self.weights

    def _pass(self, fabric: Fabric, optimiser: Any, cycle: Any, seed: int) -> float:
        """Learn from every batch once; gives their mean loss."""
        network = self.learner.network
        freeze(network, frozen_at(network, self.schedule, self.epoch))
        set_mode(network)
        learnt = [p for p in network.parameters() if p.requires_grad]
        self.learner.advance(self.epoch / self.schedule.epochs)
        torch.manual_seed(seed)
        total = torch.zeros((), device=fabric.device)
        for batch in self.batches.epoch(seed):
            with fabric.autocast():
                loss = self.learner(moved(batch, fabric.device))
            loss.backward()
            total += loss.detach()
            if self.schedule.clip:
                nn.utils.clip_grad_norm_(learnt, self.schedule.clip)
            optimiser.step()
            optimiser.zero_grad()
            cycle.step()
        return float(total) / len(self.batches)

    def _judge(self, fabric: Fabric, learnt: float, tell: Tell) -> None:
        loss = mean_loss(fabric, self.learner, self.validation.in_order())
        self.epoch += 1
        self.waited += 1
        aligned = self.learner.align is not None
        # the labelled side alone would choose the weights from before domains were aligned
        if loss < self.best or (aligned and math.isfinite(loss)):
            state = state_of(self.learner.network, self.learner.objective)
            self.best, self.waited = loss, 0
            self.weights = {name: value.detach().cpu().clone() for name, value in state.items()}
        self.history.append((learnt, loss))
        tell(self.epoch - 1, loss, self.best)
        if self.run.on_epoch is not None:
            self.run.on_epoch(self.epoch - 1, loss)


@dataclass
class _Keeper:
    """Writes how far a loop came, and takes it up again."""

    path: Path | None
    every: float
    learner: Learner
    optimiser: Any
    cycle: Any
    begin: float = field(default_factory=time.monotonic)
    written: float | None = None

    def keep(self, loop: Loop, last: bool) -> None:
        """Write a checkpoint when it is time to; of a fit that has one, its end too."""
        now = time.monotonic()
        since = now - (self.begin if self.written is None else self.written)
        if self.path is None or (since < self.every and not (last and self.written is not None)):
            return
        state: State = {name: part.state_dict() for name, part in self._parts().items()}
        state |= {name: getattr(loop, name) for name in NOTED}
        write(self.path, {**state, "earlier": loop.earlier + now - self.begin})
        self.written = now

    def restore(self, loop: Loop) -> None:
        state = None if self.path is None else read(self.path)
        if state is not None:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            for name in (*NOTED, "earlier"):
                setattr(loop, name, state[name])
            self.written = self.begin
            emit("fit_resumed", checkpoint=str(self.path), epoch=loop.epoch)

    def _parts(self) -> dict[str, Any]:
        return {"learner": self.learner, "optimiser": self.optimiser, "cycle": self.cycle}


NOTED = ("epoch", "best", "waited", "weights", "history")


def mean_loss(fabric: Fabric, learner: Learner, batches: Iterable[Batch]) -> float:
    """Weighted mean loss of members that are not learnt from."""
    learner.eval()
    total = torch.zeros(2, dtype=torch.float64)
    with torch.no_grad(), fabric.autocast():
        for batch in batches:
            losses = learner.validation(moved(batch, fabric.device)).cpu().double()
            weights = batch.weights.double()
            total += torch.stack([(losses * weights).sum(), weights.sum()])
    return float(total[0] / total[1])
