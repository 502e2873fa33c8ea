"""Radial distribution curve of every site: the rows whose mean, weighted by occupancy, is ``rdc``.

A row is what an absorbing atom on that site would see; the mean Z of the atoms there is its Z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.descriptor import Descriptor
from features.materials import rdc
from features.materials._compiled import LOADS
from features.materials._gaussians import gaussian_grid
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal


def _compute(
    crystal: Crystal, r_max: float, dr: float, alpha: float, variant: str, periodic: bool
) -> Floats:
    grid = gaussian_grid(r_max, dr, alpha)
    middle = rdc.mean_charges(crystal)
    return rdc.site_curves(crystal, middle, grid, r_max=r_max, variant=variant, periodic=periodic)


DESCRIPTOR = Descriptor(
    name="rdc_sites",
    version="1",
    parameters={name: v for name, v in rdc.DESCRIPTOR.parameters.items() if name != "absorber"},
    units={name: unit for name, unit in rdc.DESCRIPTOR.units.items() if name != "absorber"},
    width=rdc.curve_width,
    compute=_compute,
    unit="",
    source=rdc.DESCRIPTOR.source,
    rows="site",
    disorder="weighted",
    loads=LOADS,
)
