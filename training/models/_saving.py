"""A network that was fitted: its answers, and its files (safetensors and JSON)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from registry.errors import BadInput, ModelRefused, Unsupported, WrongUse
from training.files import expect_files, read_json
from training.models import Block, Epoch, Inputs, Probabilities, Values, length, take
from training.models._architecture import Architecture, Plan
from training.models._batches import Tensors, tensors
from training.models._network import Coder, Network, count
from training.models._objectives import Objective, Regress, objective_of

WEIGHTS, PLAN = "weights.safetensors", "network.json"
OBJECTIVE = "objective."
REFUSED = (
    SafetensorError,
    BadInput,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
)
"""What building a network from a plan that it did not write may end in."""
ROWS = 1024
"""Members answered at once."""


class NetworkModel:
    """A fitted network, on the accelerator where there is one."""

    history: tuple[Epoch, ...] = ()
    earlier: float = 0.0
    settings: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, plan: Plan, network: nn.Module, objective: Objective, missing: bool) -> None:
        self.plan = plan
        self.device = torch.accelerator.current_accelerator() or torch.device("cpu")
        self.network = network.to(self.device).eval()
        self.objective = objective.cpu().eval()
        self.missing = missing

    def n_parameters(self) -> int | None:
        """How many numbers were learnt."""
        return count(self.network.parameters())

    def save(self, folder: Path) -> None:
        """Write the weights and what is needed to build the network around them."""
        save_file(state_of(self.network, self.objective), folder / WEIGHTS)
        (folder / PLAN).write_text(json.dumps(asdict(self.plan), indent=1))

    def _asked(self, ask: Callable[[Tensors], Tensor], inputs: Inputs) -> Tensor:
        """Answers about members, a thousand at a time."""
        members = self.plan.checked(inputs, self.missing)
        n = length(members)
        pieces = []
        with torch.inference_mode():
            for first in range(0, max(n, 1), ROWS):
                rows = np.arange(first, min(first + ROWS, n))
                pieces.append(ask(tensors(take(members, rows), self.device)).float().cpu())
        return torch.cat(pieces)


class NetworkClassifier(NetworkModel):
    """A network that gives probabilities."""

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """Class probabilities, shape ``(n, n_classes)``.

        Raises:
            BadInput: For other inputs than it was fitted on, or members that lack one.
        """
        logits = self._asked(self.network, inputs).double()
        return np.asarray(torch.softmax(logits, dim=1).numpy())


class NetworkRegressor(NetworkModel):
    """A network that gives values."""

    def predict(self, inputs: Inputs) -> Values:
        """Values in the unit of the targets, shape ``(n, k)``.

        Raises:
            BadInput: For other inputs than it was fitted on, or members that lack one.
        """
        assert isinstance(self.objective, Regress)
        return self.objective.answer(self._asked(self.network, inputs))


class NetworkRepresentation(NetworkModel):
    """A network that gives codes, and rows for codes."""

    network: Coder

    def encode(self, inputs: Inputs) -> Block:
        """Codes, shape ``(n, codes)``, float32.

        Raises:
            BadInput: For other inputs than it was fitted on, or members that lack one.
        """
        return np.asarray(self._asked(self.network.encode, inputs).numpy(), dtype=np.float32)

    def decode(self, codes: Block) -> Block:
        """All blocks side by side in the order of their names, ``(n, sum of widths)``.

        Raises:
            BadInput: For codes of another width.
        """
        width = self.plan.options["codes"]
        if codes.ndim != 2 or codes.shape[1] != width:
            raise BadInput("codes", f"shape (n, {width})", f"shape {codes.shape}")
        given = torch.from_numpy(np.ascontiguousarray(codes, dtype=np.float32)).to(self.device)
        with torch.inference_mode():
            return np.asarray(self.network.decode(given).float().cpu().numpy())

    def generate(self, n: int, seed: int = 0) -> Block:
        """New rows from codes drawn from a standard normal distribution, ``(n, sum of widths)``.

        Only a variational or adversarial network has learnt what such codes stand for.

        Raises:
            WrongUse: For a network that has not, or no members.
        """
        if not getattr(self.network, "generative", False) or n < 1:
            raise WrongUse(
                self.plan.algorithm, "a generative network, one member or more", f"{n} members"
            )
        generator = torch.Generator().manual_seed(seed)
        codes = torch.randn((n, self.plan.options["codes"]), generator=generator)
        return self.decode(codes.numpy())


def state_of(network: nn.Module, objective: Objective) -> dict[str, Tensor]:
    """All numbers of a model by name."""
    own = {OBJECTIVE + name: value for name, value in objective.state_dict().items()}
    return {n: v.contiguous() for n, v in {**network.state_dict(), **own}.items()}


def take_state(network: nn.Module, objective: Objective, state: dict[str, Tensor]) -> None:
    """Put numbers back where :func:`state_of` took them."""
    own = {n: v for n, v in state.items() if n.startswith(OBJECTIVE)}
    network.load_state_dict({n: v for n, v in state.items() if n not in own})
    objective.load_state_dict({n.removeprefix(OBJECTIVE): v for n, v in own.items()})


def answering(plan: Plan, network: nn.Module, objective: Objective, missing: bool) -> NetworkModel:
    """The model that gives what the task asks for."""
    kind = {
        "classification": NetworkClassifier,
        "regression": NetworkRegressor,
        "unsupervised": NetworkRepresentation,
    }[plan.task]
    return kind(plan, network, objective, missing)


def load_network(architecture: Architecture, folder: Path) -> NetworkModel:
    """Read back what :class:`NetworkModel` wrote.

    Raises:
        ModelRefused: When the folder holds anything else, or weights of another network.
        Unsupported: When a library that the network is made of is not installed.
    """
    expect_files(folder, {WEIGHTS, PLAN})
    about = read_json(folder / PLAN)
    try:
        plan = Plan(**about)
        if plan.algorithm != architecture.name:
            raise ValueError(f"a {plan.algorithm}, not a {architecture.name}")
        network, objective = build(architecture, plan), objective_of(plan)
        take_state(network, objective, load_file(folder / WEIGHTS))
    except Unsupported:  # something is not installed: no fault of the folder
        raise
    except REFUSED as error:
        raise ModelRefused(f"{folder}: not a network that was saved here: {error}") from error
    return answering(plan, network, objective, architecture.missing)


def build(architecture: Architecture, plan: Plan, seed: int = 0) -> Network | Coder:
    """The network of a plan; drawing its first weights leaves torch's generator as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return architecture.build(plan)
