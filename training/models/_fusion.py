"""Several inputs in one network, any of which a member may lack. Imported only when fitted."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.models._architecture import Plan
from training.models._batches import Tensors, pieces_of
from training.models._layers import Standardise, curve_branch, dense_layers, vector_branch
from training.models._network import Network, only_tensor


class MaskedNetwork(Network):
    """A network that knows who lacks what; some inputs are hidden while it trains.

    Args:
        names: Inputs in their order.
        hide: Share of inputs hidden while training, never all of a member.
    """

    def __init__(self, names: list[str], hide: float) -> None:
        super().__init__()
        self.names = names
        self.hide = hide

    def present(self, inputs: Tensors) -> Tensor:
        """Which inputs of a member are looked at, shape ``(n, inputs)``."""
        blocks = [only_tensor(inputs[name]) for name in self.names]
        found = torch.stack([~block.isnan().any(dim=1) for block in blocks], dim=1)
        if self.training and self.hide:
            kept = found & (torch.rand(found.shape, device=found.device) >= self.hide)
            found = torch.where(kept.any(dim=1, keepdim=True), kept, found)
        return found


class EarlyFusion(MaskedNetwork):
    """All inputs side by side, and who has which, into dense layers."""

    def __init__(self, plan: Plan, hidden: int, dropout: float, hide: float) -> None:
        super().__init__(list(plan.shapes), hide)
        self.standardise = nn.ModuleDict(
            {name: _standardise(plan, name) for name in self.names},
        )
        widths = [plan.width + len(self.names), hidden, hidden]
        self.body = nn.Sequential(*dense_layers(widths, dropout), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, plan.outputs))

    def features(self, inputs: Tensors) -> Tensor:
        """Shape ``(n, hidden)``; what is lacking is at its mean."""
        present = self.present(inputs)
        pieces = [present.float()]
        for place, name in enumerate(self.names):
            rows = self.standardise[name](only_tensor(inputs[name]))
            pieces.append(torch.where(present[:, place, None], rows, torch.zeros_like(rows)))
        found: Tensor = self.body(torch.cat(pieces, dim=1))
        return found

    def learn_statistics(self, inputs: Tensors) -> None:
        """Statistics of every input, from those who have it."""
        for name, standardise in self.standardise.items():
            assert isinstance(standardise, Standardise)
            standardise.learn(only_tensor(piece[name]) for piece in pieces_of(inputs))


class BranchFusion(MaskedNetwork):
    """A branch for each input: convolutions for curves, dense layers for vectors.

    The head sees all branches beside each other (``intermediate``), their mean weighted by what
    each says of its worth (``attention``), or there is a head for each and their answers are
    averaged (``late``).
    """

    def __init__(self, plan: Plan, how: str, hidden: int, dropout: float, hide: float) -> None:
        super().__init__(list(plan.shapes), hide)
        self.how, self.hidden = how, hidden
        self.branches = nn.ModuleDict(
            {
                name: curve_branch(hidden, dropout)
                if name in plan.curves
                else vector_branch(shape[0], hidden, dropout)
                for name, shape in plan.shapes.items()
            }
        )
        self.worth = nn.Linear(hidden, 1) if how == "attention" else nn.Identity()
        if how == "late":
            self.head = LateHead(len(self.names), hidden, plan.outputs, dropout)
        else:
            width = hidden * (len(self.names) if how == "intermediate" else 1)
            self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, plan.outputs))

    def features(self, inputs: Tensors) -> Tensor:
        """Shape ``(n, hidden * inputs)``, or ``(n, hidden)`` for attention."""
        present = self.present(inputs)
        answers = torch.stack(
            [
                self._branch(name, only_tensor(inputs[name]), present[:, place])
                for place, name in enumerate(self.names)
            ],
            dim=1,
        )
        if self.how == "attention":
            worth = self.worth(answers)[..., 0].masked_fill(~present, -torch.inf)
            return torch.einsum("nm,nmh->nh", worth.softmax(dim=1), answers)
        if self.how == "late":
            # the head must know whom to average over
            return torch.cat([answers, present.float()[..., None]], dim=2)
        return answers.flatten(1)

    def learn_statistics(self, inputs: Tensors) -> None:
        """Statistics of every input, from those who have it."""
        for name, branch in self.branches.items():
            first = next(iter(branch.children()))
            assert isinstance(first, Standardise)
            first.learn(only_tensor(piece[name]) for piece in pieces_of(inputs))

    def _branch(self, name: str, block: Tensor, present: Tensor) -> Tensor:
        """Answer of a branch for those who have its input; zeros for the others."""
        if bool(present.all()):
            answer: Tensor = self.branches[name](block)
            return answer
        found = torch.zeros(len(block), self.hidden, device=block.device)
        if bool(present.any()):
            found = found.index_put((present,), self.branches[name](block[present]).to(found.dtype))
        return found


class LateHead(nn.Module):
    """A head for each input; the answers of those that are there are averaged."""

    def __init__(self, inputs: int, hidden: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, outputs)) for _ in range(inputs)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Features and presence ``(n, inputs, hidden + 1)`` to ``(n, outputs)``."""
        present = features[:, :, -1:]
        said = [head(features[:, place, :-1]) for place, head in enumerate(self.heads)]
        mean: Tensor = (torch.stack(said, dim=1) * present).sum(dim=1) / present.sum(dim=1)
        return mean


