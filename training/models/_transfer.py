"""Going on from a parent: what is taken over, what learns when and how fast, and alignment.

Imported only when a network is fitted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from registry.errors import BadInput, WrongUse
from training.models import Fitted, Training, length, take
from training.models._architecture import Plan
from training.models._batches import tensors
from training.models._network import Coder, Network
from training.models._objectives import Objective
from training.models._saving import NetworkModel
from training.models._schedule import Schedule

HEAD = "head."


def adopt(plan: Plan, network: nn.Module, objective: Objective, parent: Fitted) -> bool:
    """Take over a parent's weights and statistics; a head for other targets starts anew.

    Returns:
        Whether the head was taken over too.

    Raises:
        BadInput: When the parent is another algorithm, or was built differently.
    """
    where = f"model {plan.algorithm}: parent"
    if not isinstance(parent, NetworkModel) or parent.plan.algorithm != plan.algorithm:
        raise BadInput(where, f"a fitted {plan.algorithm}", type(parent).__name__)
    theirs = parent.plan
    for name in ("shapes", "ragged", "options"):
        if getattr(theirs, name) != getattr(plan, name):
            raise BadInput(where, f"{name} {getattr(plan, name)}", f"{getattr(theirs, name)}")
    state = {name: value.cpu() for name, value in parent.network.state_dict().items()}
    asked = ("task", "n_targets", "deviation")
    same = all(getattr(theirs, name) == getattr(plan, name) for name in asked)
    if same:
        objective.load_state_dict(parent.objective.state_dict())
    else:
        state = {name: value for name, value in state.items() if not name.startswith(HEAD)}
    network.load_state_dict(state, strict=same)
    return same


def freeze(network: nn.Module, prefixes: Iterable[str]) -> None:
    """Keep the parameters whose names begin so as they are, and the statistics beside them.

    Raises:
        WrongUse: When no parameter is called so, or none would be left to learn.
    """
    names = [name for name, _ in network.named_parameters()]
    frozen = tuple(prefixes)
    for prefix in frozen:
        if not any(name.startswith(prefix) for name in names):
            raise WrongUse("freeze", f"a beginning of one of {', '.join(names)}", prefix)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not name.startswith(frozen) if frozen else True)
    if frozen and not any(parameter.requires_grad for parameter in network.parameters()):
        raise WrongUse("freeze", "something left to learn", ", ".join(frozen))


def set_mode(network: nn.Module) -> None:
    """Training mode, except for parts whose parameters are all frozen."""
    network.train()
    for module in network.modules():
        own = list(module.parameters())
        if own and not any(parameter.requires_grad for parameter in own):
            module.eval()


def frozen_at(network: Network | Coder, schedule: Schedule, epoch: int) -> tuple[str, ...]:
    """What is frozen in an epoch: what always is, and layers whose turn has not come."""
    always = tuple(schedule.freeze)
    if not schedule.unfreeze_every:
        return always
    layers = [name for name in network.layers() if not name.startswith(always or "\0")]
    learning = 1 + epoch // schedule.unfreeze_every
    return (*always, *layers[: max(0, len(layers) - learning)])


def groups(network: Network | Coder, schedule: Schedule) -> list[dict[str, Any]]:
    """Parameters with a learning rate by depth: that of the head times the decay for each layer."""
    if schedule.rate_decay == 1:  # one group is stepped faster than many
        return [{"params": list(network.parameters()), "lr": schedule.learning_rate}]
    layers = network.layers()
    found: list[dict[str, Any]] = []
    for depth, prefix in enumerate(reversed(layers)):
        own = [p for name, p in network.named_parameters() if name.startswith(prefix)]
        found.append({"params": own, "lr": schedule.learning_rate * schedule.rate_decay**depth})
    return found


class Align(nn.Module):
    """Loss that grows with the difference between the features of two domains.

    ``coral``: squared distance of the covariances over 4 d^2 (Sun & Saenko, ECCV Workshops 2016).
    ``dann``: cross-entropy of a classifier of domains, through a reversed gradient whose weight
    grows over the fit (Ganin et al., J. Mach. Learn. Res. 17, 59, 2016).
    """

    def __init__(self, kind: str, weight: float, width: int) -> None:
        super().__init__()
        self.kind = kind
        self.weight = weight
        self.progress = 0.0
        layers = (nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, 1)) if kind == "dann" else ()
        self.domain = nn.Sequential(*layers)

    def forward(self, ours: Tensor, theirs: Tensor) -> Tensor:
        """Weighted loss of features ``(n, ...)`` of both domains."""
        one, other = _pooled(ours), _pooled(theirs)
        if self.kind == "coral":
            return self.weight * coral(one, other)
        strength = 2 / (1 + math.exp(-10 * self.progress)) - 1
        both = reverse_gradient(torch.cat([one, other]), strength)
        truth = torch.cat([torch.zeros(len(one)), torch.ones(len(other))]).to(both.device)
        said = self.domain(both)[:, 0]
        return self.weight * nn.functional.binary_cross_entropy_with_logits(said, truth)


def alignment(
    plan: Plan, network: Network | Coder, training: Training, schedule: Schedule
) -> Align | None:
    """What aligns the features of a network with those of the unlabelled inputs, if it is asked.

    Raises:
        WrongUse: When one of the setting and the inputs is there without the other.
        BadInput: For unlabelled inputs unlike those of the training side.
    """
    where = f"model {plan.algorithm}: align"
    if schedule.align == "none":
        if training.unlabelled is not None:
            raise WrongUse(where, "coral or dann, for the unlabelled inputs given", "none")
        return None
    if training.unlabelled is None or isinstance(network, Coder):
        raise WrongUse(where, "unlabelled inputs and a target", schedule.align)
    inputs = plan.checked(training.unlabelled, missing=True)
    first = np.arange(min(2, length(inputs)))
    with torch.no_grad():
        features = _pooled(network.eval().features(tensors(take(inputs, first))))
    return Align(schedule.align, schedule.align_weight, features.shape[1])


def coral(one: Tensor, other: Tensor) -> Tensor:
    """Squared Frobenius distance of the covariances of two ``(n, d)`` over 4 d^2."""
    return (_covariance(one) - _covariance(other)).square().sum() / (4 * one.shape[1] ** 2)


def reverse_gradient(x: Tensor, strength: float) -> Tensor:
    """x itself, whose gradient comes back times ``-strength``."""
    return x.detach() * (1 + strength) - x * strength


def _covariance(x: Tensor) -> Tensor:
    centred = x - x.mean(dim=0)
    return centred.T @ centred / max(len(x) - 1, 1)


def _pooled(features: Tensor) -> Tensor:
    """Mean over places, so that features are ``(n, d)``."""
    return features.flatten(2).mean(dim=2) if features.ndim > 2 else features
