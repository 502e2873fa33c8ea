"""A network together with what it is to learn: one loss for every kind of fit."""

from __future__ import annotations

from torch import Tensor, nn

from training.models._batches import Batch
from training.models._network import Coder, Network
from training.models._objectives import Objective
from training.models._transfer import Align


class Learner(nn.Module):
    """A network, what it is to learn, and how domains are aligned."""

    def __init__(self, network: Network | Coder, objective: Objective, align: Align | None) -> None:
        super().__init__()
        self.network = network
        self.objective = objective
        self.align = align

    def forward(self, batch: Batch) -> Tensor:
        """Weighted mean loss of a batch."""
        if isinstance(self.network, Coder):
            return _mean(self.network.losses(batch.inputs), batch)
        features = self.network.features(batch.inputs)
        loss = _mean(self.objective.losses(self.network.head(features), _targets(batch)), batch)
        if self.align is None:
            return loss
        aligned: Tensor = self.align(features, self.network.features(batch.unlabelled))
        return loss + aligned

    def validation(self, batch: Batch) -> Tensor:
        """Loss of each member, shape ``(n,)``, without alignment."""
        if isinstance(self.network, Coder):
            return self.network.validation_losses(batch.inputs)
        return self.objective.losses(self.network(batch.inputs), _targets(batch))

    def advance(self, share: float) -> None:
        """Note how much of the fit is done."""
        if self.align is not None:
            self.align.progress = share


def _mean(losses: Tensor, batch: Batch) -> Tensor:
    # a batch of members that weigh nothing has no loss, and not zero over zero
    return (losses * batch.weights).sum() / batch.weights.sum().clamp(min=1e-12)


def _targets(batch: Batch) -> Tensor:
    assert batch.targets is not None  # every task but the unsupervised one has them
    return batch.targets