class TokenTransformer(MaskedNetwork):
    """Every input cut into tokens; all tokens of all inputs look at each other.

    A token is a stretch of neighbouring columns, mapped linearly, plus what is learnt for its
    place and, through it, for its input. Tokens of lacking inputs are masked.
    """

    def __init__(self, plan: Plan) -> None:
        options = plan.options
        super().__init__(list(plan.shapes), options["hide"])
        width = options["width"]
        self.patch = {
            name: max(1, -(-shape[0] // options["tokens"])) for name, shape in plan.shapes.items()
        }
        self.standardise = nn.ModuleDict({n: _standardise(plan, n) for n in self.names})
        self.embed = nn.ModuleDict({n: nn.Linear(self.patch[n], width) for n in self.names})
        self.n_tokens = {n: -(-plan.shapes[n][0] // self.patch[n]) for n in self.names}
        self.place = nn.ParameterDict(
            {n: nn.Parameter(0.02 * torch.randn(self.n_tokens[n], width)) for n in self.names}
        )
        self.modality = nn.ParameterDict(
            {n: nn.Parameter(0.02 * torch.randn(width)) for n in self.names}
        )
        self.summary = nn.Parameter(0.02 * torch.randn(width))
        layer = nn.TransformerEncoderLayer(
            width,
            options["heads"],
            2 * width,
            options["dropout"],
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.body = nn.TransformerEncoder(layer, options["depth"], enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, plan.outputs))

    def features(self, inputs: Tensors) -> Tensor:
        """The summary token after all layers, shape ``(n, width)``."""
        present = self.present(inputs)
        n = len(present)
        tokens = [self.summary.expand(n, 1, -1)]
        masked = [torch.zeros(n, 1, dtype=torch.bool, device=present.device)]
        for place, name in enumerate(self.names):
            tokens.append(self._tokens(name, only_tensor(inputs[name])))
            masked.append(~present[:, place, None].expand(-1, self.n_tokens[name]))
        mask = torch.cat(masked, dim=1)
        found: Tensor = self.body(torch.cat(tokens, dim=1), src_key_padding_mask=mask)
        return found[:, 0]

    def learn_statistics(self, inputs: Tensors) -> None:
        """Statistics of every input, from those who have it."""
        for name, standardise in self.standardise.items():
            assert isinstance(standardise, Standardise)
            standardise.learn(only_tensor(piece[name]) for piece in pieces_of(inputs))

    def _tokens(self, name: str, block: Tensor) -> Tensor:
        # a NaN that is masked would still spoil the sums it is multiplied by zero in
        rows = self.standardise[name](block).nan_to_num()
        short = self.n_tokens[name] * self.patch[name] - rows.shape[1]
        pieces = nn.functional.pad(rows, (0, short)).reshape(len(rows), -1, self.patch[name])
        found: Tensor = self.embed[name](pieces) + self.place[name] + self.modality[name]
        return found


def _standardise(plan: Plan, name: str) -> Standardise:
    """One statistic for a curve, one per column for a vector."""
    return Standardise(1 if name in plan.curves else plan.shapes[name][0])
