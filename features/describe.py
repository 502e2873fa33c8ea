"""Describe one structure: the part of the feature store that other processes run."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.descriptors import Descriptor, Parameters, descriptors
from registry.errors import ScatterlakeError, Unsupported
from registry.records import Floats
from registry.structures import structure_from_row


def describe(name: str, settings: Parameters, row: dict[str, Any]) -> Floats | Unsupported:
    """Describe one row of ``materials``.

    A refusal is returned, not raised: it is a result that the store keeps.

    Returns:
        The vector, float32, or the reason why there is none.

    Raises:
        ScatterlakeError: When the descriptor gives something else than it promised.
    """
    descriptor: Descriptor = descriptors()[name]
    try:
        vector = descriptor.run(structure_from_row(row), settings)
    except Unsupported as refusal:
        return refusal
    width = descriptor.width(settings)
    if vector.shape != (width,) or not np.isfinite(vector).all():
        raise ScatterlakeError(
            f"descriptor {name!r} promised {width} finite values for material "
            f"{row['material_id']}, gave shape {vector.shape}"
        )
    return vector.astype(np.float32)
