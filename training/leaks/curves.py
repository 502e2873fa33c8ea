"""Curves that are one measurement, or one within noise, on the grid that models see.

How far apart two curves are, and what noise allows, is in :mod:`training.leaks.misfit`.
Candidates of each curve are the most similar ones by the cosine, from one matrix product. The
limit is what noise allows, but no more than one in a hundred curves of the train side that are
*known to be different* has with its nearest one. What is known to be different (materials whose
compositions differ, simulations with other parameters) is no leak unless the noise is the same:
isostructural metals give the same pattern after scaling, and that is physics. Nor are curves that
noise hardly tells from a smooth background (:data:`TELLING`) any evidence, unless they are copies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from registry.records import Floats
from training.blocks import axis_refusal, resample
from training.datasets import Dataset
from training.definitions import SpectrumInput
from training.leaks.misfit import CHUNK, misfit, noise_of
from training.leaks.structures import NEAR_COMPOSITION, Structures
from training.leaks.twins import PRETRAINING, Case, Compared, Entry, Twins, closest, twins_of
from training.models import Block, Labels, dense

COPIED = 0.01
"""Misfit below which two curves have the same noise."""
SIGMAS = 5.0
"""How far above 1 the misfit of two counts of one curve may lie, in standard deviations."""
NOISE_ERROR = 1.2
"""And by which factor, as the noise is estimated."""
NULL_SHARE = 0.01
TELLING = 3.0
"""How many times the limit a curve must be away from a smooth background to tell anything."""
CANDIDATES = 3
SAMPLE = 2000
"""Curves of the train side that the limit is calibrated with."""
PARABOLIC = ("xrd", "npd")
NOBODY = -2.0
Pairs = npt.NDArray[np.int64]
Allowed = Callable[[Labels], npt.NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Nearness:
    """How near curves of one input are to each other.

    Attributes:
        name: Name of the input.
        limit: Misfit up to which two curves are one.
        noise_limit: What noise alone would allow.
        repeats: Misfits of pairs within a group of the train side.
        within: Misfits of train curves with their nearest one of another group.
        across: Misfits of curves of later sides with their nearest one of an earlier side.
    """

    name: str
    limit: float
    noise_limit: float
    repeats: Floats
    within: Floats
    across: Floats

    def compared(self) -> Compared:
        """What was compared, in words."""
        told = [f"noise allows {self.noise_limit:.3g}"]
        for what, values in (("within groups", self.repeats), ("between groups", self.within)):
            if len(values):
                below = float((values <= self.limit).mean())
                told.append(f"{below:.2%} of {len(values)} {what} of the train side are below")
        note = f"misfit in units of the noise; {', '.join(told)}"
        return Compared(self.name, self.limit, len(self.across), note)


@dataclass(frozen=True, eq=False)
class _Curves:
    """Curves of one input, and whose they are."""

    values: Block
    entries: Sequence[Entry]
    degree: int

    @cached_property
    def unit(self) -> Block:
        """Curves of length 1, shape ``(n, points)``."""
        norms = np.linalg.norm(self.values, axis=1, keepdims=True)
        return np.asarray(self.values / norms, dtype=np.float32)

    @cached_property
    def noise(self) -> Floats:
        """Noise of each, shape ``(n,)``."""
        return noise_of(self.values)

    @cached_property
    def ranks(self) -> Labels:
        """Place of each one's side in the order of use, shape ``(n,)``."""
        return np.array([entry.rank for entry in self.entries], dtype=np.int64)

    @cached_property
    def groups(self) -> Labels:
        """Number of each one's group, shape ``(n,)``."""
        names = [f"{entry.side == PRETRAINING} {entry.group}" for entry in self.entries]
        return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)

    def misfits(self, pairs: Pairs) -> Floats:
        """Misfit of each pair, shape ``(p,)``."""
        noise = self.noise
        found = np.zeros(len(pairs))
        for first in range(0, len(pairs), CHUNK):
            some = slice(first, first + CHUNK)
            i, j = pairs[some].T
            one, other = self.values[i], self.values[j]
            found[some] = np.maximum(
                misfit(one, other, noise[i], noise[j], self.degree),
                misfit(other, one, noise[j], noise[i], self.degree),
            )
        return found

    @cached_property
    def structure(self) -> Floats:
        """Misfit of each with nothing but a smooth background, shape ``(n,)``."""
        found = np.zeros(len(self.values))
        for first in range(0, len(found), CHUNK):
            some = slice(first, first + CHUNK)
            own, noise = self.values[some], self.noise[some]
            found[some] = misfit(own, np.ones_like(own), noise, np.zeros_like(noise), self.degree)
        return found

    def nearest(self, rows: Labels, allowed: Allowed) -> Pairs:
        """The most similar curves among those allowed, as pairs with each row, ``(p, 2)``."""
        found = [np.zeros((0, 2), dtype=np.int64)]
        for first in range(0, len(rows), CHUNK):
            some = rows[first : first + CHUNK]
            similarity = np.where(allowed(some), self.unit[some] @ self.unit.T, NOBODY)
            k = min(CANDIDATES, similarity.shape[1])
            best = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
            there = np.take_along_axis(similarity, best, axis=1) > NOBODY
            found.append(np.stack([np.repeat(some, k), best.ravel()], axis=1)[there.ravel()])
        return np.concatenate(found)

    def repeats(self, rows: Labels) -> Pairs:
        """Neighbours of one group among some rows, ``(p, 2)``."""
        order = rows[np.argsort(self.groups[rows], kind="stable")]
        pairs = np.stack([order[:-1], order[1:]], axis=1)
        return np.asarray(pairs[self.groups[pairs[:, 0]] == self.groups[pairs[:, 1]]])


