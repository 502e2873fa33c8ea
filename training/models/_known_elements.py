"""Elements that a network knows something about before it has learnt anything.

Imported only when one is fitted or loaded.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from training.models._graphs import ELEMENTS, Elements, between_elements

NOBLE = (0, 2, 10, 18, 36, 54, 86, 118)
"""Z at which periods end; 0 is a vacancy."""


class KnownElements(nn.Module):
    """A vector per element that begins with what is known of it: few crystals hold each element.

    Learnt linearly from mass, its inverse root, covalent radius, period and place in the period;
    what an element is beyond that is learnt on top of it, from nothing.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("properties", properties_of_elements())
        self.known = nn.Linear(self.get_buffer("properties").shape[1], width)
        self.own = Elements(width)
        nn.init.zeros_(self.own.table.weight)

    def forward(self, charge: Tensor) -> Tensor:
        """Vectors ``(sites, width)`` of mean charges ``(sites,)``."""
        known = between_elements(self.get_buffer("properties"), charge)
        found: Tensor = self.known(known) + self.own(charge)
        return found


def properties_of_elements() -> Tensor:
    """Five properties by Z, each of mean 0 and deviation 1 over the elements, ``(119, 5)``."""
    from ase.data import atomic_masses, covalent_radii

    z = np.arange(ELEMENTS)
    period = np.searchsorted(NOBLE, z)
    first = np.array([-1, *NOBLE])[period]
    place = (z - first) / (np.array(NOBLE)[period] - first)
    mass, radius = atomic_masses[:ELEMENTS], covalent_radii[:ELEMENTS]
    found = np.column_stack([mass, 1 / np.sqrt(mass), radius, period, place])
    return torch.from_numpy((found - found.mean(axis=0)) / found.std(axis=0)).float()
