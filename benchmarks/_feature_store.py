"""What the feature store costs: from lake to lake, by processes, a second time, and read back."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import _feast
from features.compute import Work, compute, processes
from features.descriptor import descriptors
from features.reading import Matrix
from features.store import FeatureStore
from registry.lake import Lake, now
from registry.parallel import mapper
from registry.records import Provenance
from registry.structures import material_of, material_row

if TYPE_CHECKING:
    from pymatgen.core import Structure

Row = dict[str, Any]
CARD = ("coulomb_matrix", "prdf", "rdc", "soap")
STORED_GOAL = 1 / 1.1
"""Describing and storing takes at most 1.1 times what the library alone takes."""
VECTORS, WIDTH = 10_000, 1_000
SEED = 2026
PEAK = """
import sys
from pathlib import Path
from features.store import FeatureStore
from registry.lake import Lake

def resident(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024

store = FeatureStore(Lake.existing(sys.argv[1]))
ids = store.lake.sql("SELECT entity_id FROM features ORDER BY hash(entity_id)")["entity_id"]
ids = ids.to_pylist()
store.matrix("view", ids[:1])
before = resident("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
matrix, _ = store.matrix("view", ids)
print((resident("VmHWM") - before) / matrix.nbytes)
"""


def materials_lake(folder: Path, structures: Sequence[Structure]) -> Path:
    """A lake with nothing but the structures; those that spglib fails on are left out."""
    origin = Provenance("benchmark", "1")
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for structure in structures:
            try:
                rows.append(material_row(material_of(structure, provenance=origin)))
            except ValueError:
                continue
    Lake.open(folder).append("materials", rows)
    return folder


def lake_to_lake(name: str, alone: Callable[[], object], n: int, materials: Path) -> Row:
    """From rows of the lake to rows of the lake, against a library on what it needs, held ready.

    The two take turns, so that both meet the same other load of the machine.
    """
    ours, theirs = [], []
    for turn in range(4):
        lake = _copy(materials, f"{name}-{turn}")
        ours.append(_seconds(lambda lake=lake: FeatureStore(Lake.existing(lake)).compute(name)))
        theirs.append(_seconds(alone))
        shutil.rmtree(lake)
    mine, other = median(ours[1:]), median(theirs[1:])
    return {
        "what": f"{name} from lake to lake, {n} structures",
        "against": "dscribe alone on ready atoms",
        "ratio": other / mine,
        "ours": n / mine,
        "theirs": n / other,
        "goal": STORED_GOAL,
        "unit": "structures/s",
    }


def fixed_cost(name: str, n: int, materials: Path) -> Row:
    """What of :func:`lake_to_lake` does not depend on how many structures there are."""
    taken: dict[str, list[float]] = {"false": [], "true": []}
    for turn in range(4):
        for where, seconds in taken.items():
            lake = _copy(materials, f"{name}-{where}-{turn}")
            store = FeatureStore(Lake.existing(lake))
            seconds.append(_seconds(lambda s=store, w=where: s.compute(name, where=w)))
            shutil.rmtree(lake)
    none, every = (median(seconds[1:]) for seconds in taken.values())
    what = f"{name} of no structure: one query, one commit"
    return _row(what, f"of {n} structures", none, every, None, "s")


def two_workers(materials: Path) -> list[Row]:
    """Four descriptors by one process and by two, and what a second run costs."""
    # kernels are compiled once on a machine, before anything is timed
    _card(_copy(materials, "warm"), 2)
    one, lake = _card(_copy(materials, "one"), 1)
    two, _ = _card(_copy(materials, "two"), 2)
    one_warm, _ = _card(_copy(materials, "one-warm"), 1, warm=True)
    two_warm, _ = _card(_copy(materials, "two-warm"), 2, warm=True)
    card = ", ".join(CARD)
    n = lake.sql("SELECT count(*) AS n FROM materials")["n"][0].as_py()
    alone, both = (_arithmetic(workers) for workers in (1, 2))
    return [
        _row(
            "plain arithmetic, 2 workers", "1 worker: all there is to gain", both, alone, None, "s"
        ),
        _row(f"{card} of {n} structures, 2 workers", "1 worker", two, one, 1.8, "s"),
        _row("the same, kernels loaded", "1 worker, kernels loaded", two_warm, one_warm, None, "s"),
        _second_run(lake),
    ]


def _arithmetic(workers: int) -> float:
    """Seconds of work that needs nothing but processors."""
    with mapper(workers) as run:
        list(run(_sum_of_squares, [1000, 1000]))
        return _seconds(lambda: list(run(_sum_of_squares, [2_000_000] * 16)))


def _sum_of_squares(n: int) -> int:
    return sum(k * k for k in range(n))


def _card(materials: Path, workers: int, warm: bool = False) -> tuple[float, Lake]:
    """Seconds for the four; ``warm``, when each process has its libraries and kernels loaded."""
    lake = Lake.existing(materials)

    def describe_all(where: str) -> None:
        for name in CARD:
            descriptor = descriptors()[name]
            compute(lake, descriptor, descriptor.settings(), where, Work(run, workers))

    with processes(workers, used=[descriptors()[name] for name in CARD]) as run:
        if warm:
            describe_all("material_id < '04'")
        return _seconds(lambda: describe_all("true")), lake


def _second_run(lake: Lake) -> Row:
    """Opening the lake and finding that nothing is missing, against just that."""
    view = FeatureStore(lake).compute("rdc").view_id
    question = (
        "SELECT material_id FROM materials ANTI JOIN "
        "(SELECT entity_id FROM features WHERE view_id = $1) ON material_id = entity_id"
    )
    ours, theirs = [], []
    for _ in range(5):
        ours.append(_seconds(lambda: FeatureStore(Lake.existing(lake.path)).compute("rdc")))
        theirs.append(_seconds(lambda: Lake.existing(lake.path).sql(question, [view])))
    return {
        "what": "a second run, which computes nothing",
        "against": "opening the lake and one anti-join",
        "ratio": median(theirs) / median(ours),
        "ours": median(ours),
        "theirs": median(theirs),
        "goal": None,
        "unit": "s",
    }


def read_back(folder: Path) -> list[Row]:
    """A training matrix and one vector, against Feast's historical retrieval."""
    lake = _vectors(folder / "vectors")
    store = FeatureStore(lake)
    ids = lake.sql("SELECT entity_id FROM features ORDER BY hash(entity_id)")["entity_id"]
    asked = ids.to_pylist()
    matrix, _ = store.matrix("view", asked)
    ours = median(_seconds(lambda: store.matrix("view", asked)) for _ in range(5))
    single = median(_seconds(lambda n=n: store.vector("view", asked[n])) for n in range(50))
    peak = subprocess.run(
        [sys.executable, "-c", PEAK, lake.uri], capture_output=True, text=True, check=True
    )
    what = f"{VECTORS} x {WIDTH} features into a matrix"
    rows = [
        _row("most memory meanwhile", "size of the matrix", float(peak.stdout), 1.0, None, "sizes"),
        _row("one vector by id", "the matrix", single, ours, None, "s"),
    ]
    (file,) = lake["features"].files()
    bare = median(_seconds(lambda: _bare(file)) for _ in range(5))
    rows.append(_row(what, "the column alone by pq.read_table", ours, bare, None, "s"))
    theirs = _feast.measured(folder, file, WIDTH, asked)
    if theirs is None:
        return [_row(what, f"Feast not measured: no {_feast.PYTHON}", ours, None, 50.0, "s"), *rows]
    for path in (file, str(folder / "wide.parquet")):
        np.testing.assert_array_equal(np.load(f"{path}.npy"), matrix)
    return [
        _row(what, "Feast, historical retrieval, same Parquet", ours, theirs["vectors"], 50.0, "s"),
        _row(what, "Feast, each feature a column", ours, theirs["wide"], None, "s"),
        *rows,
    ]


def _bare(file: str) -> Matrix:
    """The vectors as they lie in the file, nothing looked up and no page proved."""
    vectors = pq.read_table(file, columns=["vector"])["vector"].combine_chunks()
    matrix: Matrix = vectors.flatten().to_numpy().reshape(-1, WIDTH)
    return matrix


def _vectors(folder: Path) -> Lake:
    """A lake with one view of random vectors."""
    values = np.random.default_rng(SEED).normal(size=VECTORS * WIDTH).astype(np.float32)
    ids = [f"{n:032x}" for n in range(VECTORS)]
    view = {"view_id": "view", "view": "random", "version": "1", "entity": "material", "rows": ""}
    lake = Lake.open(folder)
    lake.append(
        "feature_views", [{**view, "parameters": "{}", "width": WIDTH, "created_at": now()}]
    )
    offsets = pa.array(np.arange(VECTORS + 1) * WIDTH, pa.int32())
    columns = {
        "entity_id": pa.array(ids),
        "view_id": pa.repeat("view", VECTORS),
        "view": pa.repeat("random", VECTORS),
        "vector": pa.ListArray.from_arrays(offsets, pa.array(values)),
        "n_rows": pa.repeat(1, VECTORS),
        "computed_at": pa.repeat(pa.scalar(now(), pa.timestamp("us", tz="UTC")), VECTORS),
    }
    lake.append("features", pa.table(columns))
    return lake


def _row(
    what: str, against: str, ours: float, theirs: float | None, goal: float | None, unit: str
) -> Row:
    ratio = None if theirs is None else theirs / ours
    told = {"ours": ours, "theirs": theirs, "ratio": ratio}
    return {"what": what, "against": against, **told, "goal": goal, "unit": unit}


def _copy(lake: Path, name: str) -> Path:
    return Path(shutil.copytree(lake, lake.with_name(name)))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