def curve_twins(
    case: Case, structures: Structures, source: SpectrumInput
) -> tuple[list[Twins], Nearness] | None:
    """Members of different sides whose curves are one; None when there are none to compare."""
    curves = _curves(case, source)
    ranks, groups = curves.ranks, curves.groups
    pairs = curves.nearest(np.flatnonzero(ranks), lambda rows: ranks < ranks[rows, None])
    if not len(pairs):
        return None
    across = curves.misfits(pairs)
    early = np.flatnonzero(ranks == 0)
    sample = np.sort(np.random.default_rng(0).permutation(early)[:SAMPLE])
    others = curves.nearest(sample, lambda rows: (ranks == 0) & (groups != groups[rows, None]))
    within = curves.misfits(others)

    def differ(pair: Labels) -> bool:
        one, other = (curves.entries[i] for i in pair)
        return known_to_differ(one, other, structures)

    different = np.array([differ(pair) for pair in others], dtype=bool)
    null = within[different] if different.any() else within
    noise_limit = NOISE_ERROR * (1 + SIGMAS * float(np.sqrt(2 / curves.values.shape[1])))
    limit = min([noise_limit, *([float(np.quantile(null, NULL_SHARE))] if len(null) else [])])
    telling = curves.structure >= TELLING * limit
    found = []
    for pair, score in zip(pairs, across.tolist(), strict=True):
        one, other = (curves.entries[i] for i in pair)
        if score <= COPIED:
            found.append(twins_of("copied curve", one, other, score, COPIED, source.name))
        elif score <= limit and telling[pair].all() and not differ(pair):
            found.append(twins_of("near-duplicate curve", one, other, score, limit, source.name))
    return closest(found), Nearness(
        name=source.name,
        limit=limit,
        noise_limit=noise_limit,
        repeats=curves.misfits(curves.repeats(sample)),
        within=_lowest(others, within),
        across=_lowest(pairs, across),
    )


def known_to_differ(one: Entry, other: Entry, structures: Structures) -> bool:
    """Whether two members are known to be different things: see the module."""
    if one.materials or other.materials:
        a, b = structures.composition(one), structures.composition(other)
        if a is None or b is None:
            return False
        return bool(np.abs(a - b).sum() / 2 > NEAR_COMPOSITION)
    return bool(one.draws and other.draws and not one.draws & other.draws)


def _curves(case: Case, source: SpectrumInput) -> _Curves:
    """Curves of all members that have one, on the grid of the dataset's input."""
    blocks = {False: dense({source.name: case.dataset.blocks[source.name]})[source.name]}
    if case.pretraining is not None:
        blocks[True] = _onto(case.pretraining, source)
    entries, values = [], []
    for entry in case.entries:
        own = blocks[entry.side == PRETRAINING]
        if len(own) and np.isfinite(own[entry.row]).all():
            entries.append(entry)
            values.append(own[entry.row])
    stacked = np.stack(values) if values else np.zeros((0, source.grid[2]), np.float32)
    return _Curves(stacked, entries, 2 if source.technique in PARABOLIC else 0)


def _onto(dataset: Dataset, source: SpectrumInput) -> Block:
    """Curves of another dataset on the grid of an input, no row at all where it has no such."""
    for other in dataset.definition.inputs:
        if isinstance(other, SpectrumInput) and other.technique == source.technique:
            if other.grid == source.grid:
                return dense(dataset.blocks)[other.name]
            if axis_refusal(other.points(), source) is None:
                own = resample(other.points(), dense(dataset.blocks)[other.name], source.points())
                peak = np.abs(own).max(axis=1, keepdims=True)
                return np.asarray(own / np.where(peak > 0, peak, 1), dtype=np.float32)
    return np.zeros((0, source.grid[2]), np.float32)


def _lowest(pairs: Pairs, scores: Floats) -> Floats:
    """Lowest score of each row that has a pair."""
    rows, place = np.unique(pairs[:, 0], return_inverse=True)
    found = np.full(len(rows), np.inf)
    np.minimum.at(found, place, scores)
    return found
