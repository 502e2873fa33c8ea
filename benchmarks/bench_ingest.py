"""Many small text files into a lake, against reading and parsing them alone."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._curves import row
from ingest.files import ingest_files
from ingest.readers import Source, reader_for
from registry.lake import Lake

FILES, POINTS = 1000, 300
WORKERS = 2


def run() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths = _write(folder / "files")
        _parse(paths[:10])  # imports what readers import late
        theirs = _seconds(lambda: _parse(paths))
        against = f"reading and parsing the {FILES} files in one process"
        rows = []
        for workers in (1, WORKERS):
            lake = Lake.open(folder / f"lake{workers}")
            ours = _seconds(lambda lake=lake, n=workers: ingest_files(lake, paths, workers=n))
            (stored,) = lake.sql("SELECT count(*) AS n FROM spectra").to_pylist()
            assert stored["n"] == FILES
            what = f"ingest {FILES} text files of {POINTS} points, {workers} worker(s)"
            rows.append(row(what, against, (ours, theirs), 1 / 1.3))
        return rows


def _seconds(work: Any) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _parse(paths: list[Path]) -> None:
    for path in paths:
        source = Source(path, path.read_bytes())
        reader_for(source).read(source)


def _write(folder: Path) -> list[Path]:
    """Small-angle curves, each with another radius of gyration (angstrom) and counted anew."""
    folder.mkdir()
    random = np.random.default_rng(2021)
    q = np.linspace(0.01, 0.3, POINTS)
    paths = []
    for n in range(FILES):
        counts = random.poisson(1e4 * np.exp(-((q * (10 + n / 50)) ** 2) / 3)) + 1
        lines = [f"{x:.5f} {y} {y**0.5:.3f}" for x, y in zip(q, counts, strict=True)]
        paths.append(folder / f"curve{n:04d}.dat")
        paths[-1].write_text(f"# SAXS of sample {n}\n# Q(1/A) I dI\n" + "\n".join(lines) + "\n")
    return paths
