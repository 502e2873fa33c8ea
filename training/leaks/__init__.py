"""The leak audit: is anything on two sides of a split, under whatever name?

The split itself keeps groups apart (:mod:`training.splits`). The audit does not take its word: it
looks for what is the same thing although it is called something else.

- :mod:`training.leaks.lineage`: shared materials, samples, files, parameters of simulators;
- :mod:`training.leaks.structures`: identical and near-identical structures under other ids;
- :mod:`training.leaks.curves`: copied curves, and curves that differ by their noise only.

It looks between train, validation and test, and between what a model learnt from before and the
sides that it is chosen and judged by. What it finds blocks training and registration, unless its
kind is allowed with a reason, which goes onto the model's card. Structures that are one under
several names are kept together by :func:`training.leaks.clusters.note_structures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from registry.errors import BadInput
from registry.lake import Lake
from training.datasets import Dataset
from training.definitions import SpectrumInput
from training.leaks.audit import Audit, draw, keep, kept, name_of
from training.leaks.curves import Nearness, curve_twins
from training.leaks.lineage import case_of
from training.leaks.structures import NEAR, NEAR_COMPOSITION, read_structures, structure_twins
from training.leaks.twins import KINDS, Compared, Twins, closest, sharing

__all__ = ["KINDS", "Audit", "Compared", "Twins", "audit", "picture_of", "refuse_leaks"]

SHOWN = 3
"""Leaks that an error names."""


def refuse_leaks(
    lake: Lake,
    dataset: Dataset,
    where: str,
    pretraining: Dataset | None = None,
    allow: Mapping[str, str] | None = None,
) -> Audit:
    """Insist that nothing is on two sides, but for what is allowed.

    Args:
        lake: The lake.
        dataset: What is to be trained on or registered.
        where: What for, in the words of the error.
        pretraining: What the model learnt from before.
        allow: Kinds of leak (:data:`KINDS`) that are accepted, with the reason.

    Returns:
        The audit; its :meth:`Audit.card` belongs onto the model's card.

    Raises:
        BadInput: Naming the first leaks.
        WrongUse: For a kind that does not exist, or one without a reason.
    """
    found = audit(lake, dataset, pretraining).allow(allow or {})
    if found.leaks:
        listed = "; ".join(str(leak) for leak in found.leaks[:SHOWN])
        raise BadInput(where, "a split without leaks", f"{len(found.leaks)} leaks: {listed}")
    return found


def audit(
    lake: Lake, dataset: Dataset, pretraining: Dataset | None = None, again: bool = False
) -> Audit:
    """Audit a dataset, draw the result, and keep it with the manifest.

    Of a dataset with the blocks of some inputs only (:meth:`Dataset.reading`) those are audited,
    unless all of it was before; that is not kept.

    Args:
        lake: The lake.
        dataset: The dataset.
        pretraining: What a model learnt from before; its test side does not count.
        again: Do it even when it was done before.
    """
    before = None if pretraining is None else pretraining.manifest
    known = None if again else kept(lake, dataset.manifest, before)
    if known is not None:
        return known
    case = case_of(lake, dataset, pretraining)
    materials = {material for entry in case.entries for material in entry.materials}
    structures = read_structures(lake, materials, dataset.snapshot)
    twins = closest(sharing(case.entries))
    own, pairs = structure_twins(case, structures)
    twins += own
    note = f"share of pair distances that differ; up to {NEAR_COMPOSITION:g} of the atoms may"
    compared = [Compared("structures", NEAR, pairs, note)]
    nearnesses: list[Nearness] = []
    there = [source for source in dataset.definition.inputs if source.name in dataset.blocks]
    for source in there:
        near = curve_twins(case, structures, source) if isinstance(source, SpectrumInput) else None
        if near is not None:
            twins += near[0]
            nearnesses.append(near[1])
            compared.append(near[1].compared())
    twins.sort(key=lambda t: (list(KINDS).index(t.kind), t.score, t.first, t.second))
    found = Audit(dataset.manifest, before, tuple(twins), tuple(compared))
    if nearnesses:
        title = f"Curves of {dataset.definition.name}"
        draw(nearnesses, title, picture_of(lake, found))
    if len(there) == len(dataset.definition.inputs):
        keep(lake, found)
    return found


def picture_of(lake: Lake, found: Audit) -> Path:
    """Where the picture of an audit is; there is none of a dataset without curves."""
    return lake.pictures / f"leaks-{name_of(found.manifest, found.pretraining)}.png"
