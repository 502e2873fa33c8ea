"""An assembled dataset: members, labels, splits and input blocks, under one manifest hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from registry.errors import BadInput
from training.definitions import DatasetDefinition, SpectrumInput
from training.models import Inputs, Labels
from training.splits import Member


@dataclass(frozen=True)
class Measured:
    """Measured curves of test members: rows among the members, and the blocks that differ."""

    rows: Labels
    blocks: Inputs


@dataclass(frozen=True)
class Dataset:
    """An assembled dataset.

    Attributes:
        definition: What it is made of.
        snapshot: Table versions it was read at.
        members: One per row, sorted by entity id.
        class_names: Names of the classes; labels index them.
        blocks: Input blocks by name, each ``(n_members, width)``, float32.
        measured: Test members with measured curves, or None when there are none.
        left_out: How many candidates were left out, by reason.
        manifest: Hash of all this.
    """

    definition: DatasetDefinition
    snapshot: dict[str, int]
    members: tuple[Member, ...]
    class_names: tuple[str, ...]
    blocks: Inputs
    measured: Measured | None
    left_out: dict[str, int] = field(default_factory=dict)
    manifest: str = ""

    @property
    def labels(self) -> Labels:
        """Index into ``class_names`` per member."""
        index = {name: i for i, name in enumerate(self.class_names)}
        return np.array([index[m.label] for m in self.members], dtype=np.int64)

    def rows(self, split: str) -> Labels:
        """Row numbers of one side."""
        return np.flatnonzero([m.split == split for m in self.members])

    def take(self, inputs: Sequence[str], rows: Labels) -> Inputs:
        """Blocks of some inputs at some rows."""
        return {name: self.blocks[name][rows] for name in inputs}

    def only(self, inputs: Sequence[str]) -> Dataset:
        """The same dataset with the blocks of some inputs, to be sent to another process."""
        return replace(self, blocks={name: self.blocks[name] for name in inputs})

    def groups(self, rows: Labels) -> list[str]:
        """Groups of some rows."""
        return [self.members[i].group for i in rows]

    def measured_inputs(self, inputs: Sequence[str]) -> Inputs:
        """Blocks of some inputs for the measured members; descriptors are those of the material.

        Raises:
            BadInput: When the dataset has no measured member.
        """
        if self.measured is None:
            raise BadInput(f"dataset {self.definition.name!r}", "measured test members", "none")
        rows, curves = self.measured.rows, self.measured.blocks
        return {n: curves[n] if n in curves else self.blocks[n][rows] for n in inputs}

    @property
    def curves(self) -> frozenset[str]:
        """Names of the blocks that are curves."""
        inputs = self.definition.inputs
        return frozenset(i.name for i in inputs if isinstance(i, SpectrumInput))
