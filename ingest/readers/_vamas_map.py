"""Maps of VAMAS: blocks of one region at many positions, laid on their grid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from ingest.readers._photoemission import Region
from ingest.readers._vamas import Block, Header, known
from registry.records import Axis, Floats


def laid_out(found: list[tuple[Block, Region]], header: Header) -> list[Region]:
    """Regions of all blocks; those that fill a grid of positions become one, energies first.

    Blocks belong together when name, sample, energies, unit and experimental variables are the
    same. Where they leave positions of their grid out they stay spectra, each with its position.
    """
    if header.across is None:
        return [region for _, region in found]
    groups: defaultdict[Hashable, list[tuple[Block, Region]]] = defaultdict(list)
    for block, region in found:
        groups[_key(block, region)].append((block, region))
    return [region for members in groups.values() for region in _map(members, header.across)]


def _key(block: Block, region: Region) -> Hashable:
    settings = (region.scale, region.unit, region.photon_energy, region.energies.tobytes())
    return (block["name"], block["sample"], *settings, *block["variables"])


def _map(members: list[tuple[Block, Region]], across: tuple[int, int]) -> list[Region]:
    positions = np.array([block["position"] for block, _ in members])
    x, column = np.unique(positions[:, 0], return_inverse=True)
    y, row = np.unique(positions[:, 1], return_inverse=True)
    nodes = len(set(zip(column.tolist(), row.tolist(), strict=True)))
    if len(members) == 1 or not nodes == len(members) == len(x) * len(y):
        return [_alone(block, region) for block, region in members]
    block, first = members[0]
    intensity = np.empty((len(first.energies), len(x), len(y)))
    for (_, region), i, j in zip(members, column, row, strict=True):
        intensity[:, i, j] = region.intensity
    widths = block["field_of_view"]
    axes = tuple(
        _axis(name, values, count, width)
        for name, values, count, width in zip("xy", (x, y), across, widths, strict=True)
    )
    part = f"{first.part} and {len(members) - 1} more positions"
    return [replace(first, part=part, intensity=intensity, axes=axes, technique="xps")]


def _axis(name: str, ordinals: Floats, count: int, width: float) -> Axis:
    """Middles of the pixels (micrometre) from the upper left; ordinals where no width is given."""
    if width > 0 and known(width) is not None:
        return Axis(f"{name}_position", "um", (ordinals - 0.5) * width / count)
    return Axis(f"{name}_position", "", ordinals)


def _alone(block: Block, region: Region) -> Region:
    x, y = block["position"]
    return replace(region, about={**region.about, "position": [x, y]})
