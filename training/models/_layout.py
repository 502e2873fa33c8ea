"""Which blocks a model was fitted on: the same ones, as wide, must be there when it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from registry.errors import BadInput, ModelRefused
from training.models import Block, Inputs, dense, length, refuse_lacking


@dataclass(frozen=True)
class Layout:
    """Width of each block by name.

    Attributes:
        widths: Width by name.
        missing: Whether rows of NaN are taken.
    """

    widths: Mapping[str, int]
    missing: bool = False

    @classmethod
    def of(cls, inputs: Inputs, missing: bool = False) -> Layout:
        """Layout of the blocks that a model is fitted on."""
        widths = {name: int(block.shape[1]) for name, block in sorted(dense(inputs).items())}
        return cls(widths, missing)

    def blocks(self, inputs: Inputs) -> dict[str, Block]:
        """The blocks, checked, in the order of their names.

        Raises:
            BadInput: For other blocks or widths, or rows that lack one and are not taken.
            Unsupported: For a ragged table or a map.
        """
        found = dense(inputs)
        widths = {name: int(block.shape[1]) for name, block in sorted(found.items())}
        if widths != dict(self.widths):
            raise BadInput("inputs", f"blocks of widths {dict(self.widths)}", str(widths))
        length(inputs)
        if not self.missing:
            refuse_lacking(inputs, "inputs")
        return {name: found[name] for name in widths}

    def rows(self, inputs: Inputs) -> Block:
        """All blocks side by side, in the order of their names, shape ``(n, sum of widths)``."""
        return np.concatenate(list(self.blocks(inputs).values()), axis=1)

    @property
    def width(self) -> int:
        """Sum of the widths."""
        return sum(self.widths.values())


def layout_from(value: object, where: str, missing: bool = False) -> Layout:
    """Read a layout back from its JSON form.

    Raises:
        ModelRefused: When it is none.
    """
    if isinstance(value, dict) and value:
        names, widths = list(value), list(value.values())
        if all(isinstance(n, str) for n in names) and all(type(w) is int for w in widths):
            return Layout(dict(sorted(value.items())), missing)
    raise ModelRefused(f"{where}: expected the width of each block by name, found {value!r}")
