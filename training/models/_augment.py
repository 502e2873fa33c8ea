"""Variations of a diffraction pattern that leave the crystal system as it is.

After Oviedo et al., npj Comput. Mater. 5, 60 (2019), doi:10.1038/s41524-019-0196-x, and Park et
al., IUCrJ 4, 486 (2017), doi:10.1107/S205225251700714X: a lattice that is larger or smaller by the
same factor in all directions, a zero that is off, small grains that widen the lines, grains that
prefer some orientations, what scatters beside the sample, and another measurement's noise.
Imported only when such a model is fitted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from registry.errors import WrongUse
from training.models import Grid

Augment = Callable[[Tensor, Generator], Tensor]
"""Varies the rows of a block anew each time they are learnt from."""


@dataclass(frozen=True)
class Augmentation:
    """What happens to a batch of curves each time it is learnt from; zeros change nothing.

    Raises WrongUse for settings that cannot be.

    Attributes:
        grid: First and last x of the curves, in a unit where x = 0 is the direct beam.
        strain: Largest change of the x of a peak, as a share of it.
        texture: Standard deviation of the logarithm of the factors on the intensity.
        texture_regions: Points with a factor of their own; it runs straight from one to the next.
        noise: Fresh noise as a share of the noise that is there already, at most.
        zero: Largest shift of the whole curve, in the unit of x.
        broadening: Largest standard deviation of what lines are widened by, in the unit of x.
        background: Largest height of each of two backgrounds, as a share of the highest peak.
    """

    grid: Grid
    strain: float
    texture: float
    texture_regions: int
    noise: float
    zero: float = 0.0
    broadening: float = 0.0
    background: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.strain < 1:
            raise WrongUse("strain", "0 or more, below 1", str(self.strain))
        for name in ("texture", "noise", "zero", "broadening", "background"):
            if not getattr(self, name) >= 0:
                raise WrongUse(name, "0 or more", str(getattr(self, name)))
        if self.texture_regions < 2:
            raise WrongUse("texture_regions", "2 or more", str(self.texture_regions))

    def __call__(self, curves: Tensor, generator: Generator) -> Tensor:
        """Varied curves, each as high as it was before the noise, same shape ``(n, points)``."""
        varied = curves
        if self.strain or self.zero:
            strain = _between(curves, self.strain, generator)
            zero = _between(curves, self.zero, generator) if self.zero else 0.0
            varied = strained(varied, self.grid, strain, zero)
        if self.broadening:
            step = (self.grid[1] - self.grid[0]) / (curves.shape[1] - 1)
            varied = broadened(varied, _below(curves, self.broadening / step, generator))
        if self.texture:
            varied = textured(varied, self.texture, self.texture_regions, generator)
        if self.background:
            varied = with_background(varied, self.background, generator)
        if varied is not curves:
            varied = _as_high_as(curves, varied)
        if self.noise:
            level = self.noise * noise_level(curves)
            varied = noisy(varied, level * torch.rand(level.shape, generator=generator), generator)
        return varied


def strained(curves: Tensor, grid: Grid, strain: Tensor, zero: Tensor | float = 0.0) -> Tensor:
    """Curves scaled about x = 0 and shifted: a peak at x comes to lie at ``x (1 + strain) + zero``.

    A zero error of the angle is such a shift of Q at small angles; at larger ones it is smaller by
    the cosine of theta.

    What comes in over an edge of the grid was never seen: it is the median of the curve there.

    Args:
        curves: Shape ``(n, points)``.
        grid: First and last x, evenly spaced.
        strain: One per curve, above -1, shape ``(n, 1)``.
        zero: One per curve, in the unit of x, or one for all.
    """
    low, high = grid
    last = curves.shape[1] - 1
    x = torch.linspace(low, high, last + 1)
    place = ((x - zero) / (1 + strain) - low) / (high - low) * last
    left = place.floor().clamp(0, last - 1).long()
    t = place - left
    inside = curves.gather(1, left) * (1 - t) + curves.gather(1, left + 1) * t
    return torch.where((place >= 0) & (place <= last), inside, _median(curves))


def textured(curves: Tensor, strength: float, regions: int, generator: Generator) -> Tensor:
    """Curves times a positive factor that wanders along x, as preferred orientation does it."""
    logarithms = strength * torch.randn(len(curves), 1, regions, generator=generator)
    along_x = nn.functional.interpolate(
        logarithms, size=curves.shape[1], mode="linear", align_corners=True
    )
    return curves * along_x[:, 0].exp()


def broadened(curves: Tensor, deviation: Tensor) -> Tensor:
    """Curves folded with a Gaussian; the curve goes on beyond each end as it ends there.

    Args:
        curves: Shape ``(n, points)``.
        deviation: Standard deviation of the Gaussian in points, one per curve, shape ``(n, 1)``.
    """
    points = curves.shape[1]
    # beyond 5 deviations nothing of a Gaussian is left to be carried around the ends
    margin = min(points - 1, 1 + int(5 * float(deviation.max())))
    padded = nn.functional.pad(curves[:, None], (margin, margin), mode="replicate")[:, 0]
    frequency = torch.fft.rfftfreq(padded.shape[1])
    damping = torch.exp(-2 * (math.pi * frequency * deviation) ** 2)
    folded: Tensor = torch.fft.irfft(torch.fft.rfft(padded) * damping, n=padded.shape[1])
    return folded[:, margin : margin + points]


def with_background(curves: Tensor, height: float, generator: Generator) -> Tensor:
    """Curves on what scatters beside the sample.

    Air scatters towards x = 0: a falling exponential. A holder of glass gives a wide hump anywhere.
    Each is up to ``height`` times as high as the highest peak.
    """
    t = torch.linspace(0, 1, curves.shape[1])
    decay = 0.05 + _below(curves, 0.45, generator)
    place, width = _below(curves, 1.0, generator), 0.05 + _below(curves, 0.15, generator)
    air = _below(curves, height, generator) * torch.exp(-t / decay)
    glass = _below(curves, height, generator) * torch.exp(-(((t - place) / width) ** 2) / 2)
    return curves + curves.abs().amax(dim=1, keepdim=True) * (air + glass)


def noise_level(curves: Tensor) -> Tensor:
    """Standard deviation of the noise between the peaks, shape ``(n, 1)``.

    From the median second difference, which a smooth curve does not have.
    """
    bends = curves.diff(n=2, dim=1).abs()
    return 1.4826 / 6**0.5 * _median(bends)


def noisy(curves: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Curves with fresh noise of a level, growing with the root of the intensity like counts."""
    size = curves.abs()
    middle = _median(size)
    # a curve that is zero almost everywhere has no level to grow from
    shape = torch.where(middle > 0, size / middle, torch.ones_like(size)).sqrt()
    return curves + level * shape * torch.randn(curves.shape, generator=generator)


def _between(curves: Tensor, largest: float, generator: Generator) -> Tensor:
    """One number per curve, evenly from -largest to largest, shape ``(n, 1)``."""
    return largest * (2 * torch.rand(len(curves), 1, generator=generator) - 1)


def _below(curves: Tensor, largest: float, generator: Generator) -> Tensor:
    """One number per curve, evenly from 0 to largest, shape ``(n, 1)``."""
    return largest * torch.rand(len(curves), 1, generator=generator)


def _as_high_as(curves: Tensor, varied: Tensor) -> Tensor:
    wanted = curves.abs().amax(dim=1, keepdim=True)
    found = varied.abs().amax(dim=1, keepdim=True)
    return varied * torch.where(found > 0, wanted / found, torch.ones_like(found))


def _median(values: Tensor) -> Tensor:
    return values.median(dim=1, keepdim=True).values
