"""A dataset read at the speed of memory, however large it or its lake is.

Each input becomes a memory-mapped array in the lake's folder on this machine
(:mod:`training.reading.cache`), written once in pieces and keyed by the manifest, which hashes
what is in it. Members lie side after side (train, validation, test), so that a side is a view of
the file and nothing is copied to train on it.

- :func:`open_reading` opens or builds it, :meth:`Reading.training` gives it to a model;
- :func:`training.reading.torch_data.batches` and ``loader`` give batches of tensors, shuffled;
- :func:`training.reading.cluster.to_ray` gives a Ray Data dataset for several machines;
- :func:`tidy` removes what is not wanted any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np

from registry.folders import PARTIAL, is_abandoned
from registry.identity import canonical_json, digest
from registry.lake import Lake
from registry.plugins import pick
from registry.records import Floats
from training.definitions import (
    SPLITS,
    DatasetDefinition,
    SpectrumInput,
    class_order,
)
from training.models import Inputs, Labels, Ragged, Training
from training.reading.build import build_input
from training.reading.cache import Mapped, forget, opened
from training.stored import stored_dataset, stored_members

FOLDER = "reading"


@dataclass(frozen=True, eq=False)
class Reading:
    """An opened dataset whose values stay in files until they are looked at.

    Attributes:
        manifest: Hash of the dataset.
        definition: What it is made of.
        entities: Members, side after side, sorted by id within a side.
        sides: Rows of each side.
        inputs: Values by name of the input.
        targets: Class numbers (int64) or values (float64), shape ``(n,)``; None when unsupervised.
        class_names: Names of the classes.
    """

    manifest: str
    definition: DatasetDefinition
    entities: tuple[str, ...]
    sides: Mapping[str, slice]
    inputs: Mapping[str, Mapped]
    targets: Labels | Floats | None
    class_names: tuple[str, ...]

    def rows(self, side: str, inputs: Sequence[str]) -> Labels:
        """Rows of one side, shape ``(n,)``, without those that lack an input marked ``drop``.

        Raises:
            NotFound: When there is no such side or input.
        """
        span = pick(dict(self.sides), "side", side)
        rows = np.arange(span.start, span.stop)
        whole = np.ones(len(rows), dtype=bool)
        declared = {i.name: i.missing for i in self.definition.inputs}
        for name in inputs:
            mapped: Mapped = pick(dict(self.inputs), "input", name)
            if declared.get(name) == "drop":
                whole &= mapped.present[span]
        return np.asarray(rows[whole])

    def blocks(self, side: str, inputs: Sequence[str]) -> Inputs:
        """Inputs of one side as models take them: views of the files wherever nobody is left out.

        Raises:
            NotFound: When there is no such side or input.
        """
        span, rows = self.sides[side], self.rows(side, inputs)
        if len(rows) == span.stop - span.start:
            return {name: self.inputs[name].span(span) for name in inputs}
        found: Inputs = {}
        for name in inputs:
            values = self.inputs[name].values
            found[name] = values.take(rows) if isinstance(values, Ragged) else values[rows]
        return found

    def training(self, inputs: Sequence[str], seed: int) -> Training:
        """Training and validation side of some inputs, as :func:`training.fitting.training_of`.

        Raises:
            NotFound: When there is no such input.
        """
        targets = {
            side: None if self.targets is None else self.targets[self.rows(side, inputs)]
            for side in ("train", "validation")
        }
        return Training(
            inputs=self.blocks("train", inputs),
            targets=targets["train"],
            validation_inputs=self.blocks("validation", inputs),
            validation_targets=targets["validation"],
            n_classes=len(self.class_names),
            seed=seed,
            curves={
                i.name: i.grid[:2]
                for i in self.definition.inputs
                if isinstance(i, SpectrumInput) and i.name in inputs
            },
            task=self.definition.task,
        )


def open_reading(
    lake: Lake, which: str, inputs: Sequence[str] | None = None, verify: bool = True
) -> Reading:
    """Open a dataset of the lake for reading, and write its files when they are not there yet.

    Args:
        lake: The lake, in a folder or a bucket; the files lie in its folder on this machine.
        which: Name of the dataset (the newest of that name) or the beginning of its manifest.
        inputs: Inputs wanted; all by default.
        verify: Compare the digests of what is there, which reads it once.

    Raises:
        NotFound: When there is no such dataset or input.
        WrongUse: When several manifests begin like this.
        LakeError: When the lake no longer holds what the dataset was assembled from.
    """
    stored = stored_dataset(lake, which)
    definition = stored.definition
    members = stored_members(lake, stored.manifest)
    members.sort(key=lambda m: (SPLITS.index(m["split"]), m["entity_id"]))
    sides = {s: [m for m in members if m["split"] == s] for s in SPLITS}
    found = {}
    for name in inputs or [i.name for i in definition.inputs]:
        build = partial(build_input, lake, stored, definition.input(name), sides)
        source = canonical_json(asdict(definition.input(name)))
        folder = lake.path / FOLDER / stored.manifest / digest("reading", source)
        found[name] = opened(folder, build, verify)
    labels = [m["label"] for m in members]
    names = class_order(labels) if definition.task == "classification" else ()
    return Reading(
        manifest=stored.manifest,
        definition=definition,
        entities=tuple(m["entity_id"] for m in members),
        sides=_spans([len(own) for own in sides.values()]),
        inputs=found,
        targets=_targets(definition, names, labels),
        class_names=names,
    )


def tidy(lake: Lake, keep: Collection[str] = ()) -> int:
    """Remove the files of every dataset but those kept; gives the bytes set free.

    Args:
        lake: The lake.
        keep: Manifests whose files stay.
    """
    root = lake.path / FOLDER
    freed = 0
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.name not in keep and not _is_at_work(folder):
            freed += forget(folder)
    return freed


def _is_at_work(folder: Path) -> bool:
    """Whether something below is being built just now."""
    return any(not is_abandoned(p) for p in folder.glob(f"*{PARTIAL}"))


def _spans(sizes: Sequence[int]) -> dict[str, slice]:
    ends = list(accumulate(sizes))
    return {s: slice(e - n, e) for s, n, e in zip(SPLITS, sizes, ends, strict=True)}


def _targets(
    definition: DatasetDefinition, names: Sequence[str], labels: Sequence[str | None]
) -> Labels | Floats | None:
    if definition.task == "classification":
        number = {name: i for i, name in enumerate(names)}
        return np.array([number[str(label)] for label in labels], dtype=np.int64)
    if definition.task == "regression":
        return np.array([float(label or "nan") for label in labels])
    return None
