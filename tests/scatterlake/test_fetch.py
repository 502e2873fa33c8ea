"""``scatterlake fetch`` as a user types it, from a small OPTIMADE database on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from registry.lake import Lake

Run = Callable[..., subprocess.CompletedProcess[str]]


def salt(name: str, size: float, cation: str = "Na") -> dict[str, Any]:
    """Rock salt in the terms of OPTIMADE."""
    half = size / 2
    return {
        "type": "structures",
        "id": name,
        "attributes": {
            "lattice_vectors": [[0, half, half], [half, 0, half], [half, half, 0]],
            "cartesian_site_positions": [[0, 0, 0], [half, half, half]],
            "species": [
                {"name": s, "chemical_symbols": [s], "concentration": [1]} for s in ("Na", "Cl")
            ],
            "species_at_sites": [cation, "Cl"],
        },
    }


ANSWERS: dict[str, dict[str, Any]] = {
    "/v1/info": {"data": {"attributes": {"api_version": "1.2.0"}}, "meta": {}},
    "/v1/info/structures": {"data": {"properties": {"species": {}}}},
    "/v1/structures": {"data": [salt("a", 5.64), salt("b", 5.70), salt("c", 5.8, "Xx")]},
}


class Database(BaseHTTPRequestHandler):
    """The same structures whatever is asked."""

    def do_GET(self) -> None:
        content = json.dumps(ANSWERS[self.path.partition("?")[0]]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def provider() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    environment = {k: v for k, v in os.environ.items() if k != "MP_API_KEY"}

    def call(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from scatterlake.cli import main; main()", *args]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return call


def test_structures_are_fetched_and_a_bad_one_is_named(
    run: Run, provider: str, tmp_path: Path
) -> None:
    options = ("--provider", provider, "--filter", 'elements HAS "Na"', "--pause", "0")
    done = run("fetch", "optimade", *options)
    assert done.returncode == 1, done.stderr
    assert "Xx" in done.stdout
    rows = Lake.existing(tmp_path / "lake").sql("select formula from materials").to_pylist()
    assert rows == [{"formula": "NaCl"}] * 2
    limited = run("fetch", "optimade", *options, "--limit", "2", "--cache-hours", "0")
    assert limited.returncode == 0, limited.stderr
    assert "documents already there" in limited.stdout


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("optimade",), "address of the database"),
        (("optimade", "--provider", "nowhere"), "an address"),
        (("optimade", "--provider", "http://x", "--set", "formla=NaN"), "formla"),
        (("optimade", "--set", "formula"), "NAME=VALUE"),
        (("optimad",), "materials_project"),
        (("materials_project", "--set", "formula=FeO"), "MP_API_KEY"),
    ],
)
def test_wrong_use_is_explained_and_the_exit_code_is_two(
    run: Run, command: tuple[str, ...], complaint: str
) -> None:
    done = run("fetch", *command)
    assert done.returncode == 2, done.stdout
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
