"""What every network is: features and a head; a coder of rows that learns without a target.

Imported only when such a model is fitted or loaded, because torch is slow to import.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

import torch
from torch import Tensor, nn

from training.models._batches import Table, Tensors, pieces_of
from training.models._layers import Standardise

BETAS = (0.9, 0.999)
"""Of Adam; a network that cycles lets the first go down to 0.85 while its rate is high."""


class Network(nn.Module):
    """A network that gives features, from which a head gives the outputs.

    Subclasses set :attr:`head` and say what the features are.
    """

    head: nn.Module
    betas = BETAS
    cycles = True

    def features(self, inputs: Tensors) -> Tensor:
        """What the head looks at, shape ``(n, ...)``."""
        raise NotImplementedError

    def forward(self, inputs: Tensors) -> Tensor:
        """Outputs, shape ``(n, outputs)``."""
        outputs: Tensor = self.head(self.features(inputs))
        return outputs

    def learn_statistics(self, inputs: Tensors) -> None:
        """Store the statistics of the training side in the model."""
        raise NotImplementedError

    def layers(self) -> list[str]:
        """Beginnings of the names of parameters, from the input to the head."""
        found: list[str] = []
        for name, child in self.named_children():
            if isinstance(child, nn.Sequential):
                found += [f"{name}.{place}." for place, _ in child.named_children()]
            else:
                found.append(f"{name}.")
        named = [name for name, _ in self.named_parameters()]
        return [begin for begin in found if any(name.startswith(begin) for name in named)]


class RowNetwork(Network):
    """A network on one tensor: a body, then a head.

    Args:
        standardise: Brings the rows to mean 0 and deviation 1.
        body: From all blocks side by side (a map stays a map) to features.
        head: From features to outputs.
    """

    def __init__(self, standardise: Standardise, body: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.standardise = standardise
        self.body = body
        self.head = head

    def features(self, inputs: Tensors) -> Tensor:
        """What the body makes of the rows."""
        found: Tensor = self.body(self.standardise(side_by_side(inputs)))
        return found

    def learn_statistics(self, inputs: Tensors) -> None:
        """Statistics of the rows."""
        self.standardise.learn(side_by_side(piece) for piece in pieces_of(inputs))


class Coder(nn.Module):
    """A network that learns without a target: rows to codes and back.

    Rows are brought to mean 0 in each column and one scale for all, so that what is left counts
    as it does in the unit of the rows. Subclasses code such rows.
    """

    betas: tuple[float, float] = BETAS
    cycles = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(1))

    def learn_statistics(self, inputs: Tensors) -> None:
        """Mean of each column, and one deviation of all."""
        columns = Standardise(len(self.get_buffer("mean")), compress=False)
        columns.learn(side_by_side(piece) for piece in pieces_of(inputs))
        mean = columns.get_buffer("mean")
        self.get_buffer("mean").copy_(mean)
        squares = [
            (float((rows - mean).square().mean()), len(rows))
            for rows in map(side_by_side, pieces_of(inputs))
        ]
        spread = sqrt(sum(square * n for square, n in squares) / sum(n for _, n in squares))
        self.get_buffer("scale").fill_(spread or 1.0)

    def rows(self, inputs: Tensors) -> Tensor:
        """Scaled rows, shape ``(n, width)``."""
        return (side_by_side(inputs) - self.get_buffer("mean")) / self.get_buffer("scale")

    def encode(self, inputs: Tensors) -> Tensor:
        """Codes, shape ``(n, codes)``."""
        return self.codes(self.rows(inputs))

    def decode(self, codes: Tensor) -> Tensor:
        """Rows in their unit, shape ``(n, width)``."""
        return self.rebuilt(codes) * self.get_buffer("scale") + self.get_buffer("mean")

    def layers(self) -> list[str]:
        """Beginnings of the names of parameters, from the input on."""
        return [f"{name}." for name, _ in self.named_children()]

    def codes(self, rows: Tensor) -> Tensor:
        """Codes of scaled rows."""
        raise NotImplementedError

    def rebuilt(self, codes: Tensor) -> Tensor:
        """Scaled rows of codes."""
        raise NotImplementedError

    def losses(self, inputs: Tensors) -> Tensor:
        """What is to become small, one per member: the mean squared error of a row."""
        rows = self.rows(inputs)
        return (self.rebuilt(self.codes(rows)) - rows).square().mean(dim=1)

    def validation_losses(self, inputs: Tensors) -> Tensor:
        """What early stopping looks at."""
        return self.losses(inputs)


def side_by_side(inputs: Tensors) -> Tensor:
    """The blocks one beside the other in the order of their names; a lone one as it is."""
    values = [only_tensor(inputs[name]) for name in sorted(inputs)]
    return values[0] if len(values) == 1 else torch.cat(values, dim=1)


def only_tensor(value: Tensor | Table) -> Tensor:
    """A block. The architecture has refused ragged tables before; types cannot know."""
    assert isinstance(value, Tensor)
    return value


def count(parameters: Iterable[nn.Parameter]) -> int:
    """How many numbers are learnt."""
    return sum(parameter.numel() for parameter in parameters)
