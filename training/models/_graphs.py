"""Networks on crystal graphs. Imported only when one is fitted or loaded.

The rows of a member are the edges of ``features/materials/crystal_graph.py``: centre, neighbour,
cells to the image (3), distance (angstrom), charge of the centre and of the neighbour; those of
``crystal_graph_vectors.py`` say where the edge points as well (3, angstrom).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from registry.errors import BadInput
from training.models._batches import Table, Tensors
from training.models._layers import dense_layers
from training.models._network import Network

CENTRE, NEIGHBOUR, DISTANCE, CHARGE, VECTOR = 0, 1, 5, 6, slice(8, 11)
PLAIN, POINTING = 8, 11
"""Columns of an edge without and with its vector."""
ELEMENTS = 119


class Graph(NamedTuple):
    """All crystals of a batch as one graph.

    Attributes:
        centre: Site at which an edge starts, ``(edges,)``, counted over all crystals.
        neighbour: Site at which it ends, ``(edges,)``.
        distance: Its length, angstrom, ``(edges,)``.
        vector: From centre to neighbour, angstrom, ``(edges, 3)``; no columns where not known.
        charge: Mean Z of a site, ``(sites,)``.
        member: Crystal of a site, ``(sites,)``.
        n_sites: Sites of a crystal, ``(n,)``.
    """

    centre: Tensor
    neighbour: Tensor
    distance: Tensor
    vector: Tensor
    charge: Tensor
    member: Tensor
    n_sites: Tensor


def graph_of(table: Table) -> Graph:
    """The graph of a ragged table.

    Raises:
        BadInput: For edges that cannot be: numbers of sites that are no such, charges of none.
    """
    values, counts = table
    n = len(counts)
    member = torch.repeat_interleave(torch.arange(n, device=values.device), counts)
    centre, neighbour = values[:, CENTRE].long(), values[:, NEIGHBOUR].long()
    n_sites = torch.zeros(n, dtype=torch.int64, device=values.device)
    n_sites = n_sites.scatter_reduce(0, member, centre + 1, "amax")
    charge = values[:, CHARGE]
    wrong = (centre < 0) | (neighbour < 0) | (neighbour >= n_sites[member])
    wrong |= (charge < 0) | (charge > ELEMENTS - 1) | (values[:, DISTANCE] <= 0)
    if bool(wrong.any()):
        raise BadInput(
            "crystal graph",
            "edges between sites that have edges, Z of 0 to 118, distances above 0",
            f"{int(wrong.sum())} of {len(values)} others",
        )
    first = torch.cumsum(n_sites, 0) - n_sites
    sites = torch.zeros(int(n_sites.sum()), device=values.device)
    sites[centre + first[member]] = charge  # the same of all edges of a site
    return Graph(
        centre=centre + first[member],
        neighbour=neighbour + first[member],
        distance=values[:, DISTANCE],
        vector=values[:, VECTOR],
        charge=sites,
        member=torch.repeat_interleave(torch.arange(n, device=values.device), n_sites),
        n_sites=n_sites,
    )


def only_graph(inputs: Tensors) -> Graph:
    """The graph of the one input of a network on graphs."""
    (table,) = inputs.values()
    assert isinstance(table, Table)  # the architecture takes nothing else
    return graph_of(table)


def summed(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Sum of the rows of each index, shape ``(size, width)``."""
    zeros = torch.zeros(size, values.shape[1], dtype=values.dtype, device=values.device)
    return zeros.index_add(0, index, values)


def mean_of_sites(sites: Tensor, graph: Graph) -> Tensor:
    """Mean over the sites of each crystal, ``(sites, width)`` to ``(n, width)``."""
    return summed(sites, graph.member, len(graph.n_sites)) / graph.n_sites[:, None]


