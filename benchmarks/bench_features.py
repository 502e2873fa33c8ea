"""Speed of the descriptors and of the feature store on mineral structures of AMCSD.

``python -m benchmarks.bench_features`` prints the rows. The structures are a seeded sample; times
are the median of three passes in one process. matminer needs an older pandas: name a Python that
has it in SCATTERLAKE_MATMINER_PYTHON, or the slow reference is a plain NumPy double loop.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.bench_simulators import amcsd_sample
from features.crystal import crystal_of
from features.descriptor import descriptors
from features.materials import coulomb_matrix, rdc, soap
from features.materials._neighbours import neighbour_pairs
from features.materials._primitive import Cell, primitive_cell
from features.materials.prdf import prdf
from features.store import FeatureStore
from registry.lake import Lake
from registry.records import Floats, Provenance
from registry.structures import material_of, material_row

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure

STRUCTURES = 400
WITH_MATMINER = 40
CUTOFF, BIN_SIZE = 10.0, 0.1
Row = dict[str, Any]

MATMINER = """
import json, sys, time, warnings
from statistics import median
warnings.simplefilter("ignore")
from pymatgen.core import Structure
from matminer.featurizers.structure import CoulombMatrix, PartialRadialDistributionFunction

def seconds(work):
    def once():
        start = time.perf_counter()
        work()
        return time.perf_counter() - start
    return median(once() for _ in range(3))

