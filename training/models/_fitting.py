"""Fitting a network with Lightning: early stopping, the best weights kept, nothing left behind.

Imported only when such a model is fitted. Seeds, threads, the determinism switch and log levels
are put back as they were found.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from torch import Generator, Tensor, nn

from training.models import Inputs, Labels, Training
from training.models._network import Network, NetworkModel, Shape
from training.models._threads import threads

KNOWN_WARNINGS = (
    ".*treespec, LeafSpec.*is deprecated",  # Lightning 2.6 on torch 2.13
    ".*does not have a deterministic implementation",  # pooling on a GPU: asked for, not forced
)
Batch = tuple[dict[str, Tensor], Tensor]
Augment = Callable[[Tensor, Generator], Tensor]
"""Varies the rows of a block anew each time they are learnt from."""


@dataclass(frozen=True)
class Schedule:
    """How a network learns.

    Attributes:
        epochs: Most passes over the training side.
        patience: Passes without gain on the validation side before it stops.
        batch: Rows per step.
        learning_rate: Highest learning rate.
        weight_decay: Of AdamW.
    """

    epochs: int
    patience: int
    batch: int
    learning_rate: float
    weight_decay: float


class Batches:
    """Rows in batches; shuffled and varied anew for each epoch when given a seed.

    Blocks are small enough to be held, so slicing tensors replaces a DataLoader's workers.
    """

    def __init__(
        self,
        inputs: Inputs,
        labels: Labels,
        size: int,
        seed: int | None = None,
        augment: Mapping[str, Augment] | None = None,
    ) -> None:
        self.inputs = {n: torch.from_numpy(np.ascontiguousarray(b)) for n, b in inputs.items()}
        self.labels = torch.from_numpy(labels)
        self.size = size
        self.rng = None if seed is None else np.random.default_rng(seed)
        self.generator = Generator().manual_seed(seed or 0)
        self.augment = augment or {}

    def __len__(self) -> int:
        return len(range(0, len(self.labels), self.size))

    def __iter__(self) -> Iterator[Batch]:
        order = np.arange(len(self.labels))
        if self.rng is not None:
            order = self.rng.permutation(order)
        for first in range(0, len(order), self.size):
            rows = torch.from_numpy(order[first : first + self.size])
            yield {name: self._taken(name, rows) for name in self.inputs}, self.labels[rows]

    def _taken(self, name: str, rows: Tensor) -> Tensor:
        block = self.inputs[name][rows]
        return self.augment[name](block, self.generator) if name in self.augment else block


class Learner(LightningModule):
    """Cross-entropy with classes weighted evenly, AdamW with one cycle of the learning rate."""

    def __init__(self, network: Network, weights: Tensor, schedule: Schedule) -> None:
        super().__init__()
        self.network = network
        self.loss = nn.CrossEntropyLoss(weights)
        self.schedule = schedule

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Loss of a training batch."""
        loss: Tensor = self.loss(self.network(batch[0]), batch[1])
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        """Note the loss of the validation side."""
        loss = self.loss(self.network(batch[0]), batch[1])
        self.log("validation_loss", loss, on_epoch=True, batch_size=len(batch[1]))

    def configure_optimizers(self) -> Any:
        """Optimiser and schedule."""
        rate, decay = self.schedule.learning_rate, self.schedule.weight_decay
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=decay)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, rate, int(self.trainer.estimated_stepping_batches)
        )
        return [optimiser], [{"scheduler": cycle, "interval": "step"}]


class KeepBest(Callback):
    """Holds the weights of the epoch with the lowest validation loss."""

    def __init__(self) -> None:
        self.loss = float("inf")
        self.weights: dict[str, Tensor] = {}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Copy the weights when they are the best so far."""
        loss = float(trainer.callback_metrics["validation_loss"])
        if loss < self.loss and isinstance(pl_module, Learner):
            state = pl_module.network.state_dict()
            self.loss = loss
            self.weights = {name: value.detach().cpu().clone() for name, value in state.items()}


def fit_network(
    training: Training,
    augment: Mapping[str, Augment] | None = None,
    *,
    hidden: int,
    dropout: float,
    **schedule: Any,
) -> NetworkModel:
    """Fit a network with one branch per input block, on whatever accelerator there is.

    Args:
        training: What to learn from.
        augment: How to vary blocks of the training side, by name; the others stay as they are.
        hidden: Width of each branch's answer.
        dropout: Share dropped while training.
        schedule: The fields of :class:`Schedule`.
    """
    plan = Schedule(**schedule)
    widths = {name: int(block.shape[1]) for name, block in training.inputs.items()}
    shape = Shape(
        curves={n: w for n, w in widths.items() if n in training.curves},
        vectors={n: w for n, w in widths.items() if n not in training.curves},
        n_classes=training.n_classes,
        hidden=hidden,
        dropout=dropout,
    )
    counts = np.bincount(training.labels, minlength=training.n_classes)
    even = len(training.labels) / (training.n_classes * np.maximum(counts, 1))
    best = KeepBest()
    with _undisturbed(training.seed, threads(len(training.labels))):
        network = Network(shape)
        network.learn_statistics(training.inputs)
        trainer = Trainer(
            max_epochs=plan.epochs,
            callbacks=[EarlyStopping("validation_loss", patience=plan.patience), best],
            devices=1,
            deterministic="warn",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(
            Learner(network, torch.as_tensor(even, dtype=torch.float32), plan),
            Batches(training.inputs, training.labels, plan.batch, training.seed, augment),
            Batches(training.validation_inputs, training.validation_labels, 1024),
        )
    network.load_state_dict(best.weights)
    return NetworkModel(network)


@contextmanager
def _undisturbed(seed: int, n_threads: int | None) -> Iterator[None]:
    """Seed torch and quieten Lightning for a while; put everything back afterwards."""
    threads_before = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    workspace = os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    with torch.random.fork_rng(), warnings.catch_warnings():
        torch.manual_seed(seed)
        torch.set_num_threads(n_threads or threads_before)
        logger.setLevel(logging.ERROR)
        for message in KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        try:
            yield
        finally:
            torch.set_num_threads(threads_before)
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
            torch.backends.cudnn.benchmark = benchmark
            logger.setLevel(level)
            os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)
            if workspace is not None:
                os.environ["CUBLAS_WORKSPACE_CONFIG"] = workspace