class Elements(nn.Module):
    """A learnt vector per element; a site of mixed charge lies between its two whole charges."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(ELEMENTS, width)

    def forward(self, charge: Tensor) -> Tensor:
        """Vectors ``(sites, width)`` of mean charges ``(sites,)``."""
        return between_elements(self.table.weight, charge)


def between_elements(table: Tensor, charge: Tensor) -> Tensor:
    """Rows of a table by Z for mean charges ``(sites,)``, mixed where a charge is not whole."""
    low = charge.floor()
    share = (charge - low)[:, None]
    upper = (low + 1).clamp(max=ELEMENTS - 1)
    return embedding(low.long(), table) * (1 - share) + embedding(upper.long(), table) * share


class Radial(nn.Module):
    """Gaussians of the distance at even places up to a cutoff, as wide as they are apart."""

    def __init__(self, n: int, cutoff: float) -> None:
        super().__init__()
        self.register_buffer("centres", torch.linspace(0, cutoff, n))
        self.width = cutoff / (n - 1)

    def forward(self, distance: Tensor) -> Tensor:
        """Shape ``(edges,)`` to ``(edges, n)``."""
        return torch.exp(-(((distance[:, None] - self.get_buffer("centres")) / self.width) ** 2))


class GraphNetwork(Network):
    """Sites that tell their neighbours about themselves, several times; the mean over sites.

    Args:
        steps: What happens each time: ``step(sites, edges, graph) -> sites``.
        width: Of a site's vector.
        radial: Gaussians of the distance.
        cutoff: Place of the last of them, angstrom.
        hidden: Width of the answer.
        outputs: Of the head.
    """

    def __init__(
        self,
        steps: list[nn.Module],
        width: int,
        radial: int,
        cutoff: float,
        hidden: int,
        outputs: int,
    ) -> None:
        super().__init__()
        self.elements = Elements(width)
        self.radial = Radial(radial, cutoff)
        self.steps = nn.ModuleList(steps)
        self.body = nn.Sequential(nn.Linear(width, hidden), nn.Softplus())
        self.head = nn.Linear(hidden, outputs)

    def features(self, inputs: Tensors) -> Tensor:
        """Shape ``(n, hidden)``."""
        graph = only_graph(inputs)
        sites, edges = self.elements(graph.charge), self.radial(graph.distance)
        for step in self.steps:
            sites = step(sites, edges, graph)
        found: Tensor = self.body(mean_of_sites(sites, graph))
        return found

    def learn_statistics(self, inputs: Tensors) -> None:
        """None are needed: charges and distances have known ranges."""

    def layers(self) -> list[str]:
        """Elements, steps, body, head."""
        steps = [f"steps.{place}." for place in range(len(self.steps))]
        return ["elements.", *steps, "body.", "head."]


class CrystalConvolution(nn.Module):
    """Gated convolution, equation 5 of Xie & Grossman (2018).

    ``v_i <- g(v_i + BN(sum_j sigmoid(z W_f + b_f) * g(z W_s + b_s)))`` with v_i, v_j and u_ij laid
    side by side in z, and g the softplus; batch norm inside the gates as in their code.
    """

    def __init__(self, width: int, radial: int) -> None:
        super().__init__()
        self.both = nn.Linear(2 * width + radial, 2 * width)
        self.inner = nn.BatchNorm1d(2 * width)
        self.outer = nn.BatchNorm1d(width)

    def forward(self, sites: Tensor, edges: Tensor, graph: Graph) -> Tensor:
        """New vectors of sites, same shape."""
        beside = torch.cat([sites[graph.centre], sites[graph.neighbour], edges], dim=1)
        gate, core = self.inner(self.both(beside)).chunk(2, dim=1)
        told = summed(torch.sigmoid(gate) * nn.functional.softplus(core), graph.centre, len(sites))
        return nn.functional.softplus(sites + self.outer(told))


class MessagePassing(nn.Module):
    """A message from each neighbour, their mean, and a gated memory (Gilmer et al. 2017)."""

    def __init__(self, width: int, radial: int) -> None:
        super().__init__()
        self.message = dense_layers([2 * width + radial, 2 * width, width])
        self.memory = nn.GRUCell(width, width)

    def forward(self, sites: Tensor, edges: Tensor, graph: Graph) -> Tensor:
        """New vectors of sites, same shape."""
        beside = torch.cat([sites[graph.centre], sites[graph.neighbour], edges], dim=1)
        told = summed(self.message(beside), graph.centre, len(sites))
        degree = torch.bincount(graph.centre, minlength=len(sites))[:, None]
        found: Tensor = self.memory(told / degree, sites)
        return found
