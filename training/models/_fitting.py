"""Fitting a network with Lightning: early stopping, the best weights kept, nothing left behind.

Imported only when such a model is fitted. Seeds, threads, the determinism switch and log levels
are put back as they were found.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from torch import Tensor, nn

from training.models import Inputs, Labels, Training
from training.models._network import Network, NetworkModel, Shape
from training.models._threads import threads

KNOWN_WARNINGS = (
    ".*treespec, LeafSpec.*is deprecated",  # Lightning 2.6 on torch 2.13
    ".*does not have a deterministic implementation",  # pooling on a GPU: asked for, not forced
)
Batch = tuple[dict[str, Tensor], Tensor]


class Batches:
    """Rows in batches; shuffled anew for each epoch when given a seed.

    Blocks are small enough to be held, so slicing tensors replaces a DataLoader's workers.
    """

    def __init__(self, inputs: Inputs, labels: Labels, size: int, seed: int | None = None) -> None:
        self.inputs = {n: torch.from_numpy(np.ascontiguousarray(b)) for n, b in inputs.items()}
        self.labels = torch.from_numpy(labels)
        self.size = size
        self.rng = None if seed is None else np.random.default_rng(seed)

    def __len__(self) -> int:
        return len(range(0, len(self.labels), self.size))

    def __iter__(self) -> Iterator[Batch]:
        order = np.arange(len(self.labels))
        if self.rng is not None:
            order = self.rng.permutation(order)
        for first in range(0, len(order), self.size):
            rows = torch.from_numpy(order[first : first + self.size])
            yield {name: block[rows] for name, block in self.inputs.items()}, self.labels[rows]


class Learner(LightningModule):
    """Cross-entropy with classes weighted evenly, AdamW with one cycle of the learning rate."""

    def __init__(
        self, network: Network, weights: Tensor, learning_rate: float, weight_decay: float
    ) -> None:
        super().__init__()
        self.network = network
        self.loss = nn.CrossEntropyLoss(weights)
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay

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
        optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.learning_rate, int(self.trainer.estimated_stepping_batches)
        )
        return [optimiser], [{"scheduler": schedule, "interval": "step"}]


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
    *,
    hidden: int,
    dropout: float,
    epochs: int,
    patience: int,
    batch: int,
    learning_rate: float,
    weight_decay: float,
) -> NetworkModel:
    """Fit a network with one branch per input block, on whatever accelerator there is.

    Args:
        training: What to learn from.
        hidden: Width of each branch's answer.
        dropout: Share dropped while training.
        epochs: Most passes over the training side.
        patience: Passes without gain on the validation side before it stops.
        batch: Rows per step.
        learning_rate: Highest learning rate.
        weight_decay: Of AdamW.
    """
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
            max_epochs=epochs,
            callbacks=[EarlyStopping("validation_loss", patience=patience), best],
            devices=1,
            deterministic="warn",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(
            Learner(
                network, torch.as_tensor(even, dtype=torch.float32), learning_rate, weight_decay
            ),
            Batches(training.inputs, training.labels, batch, training.seed),
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
