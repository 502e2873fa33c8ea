"""Parts of a study beyond comparing its candidates: one file for each kind of experiment.

A study lists the parts it consists of, with their claims, before anything is scored. A part is a
frozen dataclass of plain values: its fields say what is done, so they belong to the identity of
what it finds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from training.findings import Finding

if TYPE_CHECKING:
    from registry.lake import Lake
    from training.datasets import Dataset
    from training.study import Study

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Setting:
    """Where a part is run.

    Attributes:
        lake: The lake.
        study: The study it belongs to.
        dataset: The study's dataset, assembled.
        seeds: Repetitions.
        progress: Called with a line for each step.
        workers: Processes that fit.
    """

    lake: Lake
    study: Study
    dataset: Dataset
    seeds: tuple[int, ...]
    progress: Progress
    workers: int = 1


class Part(Protocol):
    """One experiment of a study."""

    @property
    def name(self) -> str:
        """What it is called within its study."""
        ...

    @property
    def version(self) -> str:
        """Raised when running it on the same data would find something else."""
        ...

    @property
    def claim(self) -> str:
        """What it claims, in words; empty where it only describes."""
        ...

    def run(self, setting: Setting) -> Finding:
        """Do it; deterministic for the same data and seeds."""
        ...

    def draw(self, finding: Finding, path: Path) -> None:
        """Draw what was found into a PNG, from the finding alone."""
        ...
