"""A Tiled server on this machine with the curves of ``bench_question``, for as long as it is asked.

Tiled is not a dependency: the server and its client run in a Python of their own.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks._curves import POINTS

START_SECONDS = 60.0
Elements = Mapping[str, Sequence[str]]


def measured(
    python: str, folder: Path, spectra: pa.Table, nodes: int, elements: Elements
) -> tuple[str, dict[str, tuple[float, float]]]:
    """Tiled's version; duration (s) and answer of each route of ``_question_tiled``.

    Args:
        python: A Python that has Tiled.
        folder: Where its files shall be; created.
        spectra: All curves.
        nodes: How many of them get a node each.
        elements: Elements by material.
    """
    files = folder / "files"
    _write_nodes(files / "nodes", spectra[:nodes], elements)
    _write_whole(files, spectra, elements)
    with _served(python, folder) as (url, environment):
        answer = subprocess.run(
            [python, "-m", "benchmarks._question_tiled", url, str(files)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env=environment,
        )
    said = json.loads(answer.stdout)
    return said["version"], said["routes"]


def _write_nodes(folder: Path, spectra: pa.Table, elements: Elements) -> None:
    """One array (2, points) a curve: the client then needs one request for x and intensity."""
    folder.mkdir(parents=True)
    metadata = {}
    columns = ("spectrum_id", "material_id", "temperature", "x", "intensity")
    for name, material, temperature, x, y in zip(*(spectra[c] for c in columns), strict=True):
        np.save(folder / f"{name}.npy", np.stack([x.values.to_numpy(), y.values.to_numpy()]))
        metadata[name.as_py()] = {
            "elements": elements[material.as_py()],
            "temperature": temperature.as_py(),
        }
    (folder / "metadata.json").write_text(json.dumps(metadata))


def _write_whole(folder: Path, spectra: pa.Table, elements: Elements) -> None:
    """All curves as one table of points and as one array, and a table of what is known of each."""
    texts = ["-".join(elements[m]) for m in spectra["material_id"].to_pylist()]
    number = np.arange(len(spectra), dtype=np.int32)
    about = {"curve": number, "elements": texts, "temperature": spectra["temperature"]}
    pq.write_table(pa.table(about), folder / "curves.parquet")
    x, y = (pc.list_flatten(spectra[name]) for name in ("x", "intensity"))
    points = {"curve": np.repeat(number, POINTS), "x": x, "intensity": y}
    pq.write_table(pa.table(points), folder / "points.parquet")
    np.save(folder / "x.npy", x[:POINTS])
    np.save(folder / "intensity.npy", y.to_numpy().reshape(-1, POINTS))


@contextmanager
def _served(python: str, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """URL of a server with an empty SQLite catalog, and the environment its client needs."""
    port, key = _free_port(), secrets.token_hex(16)
    catalog = ["catalog", str(folder / "catalog.db"), "--init", "-r", str(folder / "files")]
    address = ["--host", "127.0.0.1", "--port", str(port), "--api-key", key]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [python, "-m", "tiled", "serve", *catalog, *address], stdout=log, stderr=log
        )
    try:
        _wait(server, port, folder / "server.log")
        yield f"http://127.0.0.1:{port}", {**os.environ, "TILED_API_KEY": key}
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"Tiled's server did not start:\n{log.read_text()}")
