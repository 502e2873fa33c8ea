"""Describe rows of the lake: the part of the feature store that other processes run."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from features.crystal import crystals
from features.descriptor import Descriptor, Outcome, Parameters, descriptors
from registry.errors import ScatterlakeError, Unsupported


def describe(name: str, settings: Parameters, materials: pa.Table) -> list[Outcome]:
    """Describe rows of ``materials``, in their order.

    A refusal is returned, not raised: it is a result that the store keeps.

    Returns:
        Values, float32, or the reason why there is none.

    Raises:
        ScatterlakeError: When the descriptor gives something else than it promised.
    """
    descriptor: Descriptor = descriptors()[name]
    entities = crystals(materials)
    made = iter(
        descriptor.run_all([e for e in entities if not isinstance(e, Unsupported)], settings)
    )
    outcomes = [e if isinstance(e, Unsupported) else next(made) for e in entities]
    width = descriptor.width(settings)
    return [
        outcome if isinstance(outcome, Unsupported) else _checked(outcome, name, width, row)
        for row, outcome in enumerate(outcomes)
    ]


def _checked(value: np.ndarray, name: str, width: int, row: int) -> np.ndarray:
    if value.shape != (width,) or not np.isfinite(value).all():
        raise ScatterlakeError(
            f"descriptor {name!r} promised {width} finite values for row {row}, "
            f"gave shape {value.shape}"
        )
    return value.astype(np.float32)
