"""The question to a Tiled server, by its Python client. Runs in Tiled's own Python.

``python -m benchmarks._question_tiled URL FOLDER`` registers the files that ``_tiled`` wrote to the
folder and prints, as JSON, Tiled's version and the median duration (s) and answer of three routes:

- a node for each curve, found by the server through its metadata;
- one table with a row for each point, read whole (a Parquet column of lists comes back as text, so
  a row for each curve is no route);
- one array with a row for each curve, of which the window is read; for curves on one axis only.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tiled
from tiled.client import from_uri
from tiled.queries import Contains, Key

from benchmarks._question import BELOW, ELEMENT, Q1, Q2


def main(url: str, folder: Path) -> None:
    client = from_uri(url)
    curves = client.register(folder / "curves.parquet", key="curves")
    asks = {
        "nodes": _nodes(client, folder / "nodes"),
        "table": _table(client, folder, curves),
        "array": _array(client, folder, curves),
    }
    routes = {route: _measured(ask) for route, ask in asks.items()}
    print(json.dumps({"version": tiled.__version__, "routes": routes}))


def _nodes(client: Any, folder: Path) -> Callable[[], float]:
    nodes = client.create_container("nodes")
    for name, metadata in json.loads((folder / "metadata.json").read_text()).items():
        nodes.register(folder / f"{name}.npy", key=name, metadata=metadata)

    def ask() -> float:
        found = nodes.search(Key("temperature") < BELOW).search(Contains("elements", ELEMENT))
        return statistics.fmean(_mean(*node.read()) for node in found.values())

    return ask


def _mean(x: Any, y: Any) -> float:
    return float(y[(x >= Q1) & (x <= Q2)].mean())


def _table(client: Any, folder: Path, curves: Any) -> Callable[[], float]:
    points = client.register(folder / "points.parquet", key="points")

    def ask() -> float:
        about = curves.read()
        rows = points.read(["curve", "x", "intensity"])
        rows = rows[rows.curve.isin(about[_wanted(about)].curve) & rows.x.between(Q1, Q2)]
        return float(rows.groupby("curve").intensity.mean().mean())

    return ask


def _array(client: Any, folder: Path, curves: Any) -> Callable[[], float]:
    axis = client.register(folder / "x.npy", key="x")
    intensity = client.register(folder / "intensity.npy", key="intensity")

    def ask() -> float:
        x = axis.read()
        window = slice(int((x < Q1).sum()), int((x <= Q2).sum()))
        return float(intensity[:, window][_wanted(curves.read()).to_numpy()].mean(dtype=float))

    return ask


def _wanted(curves: Any) -> Any:
    return (curves.temperature < BELOW) & curves.elements.str.contains(ELEMENT)


def _measured(ask: Callable[[], float]) -> tuple[float, float]:
    answer, times = ask(), []
    for _ in range(3):
        start = time.perf_counter()
        ask()
        times.append(time.perf_counter() - start)
    return statistics.median(times), answer


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
