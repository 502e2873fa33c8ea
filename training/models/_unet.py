"""U-Net in one or two dimensions. Imported only when one is fitted or loaded."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

CONVOLUTION = {1: nn.Conv1d, 2: nn.Conv2d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
MODE = {1: "linear", 2: "bilinear"}


class UNet(nn.Module):
    """Ever coarser on the way down, finer on the way up, each level beside its own (skips).

    Args:
        dimensions: 1 for curves ``(n, 1, width)``, 2 for maps ``(n, 1, height, width)``.
        channels: Of the finest level; twice as many on each coarser one.
        depth: How often the resolution is halved.
    """

    def __init__(self, dimensions: int, channels: int, depth: int) -> None:
        super().__init__()
        widths = [channels * 2**level for level in range(depth + 1)]
        self.mode = MODE[dimensions]
        self.start = _twice(dimensions, 1, channels)
        self.down = nn.ModuleList(
            _twice(dimensions, given, made, stride=2) for given, made in pairwise(widths)
        )
        self.up = nn.ModuleList(
            _twice(dimensions, given + made, made)
            for made, given in zip(widths[-2::-1], widths[:0:-1], strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features of every point, shape ``(n, channels, *points)``."""
        seen = [self.start(x)]
        for step in self.down:
            seen.append(step(seen[-1]))
        found = seen.pop()
        for step in self.up:
            beside = seen.pop()
            larger = nn.functional.interpolate(
                found, size=beside.shape[2:], mode=self.mode, align_corners=False
            )
            found = step(torch.cat([larger, beside], dim=1))
        return torch.as_tensor(found)


class PointsHead(nn.Module):
    """Outputs at each point of the curve or map wanted.

    Args:
        dimensions: 1 or 2.
        channels: Of the features.
        shape: Points wanted; features are interpolated when there are other points.
        outputs: Numbers in all; a multiple of the points.
    """

    def __init__(self, dimensions: int, channels: int, shape: list[int], outputs: int) -> None:
        super().__init__()
        self.shape = list(shape)
        self.mode = MODE[dimensions]
        self.last = CONVOLUTION[dimensions](channels, outputs // math.prod(shape), 1)

    def forward(self, features: Tensor) -> Tensor:
        """Shape ``(n, outputs)``: all points of the first output, then those of the next."""
        if list(features.shape[2:]) != self.shape:
            features = nn.functional.interpolate(
                features, size=self.shape, mode=self.mode, align_corners=True
            )
        found: Tensor = self.last(features).flatten(1)
        return found


def _twice(dimensions: int, given: int, made: int, stride: int = 1) -> nn.Sequential:
    """Two convolutions."""
    convolution, norm = CONVOLUTION[dimensions], NORM[dimensions]
    kernel = 5 if dimensions == 1 else 3
    pad = kernel // 2
    return nn.Sequential(
        convolution(given, made, kernel, stride, pad, bias=False),
        norm(made),
        nn.ReLU(),
        convolution(made, made, kernel, 1, pad, bias=False),
        norm(made),
        nn.ReLU(),
    )
