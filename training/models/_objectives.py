"""What a network is to learn: losses of members, and answers from outputs, for every task."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.models import Training, Values
from training.models._architecture import Plan
from training.models._batches import Side

LEVELS = (0.15865525, 0.5, 0.84134475)
"""Quantiles one standard deviation below, at and above the middle of a normal distribution."""


class Objective(nn.Module):
    """Loss of each member, shape ``(n,)``; without targets a :class:`Coder` has its own."""

    def losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        """From the outputs of the network and the targets."""
        raise NotImplementedError


class Classify(Objective):
    """Cross-entropy."""

    def losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Minus the logarithm of the probability of the true class."""
        return nn.functional.cross_entropy(outputs, y, reduction="none")


class Regress(Objective):
    """Squared error, Gaussian negative log-likelihood or pinball loss of standardised values."""

    def __init__(self, n_targets: int, deviation: str) -> None:
        super().__init__()
        self.deviation = deviation
        self.register_buffer("mean", torch.zeros(n_targets, dtype=torch.float64))
        self.register_buffer("scale", torch.ones(n_targets, dtype=torch.float64))

    def learn(self, values: Tensor, alike: bool) -> None:
        """Mean and deviation of the values of the training side, ``(n, k)``."""
        spread = values.std(dim=0, correction=0)
        if alike:
            spread = (values - values.mean(dim=0)).square().mean().sqrt().expand(values.shape[1])
        self.get_buffer("mean").copy_(values.mean(dim=0))
        self.get_buffer("scale").copy_(torch.where(spread > 0, spread, torch.ones_like(spread)))

    def standardised(self, values: Tensor) -> Tensor:
        """Values as the network gives them, float32."""
        return ((values - self.get_buffer("mean")) / self.get_buffer("scale")).float()

    def losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Mean over the values of a member."""
        if self.deviation == "none":
            found = (outputs - y).square()
        elif self.deviation == "gaussian":
            mean, raw = outputs.chunk(2, dim=1)
            found = nn.functional.gaussian_nll_loss(mean, y, variance(raw), reduction="none")
        else:
            levels = torch.tensor(LEVELS, device=y.device)[:, None, None]
            short = y - torch.stack(outputs.chunk(3, dim=1))
            found = torch.maximum(levels * short, (levels - 1) * short).sum(dim=0)
        return found.mean(dim=1)

    def answer(self, outputs: Tensor) -> Values:
        """Values in the unit of the targets."""
        scale, shift = self.get_buffer("scale"), self.get_buffer("mean")
        if self.deviation == "none":
            mean, deviation = outputs, None
        elif self.deviation == "gaussian":
            mean, raw = outputs.chunk(2, dim=1)
            deviation = variance(raw).sqrt()
        else:
            low, mean, high = outputs.chunk(3, dim=1)
            deviation = ((high - low) / 2).clamp(min=0)
        spread = None if deviation is None else (deviation * scale).double().numpy()
        return Values((mean * scale + shift).double().numpy(), spread)


def variance(raw: Tensor) -> Tensor:
    """A positive variance from any number."""
    return nn.functional.softplus(raw) + 1e-4


def objective_of(plan: Plan) -> Objective:
    """Objective of a plan, before it has learnt any statistics."""
    if plan.task == "classification":
        return Classify()
    if plan.task == "regression":
        return Regress(plan.n_targets, plan.deviation)
    return Objective()


def sides(training: Training, objective: Objective) -> tuple[Side, Side]:
    """Both sides with targets as the objective takes them and classes weighted evenly."""
    own = training.weights, training.validation_weights
    if training.task == "classification":
        counts = np.bincount(training.labels, minlength=training.n_classes)
        even = len(training.labels) / (training.n_classes * np.maximum(counts, 1))
        targets: tuple[Any, Any] = (training.labels, training.validation_labels)
        weights = [_times(even[y], w) for y, w in zip(targets, own, strict=True)]
        found = [torch.from_numpy(y) for y in targets]
    elif isinstance(objective, Regress):
        targets = (training.values, training.validation_values)
        weights = [_times(np.ones(len(y)), w) for y, w in zip(targets, own, strict=True)]
        found = [objective.standardised(torch.from_numpy(y)) for y in targets]
    else:
        n = [len(next(iter(s.values()))) for s in (training.inputs, training.validation_inputs)]
        weights = [_times(np.ones(size), w) for size, w in zip(n, own, strict=True)]
        return (
            Side(training.inputs, None, weights[0]),
            Side(training.validation_inputs, None, weights[1]),
        )
    return (
        Side(training.inputs, found[0], weights[0]),
        Side(training.validation_inputs, found[1], weights[1]),
    )


def _times(even: np.ndarray[Any, Any], own: np.ndarray[Any, Any] | None) -> Tensor:
    """Weights with a mean of one where there are own ones, so that rates keep their meaning."""
    found = even if own is None else even * own / own.mean()
    return torch.from_numpy(np.asarray(found, dtype=np.float32))