structures = [Structure.from_dict(d) for d in json.load(sys.stdin)]
prdf = PartialRadialDistributionFunction(cutoff=%s, bin_size=%s)
coulomb = CoulombMatrix(flatten=True).fit(structures)
print(json.dumps({
    "prdf": seconds(lambda: [prdf.compute_prdf(s) for s in structures]),
    "coulomb": seconds(lambda: [coulomb.featurize(s) for s in structures]),
}))
"""


STORED_GOAL = 1 / 1.1
"""Describing and storing takes at most 1.1 times what dscribe alone takes."""


def run() -> list[Row]:
    """Benchmark rows."""
    ordered = [s for s in amcsd_sample(STRUCTURES) if s.is_ordered and s.is_valid(0.5)]
    with tempfile.TemporaryDirectory() as folder:
        materials = _materials(Path(folder), ordered)
        return [
            *_against_matminer(ordered[:WITH_MATMINER]),
            _rdc(ordered),
            _stored("coulomb_matrix", _dscribe_coulomb(ordered), len(ordered), materials),
            _stored("soap", _dscribe_soap(ordered), len(ordered), materials),
            _second_run(materials),
        ]


def _against_matminer(structures: list[Structure]) -> list[Row]:
    ours = {
        "prdf": _seconds(lambda: [_prdf(s) for s in structures]),
        "coulomb": _seconds(lambda: [_describe("coulomb_matrix", s) for s in structures]),
    }
    python = os.environ.get("SCATTERLAKE_MATMINER_PYTHON")
    if python is None:
        few = [s for s in structures if len(s) <= 12]
        fast = _seconds(lambda: [_prdf(s) for s in few])
        slow = _seconds(lambda: [_double_loop(s) for s in few])
        return [_row("PRDF", "NumPy double loop", len(few), fast, slow, None)]
    answer = subprocess.run(
        [python, "-c", MATMINER % (CUTOFF, BIN_SIZE)],
        input=json.dumps([s.as_dict() for s in structures]),
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = json.loads(answer.stdout)
    n = len(structures)
    return [
        _row("PRDF", "matminer", n, ours["prdf"], theirs["prdf"], 280.0),
        _row("Coulomb matrix", "matminer", n, ours["coulomb"], theirs["coulomb"], None),
    ]


def _describe(name: str, structure: Structure) -> Floats:
    descriptor = descriptors()[name]
    return descriptor.run(structure, descriptor.settings())


def _prdf(structure: Structure) -> dict[tuple[str, str], Floats]:
    elements, shares = occupancies(structure)
    labels = [element.symbol for element in elements]
    matrix, positions = structure.lattice.matrix, structure.cart_coords
    return prdf(matrix, positions, shares, labels, cutoff=CUTOFF, bin_size=BIN_SIZE)


def _double_loop(structure: Structure) -> dict[tuple[str, str], Floats]:
    """The definition: all images of all pairs of sites, one pair of sites at a time."""
    reach = (
        np.ceil(CUTOFF * np.array(structure.lattice.reciprocal_lattice_crystallographic.abc)) + 1
    )
    images = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach)), axis=-1).reshape(-1, 3)
    images = images @ structure.lattice.matrix
    edges = BIN_SIZE * np.arange(round(CUTOFF / BIN_SIZE) + 1)
    volume = 4 / 3 * np.pi * np.diff(edges**3)
    symbols = [site.specie.symbol for site in structure]
    result: dict[tuple[str, str], Floats] = {}
    for a, centre in zip(symbols, structure.cart_coords, strict=True):
        for b, other in zip(symbols, structure.cart_coords, strict=True):
            distance = np.linalg.norm(other + images - centre, axis=1)
            counts, _ = np.histogram(distance[distance > 1e-8], bins=edges)
            block = result.setdefault((a, b), np.zeros(len(volume)))
            block += counts / volume / symbols.count(a)
    return result


def _rdc(structures: list[Structure]) -> Row:
    grid = {"r_max": 8.0, "dr": 0.1, "alpha": 10.0}
    points = 0.1 * np.arange(1, 81)
    pairs = [neighbour_pairs(s.lattice.matrix, s.cart_coords, 10.0).distance for s in structures]
    work = [(distance, np.ones_like(distance)) for distance in pairs]

    def dense(distance: Floats, weight: Floats) -> Floats:
        return weight @ np.exp(-grid["alpha"] * (distance[:, None] - points) ** 2)

    def fast(distance: Floats, weight: Floats) -> Floats:
        return rdc.gaussian_sum(distance, weight, **grid)

    for one in work:
        expected = dense(*one)
        assert np.abs(fast(*one) - expected).max() <= 1e-9 * expected.max()
    ours = _seconds(lambda: [fast(*one) for one in work])
    theirs = _seconds(lambda: [dense(*one) for one in work])
    return _row("RDC sum of Gaussians", "dense NumPy", len(work), ours, theirs, 9.0)


def _dscribe_coulomb(structures: list[Structure]) -> Callable[[], object]:
    from ase import Atoms
    from dscribe.descriptors import CoulombMatrix

    size = coulomb_matrix.DESCRIPTOR.parameters["n_atoms_max"]
    dscribe = CoulombMatrix(n_atoms_max=size, permutation="eigenspectrum")
    atoms: list[Atoms] = []
    for structure in structures:
        numbers = np.array([e.Z for e in ordered_elements(structure, "benchmark")])
        cell = primitive_cell(Cell(structure.lattice.matrix, structure.frac_coords, numbers))
        if len(cell.numbers) <= size:
            atoms.append(Atoms(cell.numbers, scaled_positions=cell.positions, cell=cell.lattice))
    return lambda: [dscribe.create(a) for a in atoms]


def _dscribe_soap(structures: list[Structure]) -> Callable[[], object]:
    settings = soap.DESCRIPTOR.settings()
    dscribe = soap.power_spectrum(**settings)
    atoms = [soap.atoms_of(structure) for structure in structures]
    return lambda: [dscribe.create(a) for a in atoms]


def _materials(folder: Path, structures: list[Structure]) -> Path:
    """A lake with nothing but the structures."""
    origin = Provenance("benchmark", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = [material_row(material_of(s, provenance=origin)) for s in structures]
    Lake.open(folder / "materials").append("materials", rows)
    return folder / "materials"


def _stored(name: str, dscribe: Callable[[], object], n: int, materials: Path) -> Row:
    """From rows of the lake to rows of the lake, against dscribe on atoms held ready."""
    passes = iter(range(100))

    def compute() -> None:
        lake = materials.with_name(f"{name}-{next(passes)}")
        shutil.copytree(materials, lake)
        start = time.perf_counter()
        FeatureStore(Lake.existing(lake)).compute(name)
        times.append(time.perf_counter() - start)

    times: list[float] = []
    for _ in range(4):
        compute()
    what = f"{name} from lake to lake"
    return _row(what, "dscribe alone", n, median(times[1:]), _seconds(dscribe), STORED_GOAL)


def _second_run(materials: Path) -> Row:
    lake = materials.with_name("twice")
    shutil.copytree(materials, lake)
    store = FeatureStore(Lake.existing(lake))
    first, second = store.compute("rdc"), store.compute("rdc")
    return {
        "what": "structures computed by a second run",
        "against": "first run",
        "ratio": first.seconds / second.seconds,
        "ours": second.computed,
        "theirs": first.computed,
        "goal": 0,
        "unit": "structures",
    }


def _row(what: str, against: str, n: int, ours: float, theirs: float, goal: float | None) -> Row:
    return {
        "what": f"{what}, {n} structures",
        "against": against,
        "ratio": theirs / ours,
        "ours": n / ours,
        "theirs": n / theirs,
        "goal": goal,
        "unit": "structures/s",
    }


def _seconds(work: Callable[[], object]) -> float:
    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    once()
    return median(once() for _ in range(3))


if __name__ == "__main__":
    for row in run():
        print(row)
