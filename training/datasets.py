"""An assembled dataset: members, labels, splits and input blocks, under one manifest hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from registry.errors import BadInput
from registry.records import Floats
from training.definitions import SPLITS, DatasetDefinition, SpectrumInput
from training.models import Block, Inputs, Labels, lacking, refuse_lacking, take
from training.splits import Member


@dataclass(frozen=True)
class Measured:
    """Measured curves of test members.

    Attributes:
        rows: Rows among the members, ascending, of those that have one at least.
        blocks: Blocks that differ, one entry for each of the rows; NaN where one is not measured.
    """

    rows: Labels
    blocks: dict[str, Block]

    def where(self, stay: npt.NDArray[np.bool_]) -> Measured | None:
        """Only some of them, None when nobody is left; ``stay`` has the shape of ``rows``."""
        if not stay.any():
            return None
        return Measured(self.rows[stay], {name: b[stay] for name, b in self.blocks.items()})

    def only(self, rows: Labels) -> Measured | None:
        """The same for a dataset of some of the members, None when nobody is left.

        Args:
            rows: Rows that stay, ascending, shape ``(m,)``.
        """
        found = self.where(np.isin(self.rows, rows))
        return found and replace(found, rows=np.searchsorted(rows, found.rows))


@dataclass(frozen=True)
class Dataset:
    """An assembled dataset.

    Attributes:
        definition: What it is made of.
        snapshot: Table versions it was read at.
        members: One per row, sorted by entity id.
        class_names: Names of the classes; labels index them. Empty where there are none.
        blocks: Inputs by name, one entry per member; a row of NaN where a member lacks one.
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
        """Index into ``class_names`` per member; only for classification."""
        index: dict[str | None, int] = {name: i for i, name in enumerate(self.class_names)}
        return np.array([index[m.label] for m in self.members], dtype=np.int64)

    @property
    def values(self) -> Floats:
        """Value of the target per member, in its unit; only for regression."""
        return np.array([float(m.label or "nan") for m in self.members])

    @property
    def targets(self) -> Labels | Floats | None:
        """What is predicted, per member: class numbers, values, or None when unsupervised."""
        task = self.definition.task
        if task == "unsupervised":
            return None
        return self.labels if task == "classification" else self.values

    def rows(self, split: str) -> Labels:
        """Row numbers of one side."""
        return np.flatnonzero([m.split == split for m in self.members])

    def take(self, inputs: Sequence[str], rows: Labels) -> Inputs:
        """Blocks of some inputs at some rows.

        Raises:
            BadInput: When one of those members lacks an input that is neither required nor
                masked: :meth:`complete` leaves such members out.
        """
        taken = take({name: self.blocks[name] for name in inputs}, rows)
        dropped = [n for n in inputs if self.definition.input(n).missing == "drop"]
        where = f"dataset {self.definition.name!r} (Dataset.complete leaves out who lacks one)"
        refuse_lacking({n: taken[n] for n in dropped}, where)
        return taken

    def only(self, inputs: Sequence[str]) -> Dataset:
        """The same dataset with the blocks of some inputs, to be sent to another process.

        Of measured members those stay that are measured in every one of these techniques, or, of
        those that may be masked, in one at least.
        """
        blocks = {name: self.blocks[name] for name in inputs}
        return replace(self, blocks=blocks, measured=self._measured_in(inputs))

    def reading(self, inputs: Sequence[str]) -> Dataset:
        """The dataset as a model sees it that reads these inputs: :meth:`complete`, then
        :meth:`only`. Whatever is fitted, scored or stored of a candidate refers to its members.

        Raises:
            BadInput: As :meth:`complete`.
        """
        return self.complete(inputs).only(inputs)

    def _measured_in(self, inputs: Sequence[str]) -> Measured | None:
        asked = [name for name in inputs if name in self.curves]
        if self.measured is None or not asked:
            return None
        lacks = {name: lacking(self.measured.blocks[name]) for name in asked}
        needed = [lacks[n] for n in asked if self.definition.input(n).missing != "mask"]
        stay = ~np.logical_or.reduce([np.logical_and.reduce(list(lacks.values())), *needed])
        found = self.measured.where(stay)
        return found and replace(found, blocks={name: found.blocks[name] for name in asked})

    def complete(self, inputs: Sequence[str]) -> Dataset:
        """The same dataset without the members that lack one of these inputs marked ``drop``.

        Raises:
            BadInput: When nobody, or none of a class, is left on a side.
        """
        dropped = [n for n in inputs if self.definition.input(n).missing == "drop"]
        whole = np.ones(len(self.members), dtype=bool)
        for name in dropped:
            whole &= ~lacking(self.blocks[name])
        if whole.all():
            return self
        rows = np.flatnonzero(whole)
        members = tuple(self.members[i] for i in rows)
        self._insist_on_sides(members, f"that have {', '.join(dropped)}")
        measured = self.measured and self.measured.only(rows)
        return replace(self, members=members, blocks=take(self.blocks, rows), measured=measured)

    def _insist_on_sides(self, members: Sequence[Member], who: str) -> None:
        where = f"dataset {self.definition.name!r}"
        empty = [side for side in SPLITS if all(m.split != side for m in members)]
        if empty:
            raise BadInput(where, f"members {who} on every side", f"none in {', '.join(empty)}")
        there = {(m.split, m.label) for m in members}
        gaps = [f"no {c!r} in {s}" for s in SPLITS for c in self.class_names if (s, c) not in there]
        if gaps:
            expected = f"members {who} of every class on every side"
            raise BadInput(where, expected, ", ".join(gaps))

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
        own = self.take([name for name in inputs if name not in curves], rows)
        return {name: curves[name] if name in curves else own[name] for name in inputs}

    @property
    def curves(self) -> frozenset[str]:
        """Names of the blocks that are curves."""
        inputs = self.definition.inputs
        return frozenset(i.name for i in inputs if isinstance(i, SpectrumInput))
