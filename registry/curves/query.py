"""A curve that others are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from registry.curves.interpolation import Numbers, is_axis
from registry.curves.sidecar import Sidecar
from registry.curves.take import one
from registry.errors import BadInput
from registry.records import Floats


@dataclass(frozen=True)
class Query:
    """A curve to compare with.

    Attributes:
        technique: Technique of the curves it is compared with.
        x: Axis in the canonical unit, strictly ascending or descending, shape ``(n,)``.
        y: Its direction: the signal scaled to norm 1, shape ``(n,)``.
    """

    technique: str
    x: Numbers
    y: Numbers

    @classmethod
    def of(cls, technique: str, x: Floats, y: Floats, where: str = "curve") -> Query:
        """Check a curve.

        Raises:
            BadInput: When shapes differ, a value is not finite, x neither ascends nor descends,
                or y is zero everywhere.
        """
        axis: Numbers = np.asarray(x, dtype=np.float64)
        signal: Numbers = np.asarray(y, dtype=np.float64)
        if axis.ndim != 1 or axis.shape != signal.shape:
            raise BadInput(where, "x and y of one length", f"{axis.shape} and {signal.shape}")
        if not is_axis(axis):
            raise BadInput(where, "finite x, ascending or descending", "x in no order")
        if not np.isfinite(signal).all() or not signal.any():
            raise BadInput(where, "a finite signal", "NaN, infinity or nothing but zeros")
        scaled = signal / np.abs(signal).max()  # so that no square overflows
        return cls(technique, axis, np.asarray(scaled / np.linalg.norm(scaled)))

    @classmethod
    def stored(cls, sidecars: Sequence[Sidecar], spectrum_id: str) -> Query:
        """The curve of a stored spectrum.

        Raises:
            WrongUse: When there is no such spectrum.
            BadInput: When it is a map, or as :meth:`of`.
        """
        block, row = one(sidecars, spectrum_id)
        where = f"spectrum {spectrum_id}"
        if not block.is_curve:
            raise BadInput(where, "a curve", "a map")
        return cls.of(block.technique, block.grid, block.values[row], where)
