"""Networks that turn rows into codes and back. Imported only when one is fitted or loaded."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.models._batches import Tensors
from training.models._layers import dense_layers
from training.models._network import Coder


class Autoencoder(Coder):
    """Two hidden layers either way."""

    def __init__(self, width: int, hidden: int, codes: int) -> None:
        super().__init__(width)
        half = max(hidden // 2, codes)
        self.encoder = dense_layers([width, hidden, half, codes])
        self.decoder = dense_layers([codes, half, hidden, width])

    def codes(self, rows: Tensor) -> Tensor:
        """Codes of scaled rows, shape ``(n, codes)``."""
        found: Tensor = self.encoder(rows)
        return found

    def rebuilt(self, codes: Tensor) -> Tensor:
        """Scaled rows of codes, shape ``(n, width)``."""
        found: Tensor = self.decoder(codes)
        return found


class VariationalAutoencoder(Coder):
    """A normal distribution of codes for each row; the variance of what is left is learnt.

    The loss is the negative evidence lower bound per column of a row,
    ``[sum_j log s + (x_j - x'_j)^2 / (2 s^2)] / width + beta KL(q(z|x) | N(0, 1)) / width``.
    """

    generative = True

    def __init__(self, width: int, hidden: int, codes: int, beta: float) -> None:
        super().__init__(width)
        half = max(hidden // 2, codes)
        self.encoder = dense_layers([width, hidden, half, 2 * codes])
        self.decoder = dense_layers([codes, half, hidden, width])
        self.log_deviation = nn.Parameter(torch.zeros(1))
        self.beta = beta

    def codes(self, rows: Tensor) -> Tensor:
        """Mean of the codes, shape ``(n, codes)``."""
        mean: Tensor = self.encoder(rows).chunk(2, dim=1)[0]
        return mean

    def rebuilt(self, codes: Tensor) -> Tensor:
        """Scaled rows of codes, shape ``(n, width)``."""
        found: Tensor = self.decoder(codes)
        return found

    def losses(self, inputs: Tensors) -> Tensor:
        """Negative evidence lower bound; of the mean code where nothing is learnt."""
        rows = self.rows(inputs)
        mean, log_variance = self.encoder(rows).chunk(2, dim=1)
        drawn = mean
        if self.training:
            drawn = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        # a curve can be rebuilt ever better, so the deviation needs a floor
        log_s = self.log_deviation.clamp(min=-4)
        left = (rows - self.rebuilt(drawn)).square() / (2 * (2 * log_s).exp()) + log_s
        divergence = (mean.square() + log_variance.exp() - log_variance - 1) / 2
        bound: Tensor = left.mean(dim=1) + self.beta * divergence.sum(dim=1) / rows.shape[1]
        return bound


class Adversarial(Coder):
    """Generator against critic (Wasserstein, with gradient penalty), and an encoder beside them.

    One backward pass trains both: what comes to the generator through the critic is reversed,
    which is exact for a loss linear in the critic. The encoder learns the codes of what is
    generated. Early stopping looks at the sliced distance of generated from real rows.
    """

    generative = True
    cycles = False
    betas = (0.0, 0.9)  # as Gulrajani et al.: a memory of old gradients makes the two chase
    PENALTY = 1.0
    SLICES = 64

    def __init__(self, width: int, hidden: int, codes: int) -> None:
        super().__init__(width)
        self.n_codes = codes
        self.generator = dense_layers([codes, hidden, hidden, width])
        self.critic = dense_layers([width, hidden, hidden, 1])
        self.encoder = dense_layers([width, hidden, hidden, codes])

    def codes(self, rows: Tensor) -> Tensor:
        """Codes of scaled rows, shape ``(n, codes)``."""
        found: Tensor = self.encoder(rows)
        return found

    def rebuilt(self, codes: Tensor) -> Tensor:
        """Scaled rows of codes, shape ``(n, width)``."""
        found: Tensor = self.generator(codes)
        return found

    def losses(self, inputs: Tensors) -> Tensor:
        """Critic, generator and encoder at once."""
        real = self.rows(inputs)
        codes = torch.randn(len(real), self.n_codes, device=real.device)
        made = self.rebuilt(codes)
        # forward the same; the gradient that reaches the generator changes its sign
        reversed_ = 2 * made.detach() - made
        judged = (self.critic(reversed_) - self.critic(real))[:, 0]
        aimed = (self.codes(made.detach()) - codes).square().mean(dim=1)
        loss: Tensor = judged + self.PENALTY * self._steepness(real, made.detach()) + aimed
        return loss

    def validation_losses(self, inputs: Tensors) -> Tensor:
        """Sliced Wasserstein distance, the same for every member (Rabin et al., SSVM 2011)."""
        real = self.rows(inputs)
        generator = torch.Generator().manual_seed(0)
        codes = torch.randn((len(real), self.n_codes), generator=generator).to(real)
        along = torch.randn((real.shape[1], self.SLICES), generator=generator).to(real)
        along = along / along.norm(dim=0)
        one, other = (rows @ along for rows in (real, self.rebuilt(codes)))
        distance = (one.sort(dim=0).values - other.sort(dim=0).values).square().mean()
        return torch.as_tensor(distance).expand(len(real))

    def _steepness(self, real: Tensor, made: Tensor) -> Tensor:
        """How far the slope of the critic between both is from one, squared, ``(n,)``."""
        with torch.enable_grad():
            share = torch.rand(len(real), 1, device=real.device)
            between = (share * real + (1 - share) * made).requires_grad_()
            total = self.critic(between).sum()
            (slope,) = torch.autograd.grad(total, between, create_graph=True)
        return torch.as_tensor((slope.norm(dim=1) - 1).square())
