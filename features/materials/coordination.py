"""Coordination of a crystal: how many neighbours its atoms have, how far and at which angles.

For each of the five columns of ``coordination_sites`` (effective coordination number, mean bond
length, its deviation, mean angle, its deviation) the mean and the standard deviation over the atoms
of the cell, sites weighted by their occupancy, and the smallest and the largest of any site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.descriptor import Descriptor, Parameters
from features.materials import coordination_sites
from features.materials._compiled import LOADS
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal

STATISTICS = ("mean", "deviation", "min", "max")
COLUMNS = tuple(f"{of}_{how}" for of in coordination_sites.COLUMNS for how in STATISTICS)


def _compute(crystal: Crystal, cutoff: float) -> Floats:
    sites = coordination_sites.site_coordination(crystal, cutoff)
    share = crystal.occupancy / crystal.occupancy.sum()
    mean = share @ sites
    deviation = np.sqrt(share @ (sites - mean) ** 2)
    return np.stack([mean, deviation, sites.min(axis=0), sites.max(axis=0)], axis=1).ravel()


def _width(parameters: Parameters) -> int:
    return coordination_sites.width(parameters) * len(STATISTICS)


DESCRIPTOR = Descriptor(
    name="coordination",
    version="1",
    parameters=coordination_sites.DESCRIPTOR.parameters,
    units=coordination_sites.DESCRIPTOR.units,
    width=_width,
    compute=_compute,
    unit=coordination_sites.DESCRIPTOR.unit,
    source=coordination_sites.DESCRIPTOR.source,
    disorder="weighted",
    loads=LOADS,
)
