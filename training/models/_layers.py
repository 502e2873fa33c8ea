"""Parts that several networks are made of. Imported only when one is fitted or loaded."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn

POOLED = 16
"""Places left of a curve after the convolutions: where a peak sits must survive pooling."""


class Standardise(nn.Module):
    """Mean 0 and deviation 1 as found while training, by default of the root that keeps the sign.

    Args:
        width: One statistic per column, or 1: the same for all.
        compress: Whether the square root is taken first: weak peaks count beside strong ones.
    """

    def __init__(self, width: int, compress: bool = True) -> None:
        super().__init__()
        self.compress = compress
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def learn(self, pieces: Iterable[Tensor]) -> None:
        """Take the statistics of the rows of a training block that have no gap.

        A block comes in pieces (:func:`training.models._batches.pieces_of`), so that one that is
        mapped from a file is never copied as a whole; their statistics are merged exactly (Chan,
        Golub & LeVeque, Am. Stat. 37, 242, 1983).
        """
        found = [whole for piece in pieces if len(whole := self._whole(piece))]
        counts = torch.tensor([len(rows) for rows in found], dtype=torch.float64)[:, None]
        means = torch.stack([rows.mean(dim=0).double() for rows in found])
        spreads = torch.stack([rows.std(dim=0, correction=0).double() for rows in found])
        mean = (counts * means).sum(dim=0) / counts.sum()
        squares = spreads.square() + (means - mean).square()
        spread = ((counts * squares).sum(dim=0) / counts.sum()).sqrt()
        self.get_buffer("mean").copy_(mean)
        # a column that never varies carries nothing: leave it at zero instead of dividing by it
        self.get_buffer("scale").copy_(torch.where(spread > 0, spread, torch.ones_like(spread)))

    def _whole(self, piece: Tensor) -> Tensor:
        """Compressed rows without a gap, or all their values where the statistics are of all."""
        rows = piece.reshape(len(piece), -1)
        values = self.compressed(rows[~rows.isnan().any(dim=1)])
        return values.reshape(-1, 1) if len(self.get_buffer("mean")) == 1 else values

    def compressed(self, x: Tensor) -> Tensor:
        """Square root with the sign of x, or x."""
        return torch.sign(x) * torch.sqrt(torch.abs(x)) if self.compress else x

    def forward(self, x: Tensor) -> Tensor:
        """Standardised values, same shape."""
        return (self.compressed(x) - self.get_buffer("mean")) / self.get_buffer("scale")

    def undone(self, x: Tensor) -> Tensor:
        """Values before they were standardised."""
        raw = x * self.get_buffer("scale") + self.get_buffer("mean")
        return raw * torch.abs(raw) if self.compress else raw


class Residual1d(nn.Module):
    """Two convolutions and a way around them (He et al., CVPR 2016)."""

    def __init__(self, given: int, made: int, stride: int, kernel: int = 7) -> None:
        super().__init__()
        pad = kernel // 2
        self.path = nn.Sequential(
            nn.Conv1d(given, made, kernel, stride, pad, bias=False),
            nn.BatchNorm1d(made),
            nn.ReLU(),
            nn.Conv1d(made, made, kernel, 1, pad, bias=False),
            nn.BatchNorm1d(made),
        )
        same = stride == 1 and given == made
        self.around = nn.Identity() if same else nn.Conv1d(given, made, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(n, given, width)`` to ``(n, made, ceil(width / stride))``."""
        return torch.relu(self.path(x) + self.around(x))


def dense_layers(widths: list[int], dropout: float = 0.0) -> nn.Sequential:
    """Fully connected layers with ReLU after each but the last; one child per layer."""
    layers: list[nn.Module] = []
    for place, (given, made) in enumerate(pairwise(widths)):
        layer: list[nn.Module] = [nn.Linear(given, made)]
        if place < len(widths) - 2:
            layer += [nn.ReLU(), nn.Dropout(dropout)]
        layers.append(nn.Sequential(*layer))
    return nn.Sequential(*layers)


def curve_branch(hidden: int, dropout: float) -> nn.Sequential:
    """Convolutions on a standardised curve."""
    return nn.Sequential(Standardise(1), *curve_layers(hidden, dropout))


def curve_layers(hidden: int, dropout: float) -> list[nn.Module]:
    """Three strided convolutions, pooled to a fixed number of places, and a dense layer."""
    layers: list[nn.Module] = [nn.Unflatten(1, (1, -1))]
    for given, made, kernel in ((1, 16, 9), (16, 32, 7), (32, 64, 5)):
        layers += [
            nn.Conv1d(given, made, kernel, stride=2, padding=kernel // 2),
            nn.BatchNorm1d(made),
            nn.ReLU(),
        ]
    layers += [nn.AdaptiveAvgPool1d(POOLED), nn.Flatten(), nn.Dropout(dropout)]
    return [*layers, nn.Linear(64 * POOLED, hidden), nn.ReLU()]


def vector_branch(width: int, hidden: int, dropout: float) -> nn.Sequential:
    """Two fully connected layers on standardised columns."""
    return nn.Sequential(
        Standardise(width),
        nn.Linear(width, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
    )
