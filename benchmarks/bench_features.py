"""Speed of the descriptors and of the feature store on mineral structures of AMCSD.

``python -m benchmarks.bench_features`` prints the rows. The structures are a seeded sample of
conventional cells; times are the median of three passes in one process, after one that compiles.
matminer and Feast need an older pandas: name a Python that has them in SCATTERLAKE_MATMINER_PYTHON
and SCATTERLAKE_FEAST_PYTHON, or their rows tell that they were not measured.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import _feature_store as stored
from benchmarks import _matminer, _references
from benchmarks.bench_simulators import amcsd_sample
from features.crystal import Crystal, crystal_of
from features.descriptor import descriptors
from features.materials._neighbours import neighbour_pairs
from features.materials.prdf import prdf
from features.materials.rdc import gaussian_sum
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

STRUCTURES = 800
EVERY = 9_000
WITH_MATMINER = 40
BIN_SIZE = 0.1
EWALD_ATOMS = 40
GRID = {"r_max": 8.0, "dr": 0.1, "alpha": 10.0}
Row = dict[str, Any]


def run() -> list[Row]:
    """Benchmark rows."""
    every = amcsd_sample(EVERY)
    ordered = [s for s in every[:STRUCTURES] if s.is_ordered and s.is_valid(0.5)]
    rows = [
        _prdf(ordered[:WITH_MATMINER], 10.0, 3, 280.0),
        _prdf(ordered[:WITH_MATMINER], 20.0, 1, 390.0),
        _gaussians(ordered),
        _ewald(ordered),
        *_graphs(ordered),
        *_pair_rates(ordered),
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        some = stored.materials_lake(folder / "some", ordered)
        for name in ("coulomb_matrix", "acsf", "soap"):
            alone = getattr(_references, name.removesuffix("_matrix"))(ordered)
            rows.append(stored.lake_to_lake(name, alone, len(ordered), some))
        # where a descriptor takes microseconds, opening and committing show at few structures
        many = [s for s in every if s.is_ordered and s.is_valid(0.5)]
        lake = stored.materials_lake(folder / "many", many)
        alone = _references.coulomb(many)
        rows.append(stored.lake_to_lake("coulomb_matrix", alone, len(many), lake))
        rows.append(stored.fixed_cost("coulomb_matrix", len(many), lake))
        rows += stored.two_workers(stored.materials_lake(folder / "every", every))
        rows += stored.read_back(folder)
    return rows


def _prdf(structures: Sequence[Structure], cutoff: float, passes: int, goal: float) -> Row:
    """Against matminer, whose counts of pairs must be the same to the last one."""
    what = f"PRDF to {cutoff:g} angstrom, {len(structures)} structures"
    crystals = [crystal_of(s) for s in structures]
    labels = [[_symbol(number) for number in c.elements()[0]] for c in crystals]

    def ours() -> list[dict[tuple[str, str], Floats]]:
        return [
            prdf(c.lattice, c.cartesian, c.elements()[1], known, cutoff=cutoff, bin_size=BIN_SIZE)
            for c, known in zip(crystals, labels, strict=True)
        ]

    taken = _seconds(ours)
    found = _matminer.partials(structures, cutoff, BIN_SIZE, passes)
    if found is None:
        against = f"matminer not measured: no {_matminer.PYTHON}"
        return _row(what, against, len(structures), taken, None, goal)
    for structure, mine, other in zip(structures, ours(), found[1], strict=True):
        for (a, b), values in mine.items():
            atoms = structure.composition.element_composition[a]
            assert (_counts(values, atoms) == _counts(other[a, b][: len(values)], atoms)).all()
    return _row(what, "matminer, same counts", len(structures), taken, found[0], goal)


def _counts(values: Floats, atoms: float) -> Floats:
    """Pairs in each bin, which is what the two must agree in; each divides in its own order."""
    edges = BIN_SIZE * np.arange(len(values) + 1)
    pairs = values * (4 / 3 * np.pi * np.diff(edges**3)) * atoms
    counts = np.rint(pairs)
    np.testing.assert_allclose(pairs, counts, rtol=1e-9, atol=1e-9)
    return counts


def _gaussians(structures: Sequence[Structure]) -> Row:
    pairs = [neighbour_pairs(s.lattice.matrix, s.cart_coords, 10.0).distance for s in structures]
    work = [(distance, np.ones_like(distance)) for distance in pairs]
    for one in work:
        expected = _references.dense_gaussians(*one, **GRID)
        assert np.abs(gaussian_sum(*one, **GRID) - expected).max() <= 1e-9 * expected.max()
    ours = _seconds(lambda: [gaussian_sum(*one, **GRID) for one in work])
    theirs = _seconds(lambda: [_references.dense_gaussians(*one, **GRID) for one in work])
    return _row("RDC, sums of Gaussians", "dense NumPy, within 1e-9", len(work), ours, theirs, 9.0)


def _ewald(structures: Sequence[Structure]) -> Row:
    """Of primitive cells of limited size: the time of dscribe grows with their fourth power."""
    atoms = _references.primitive_atoms(structures, EWALD_ATOMS)
    crystals = [
        Crystal(
            a.cell.array, a.get_scaled_positions(), np.arange(len(a)), a.numbers, np.ones(len(a))
        )
        for a in atoms
    ]
    ours = _described("ewald_matrix", crystals)
    theirs = _seconds(_references.ewald(atoms, EWALD_ATOMS), passes=1)
    what = f"Ewald matrix, cells of at most {EWALD_ATOMS} atoms"
    return _row(what, "dscribe", len(atoms), ours, theirs, 3.0)


def _graphs(structures: Sequence[Structure]) -> list[Row]:
    """From crystals to edges, against both ways that pymatgen gives a radius graph."""
    descriptor = descriptors()["crystal_graph"]
    cutoff = descriptor.parameters["cutoff"]
    ours = _described("crystal_graph", [crystal_of(s) for s in structures])
    flat = _seconds(lambda: [s.get_neighbor_list(cutoff) for s in structures])
    objects = _seconds(lambda: [s.get_all_neighbors(cutoff) for s in structures], passes=1)
    n = len(structures)
    what = f"crystal graph to {cutoff:g} angstrom"
    return [
        _row(what, "pymatgen get_neighbor_list", n, ours, flat, 3.0),
        _row(what, "pymatgen get_all_neighbors", n, ours, objects, None),
    ]


def _pair_rates(structures: Sequence[Structure]) -> list[Row]:
    """Pairs a second of what is bound by its neighbours, as a share of pymatgen's list."""
    crystals = [crystal_of(s) for s in structures]
    rows = []
    for name, cutoff in (("prdf", 10.0), ("rdc", 8.0), ("crystal_graph", 5.0)):
        pairs = sum(len(neighbour_pairs(c.lattice, c.cartesian, cutoff).distance) for c in crystals)
        ours = _described(name, crystals)
        listed = _seconds(lambda reach=cutoff: [s.get_neighbor_list(reach) for s in structures])
        rows.append(
            {
                "what": f"{name}, pairs within {cutoff:g} angstrom",
                "against": "pymatgen get_neighbor_list, nothing done with the pairs",
                "ratio": listed / ours,
                "ours": pairs / ours / 1e6,
                "theirs": pairs / listed / 1e6,
                "goal": None,
                "unit": "million pairs/s",
            }
        )
    return rows


def _described(name: str, crystals: Sequence[Crystal]) -> float:
    descriptor = descriptors()[name]
    return _seconds(lambda: descriptor.run_all(crystals, descriptor.settings()))


def _symbol(number: int) -> str:
    from pymatgen.core import Element

    return str(Element.from_Z(int(number)).symbol)


def _row(
    what: str, against: str, n: int, ours: float, theirs: float | None, goal: float | None
) -> Row:
    return {
        "what": what if "structures" in what else f"{what}, {n} structures",
        "against": against,
        "ratio": None if theirs is None else theirs / ours,
        "ours": n / ours,
        "theirs": None if theirs is None else n / theirs,
        "goal": goal,
        "unit": "structures/s",
    }


def _seconds(work: Callable[[], object], passes: int = 3) -> float:
    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    once()
    return median(once() for _ in range(passes))


if __name__ == "__main__":
    for row in run():
        print(row)
