"""E(3)-equivariant message passing with e3nn. Imported only when one is fitted or loaded.

Sites carry scalars, vectors and tensors: irreducible representations ``l`` of O(3), of the parity
that spherical harmonics have. A message is a tensor product of what the neighbour carries with the
spherical harmonics of the edge, so that it turns as the crystal does (Thomas et al. 2018, equation
8; Chen et al. 2021, section 4). How much each path counts is said by a small network of the length
of the edge and the elements at both ends.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from registry.errors import BadInput, Unsupported, WrongUse
from training.models._batches import Tensors
from training.models._graphs import Graph, mean_of_sites, only_graph, summed
from training.models._known_elements import KnownElements
from training.models._network import Network

WEIGHTS_HIDDEN = 32
LENGTH_TOLERANCE = 1e-3
"""How far the length of a vector may be from the distance beside it, angstrom."""


def e3nn(part: str) -> Any:
    """A part of e3nn, such as ``o3``.

    Raises:
        Unsupported: When it is not installed.
    """
    try:
        return import_module(f"e3nn.{part}")
    except ImportError as error:
        expected = "e3nn: pip install 'scatterlake[graphs]'"
        raise Unsupported("model equivariant", expected, str(error)) from error


def carried(width: int, order: int) -> Any:
    """What a site carries: ``width`` scalars, half as many vectors, a quarter as many tensors."""
    degrees = range(order + 1)
    return e3nn("o3").Irreps([(max(1, width >> n), (n, (-1) ** n)) for n in degrees])


class EquivariantNetwork(Network):
    """Sites that tell their neighbours about themselves and where they are; the mean over sites.

    Args:
        width: Scalars of a site.
        order: Highest l of what a site carries and of the spherical harmonics.
        steps: How often sites tell each other.
        radial: Functions of the distance.
        cutoff: Where they have become zero, angstrom; longer edges tell nothing.
        hidden: Width of the answer.
        outputs: Of the head.

    Raises:
        Unsupported: When e3nn is not installed.
        WrongUse: For an order below 0 or no step.
    """

    def __init__(
        self,
        width: int,
        order: int,
        steps: int,
        radial: int,
        cutoff: float,
        hidden: int,
        outputs: int,
    ) -> None:
        super().__init__()
        o3 = e3nn("o3")
        if order < 0 or steps < 1 or radial < 1 or not cutoff > 0:
            raise WrongUse(
                "equivariant",
                "order 0 or more, steps and radial 1 or more, cutoff above 0",
                f"order {order}, steps {steps}, radial {radial}, cutoff {cutoff}",
            )
        self.radial, self.cutoff = radial, cutoff
        self.directions = o3.Irreps.spherical_harmonics(order)
        scalars, full = o3.Irreps([(width, (0, 1))]), carried(width, order)
        # the answer is made of scalars: the last step makes nothing else
        made = [*[full] * (steps - 1), scalars]
        self.elements = KnownElements(width)
        self.steps = nn.ModuleList(
            EquivariantStep(given, self.directions, irreps, radial + 2 * width)
            for given, irreps in zip([scalars, *made], made, strict=False)
        )
        self.register_buffer("degree", torch.ones(1))
        self.body = nn.Sequential(nn.Linear(width, hidden), nn.SiLU())
        self.head = nn.Linear(hidden, outputs)

    def features(self, inputs: Tensors) -> Tensor:
        """Shape ``(n, hidden)``, the same however a crystal is turned."""
        graph = only_graph(inputs)
        found: Tensor = self.body(mean_of_sites(self.carried(graph)[-1], graph))
        return found

    def carried(self, graph: Graph) -> list[Tensor]:
        """What sites carry after each step, ``(sites, dimensions of its irreps)``."""
        refuse_other_lengths(graph)
        elements = self.elements(graph.charge)
        harmonics, known, reach = self._edges(graph, elements)
        found = [elements]
        for step in self.steps:
            assert isinstance(step, EquivariantStep)
            told = step.told(found[-1], harmonics, known, reach, graph)
            found.append(step(found[-1], told / self.get_buffer("degree").sqrt()))
        return found[1:]

    def learn_statistics(self, inputs: Tensors) -> None:
        """Mean number of edges of a site: what sums over neighbours are scaled by."""
        graph = only_graph(inputs)
        refuse_other_lengths(graph)
        near = float((graph.distance < self.cutoff).sum())
        self.get_buffer("degree").fill_(max(near / len(graph.charge), 1.0))

    def layers(self) -> list[str]:
        """Elements, steps, body, head."""
        steps = [f"steps.{place}." for place in range(len(self.steps))]
        return ["elements.", *steps, "body.", "head."]

    def _edges(self, graph: Graph, elements: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Harmonics of the directions, invariants, and what fades edges out towards the cutoff."""
        o3, math = e3nn("o3"), e3nn("math")
        harmonics = o3.spherical_harmonics(
            self.directions, graph.vector, normalize=True, normalization="component"
        )
        bumps = math.soft_one_hot_linspace(
            graph.distance, 0.0, self.cutoff, self.radial, basis="smooth_finite", cutoff=True
        )
        pieces = [bumps * self.radial**0.5, elements[graph.centre], elements[graph.neighbour]]
        # all derivatives end at the cutoff as well: no jump where an edge appears
        reach = math.soft_unit_step(10 * (1 - graph.distance / self.cutoff))
        return harmonics, torch.cat(pieces, dim=1), reach[:, None]


