"""The network of the PyTorch models: one branch per input block, joined, then a head.

Imported only when such a model is fitted or loaded, because torch is slow to import.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from registry.errors import ModelRefused
from training.files import expect_files
from training.models import Block, Inputs, Probabilities

WEIGHTS, SHAPE = "weights.safetensors", "network.json"
POOLED = 16
"""Places left of a curve after the convolutions: where a peak sits must survive pooling."""


@dataclass(frozen=True)
class Shape:
    """Everything needed to build the network before its weights are read.

    Attributes:
        curves: Width of each block that is a curve.
        vectors: Width of each block that is a vector.
        n_classes: Number of classes.
        hidden: Width of each branch's answer and of the head.
        dropout: Share dropped while training.
    """

    curves: dict[str, int]
    vectors: dict[str, int]
    n_classes: int
    hidden: int
    dropout: float


class Standardise(nn.Module):
    """Square root that keeps the sign, then mean 0 and deviation 1 as found while training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def learn(self, block: Block) -> None:
        """Take the statistics of a training block, one per column (or one for all)."""
        values = self.compressed(torch.from_numpy(block))
        mean = self.get_buffer("mean")
        if len(mean) == 1:
            values = values.reshape(-1, 1)
        mean.copy_(values.mean(dim=0))
        # a column that never varies carries nothing: leave it at zero instead of dividing by it
        spread = values.std(dim=0, correction=0)
        self.get_buffer("scale").copy_(torch.where(spread > 0, spread, torch.ones_like(spread)))

    def compressed(self, x: Tensor) -> Tensor:
        """Square root with the sign of x: weak peaks count beside strong ones."""
        return torch.sign(x) * torch.sqrt(torch.abs(x))

    def forward(self, x: Tensor) -> Tensor:
        """Standardised values, same shape."""
        return (self.compressed(x) - self.get_buffer("mean")) / self.get_buffer("scale")


def curve_branch(hidden: int, dropout: float) -> nn.Module:
    """Three strided convolutions, pooled to a fixed number of places."""
    layers: list[nn.Module] = [Standardise(1), nn.Unflatten(1, (1, -1))]
    for given, made, kernel in ((1, 16, 9), (16, 32, 7), (32, 64, 5)):
        layers += [
            nn.Conv1d(given, made, kernel, stride=2, padding=kernel // 2),
            nn.BatchNorm1d(made),
            nn.ReLU(),
        ]
    layers += [nn.AdaptiveAvgPool1d(POOLED), nn.Flatten(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(64 * POOLED, hidden), nn.ReLU())


def vector_branch(width: int, hidden: int, dropout: float) -> nn.Module:
    """Two fully connected layers on standardised columns."""
    return nn.Sequential(
        Standardise(width),
        nn.Linear(width, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
    )


class Network(nn.Module):
    """Branches by block name, concatenated, and a linear head; gives logits."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        branches: dict[str, nn.Module] = {
            name: curve_branch(shape.hidden, shape.dropout) for name in shape.curves
        }
        for name, width in shape.vectors.items():
            branches[name] = vector_branch(width, shape.hidden, shape.dropout)
        self.branches = nn.ModuleDict(dict(sorted(branches.items())))
        self.head = nn.Sequential(
            nn.Dropout(shape.dropout), nn.Linear(shape.hidden * len(branches), shape.n_classes)
        )

    def learn_statistics(self, inputs: Inputs) -> None:
        """Store the statistics of the training blocks in the model."""
        for name, branch in self.branches.items():
            next(m for m in branch.modules() if isinstance(m, Standardise)).learn(inputs[name])

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, shape ``(n, n_classes)``."""
        answers = [branch(inputs[name]) for name, branch in self.branches.items()]
        logits: Tensor = self.head(torch.cat(answers, dim=1))
        return logits


class NetworkModel:
    """A trained network on the CPU."""

    def __init__(self, network: Network) -> None:
        self.network = network.cpu().eval()

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """Class probabilities, shape ``(n, n_classes)``."""
        tensors = {n: torch.from_numpy(np.ascontiguousarray(b)) for n, b in inputs.items()}
        with torch.inference_mode():
            logits = self.network(tensors).double()
        return np.asarray(torch.softmax(logits, dim=1).numpy())

    def n_parameters(self) -> int | None:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.network.parameters() if p.requires_grad)

    def save(self, folder: Path) -> None:
        """Write the weights and what is needed to build the network around them."""
        save_file(self.network.state_dict(), folder / WEIGHTS)
        (folder / SHAPE).write_text(json.dumps(asdict(self.network.shape), indent=1))


def load_network(folder: Path) -> NetworkModel:
    """Read back what :class:`NetworkModel` wrote.

    Raises:
        ModelRefused: When the folder holds anything else, or weights of another network.
    """
    expect_files(folder, {WEIGHTS, SHAPE})
    try:
        network = Network(Shape(**json.loads((folder / SHAPE).read_text())))
        network.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, RuntimeError, ValueError, TypeError) as error:
        raise ModelRefused(f"{folder}: not a network that was saved here: {error}") from error
    return NetworkModel(network)