class EquivariantStep(nn.Module):
    """What neighbours tell, beside what a site knew, through a gate that keeps equivariance.

    ``x_i <- gate(A x_i + B sum_j (C x_j) (x) Y(r_ij) w(|r_ij|, z_i, z_j) / sqrt(degree))`` with A,
    B, C linear within each l, and the product (x) over all paths to what is wanted.

    Args:
        given: Irreps of a site before.
        directions: Irreps of the spherical harmonics.
        made: Irreps of a site afterwards.
        invariants: Numbers that an edge's weights are made of.
    """

    def __init__(self, given: Any, directions: Any, made: Any, invariants: int) -> None:
        super().__init__()
        o3, layers = e3nn("o3"), e3nn("nn")
        scalars = o3.Irreps([part for part in made if part.ir.l == 0])
        others = o3.Irreps([part for part in made if part.ir.l > 0])
        gates = o3.Irreps([(part.mul, "0e") for part in others])
        silu, sigmoid = nn.functional.silu, torch.sigmoid
        self.gate = layers.Gate(
            scalars, [silu] * len(scalars), gates, [sigmoid] * len(gates), others
        )
        wanted = self.gate.irreps_in
        self.product = product(given, directions, wanted)
        self.weights = layers.FullyConnectedNet(
            [invariants, WEIGHTS_HIDDEN, self.product.weight_numel], silu
        )
        self.before = o3.Linear(given, given)
        self.after = o3.Linear(self.product.irreps_out, wanted)
        self.known = o3.Linear(given, wanted)
        self.irreps = self.gate.irreps_out

    def told(
        self, sites: Tensor, harmonics: Tensor, invariants: Tensor, reach: Tensor, graph: Graph
    ) -> Tensor:
        """Sum of the messages of all neighbours, ``(sites, dimensions of the product)``."""
        sent = self.before(sites)[graph.neighbour]
        messages = self.product(sent, harmonics, self.weights(invariants) * reach)
        return summed(messages, graph.centre, len(sites))

    def forward(self, sites: Tensor, told: Tensor) -> Tensor:
        """What sites carry afterwards, ``(sites, dimensions of made)``."""
        found: Tensor = self.gate(self.known(sites) + self.after(told))
        return found


def product(given: Any, directions: Any, wanted: Any) -> Any:
    """Tensor product of every part of ``given`` with every harmonic, each path with its own weight.

    As in e3nn's convolution: what comes out has the multiplicity of what went in (``uvu``).
    """
    o3 = e3nn("o3")
    paths = [
        (place, harmonic, part.mul, ir)
        for place, part in enumerate(given)
        for harmonic, (_, direction) in enumerate(directions)
        for ir in part.ir * direction
        if ir in wanted
    ]
    out, moved, _ = o3.Irreps([(mul, ir) for _, _, mul, ir in paths]).sort()
    how = [
        (place, harmonic, moved[n], "uvu", True) for n, (place, harmonic, _, _) in enumerate(paths)
    ]
    return o3.TensorProduct(
        given, directions, out, how, internal_weights=False, shared_weights=False
    )


def refuse_other_lengths(graph: Graph) -> None:
    """Insist that vectors are as long as the distances beside them.

    Raises:
        BadInput: Saying how many are not.
    """
    wrong = int(((graph.vector.norm(dim=1) - graph.distance).abs() > LENGTH_TOLERANCE).sum())
    if wrong:
        expected = f"vectors as long as their distance, within {LENGTH_TOLERANCE:g} angstrom"
        raise BadInput("crystal graph", expected, f"{wrong} of {len(graph.distance)} others")
