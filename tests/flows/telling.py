"""A decision, and a web hook on loopback that keeps what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from flows.stack.services import HOST
from registry.lake import now
from training.evaluation import Interval
from training.evidence import PROMOTED, Record
from training.signs import Sign

TOKEN = "secret-token"
RECORD = Record(
    at=now(),
    study="storage_ring",
    champion=1,
    signs=(
        Sign("new_rows", True, "120 new rows, 100 are asked for", {"new": 120}),
        Sign("retracted", False, "0 members are withdrawn", {"withdrawn": 0}),
    ),
    snapshot={"spectra": 3},
    outcome=PROMOTED,
    reason="version 2 promoted: better",
    challenger=2,
    interval=Interval(0.2, 0.1, 0.3),
    by="somebody",
)


@dataclass(frozen=True)
class Hook:
    """Where it listens, and what it heard."""

    url: str
    heard: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def hook(status: int = 200) -> Iterator[Hook]:
    """A hook that answers with this status."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            heard.append(json.loads(self.rfile.read(size)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Hook(f"http://{HOST}:{server.server_port}/{TOKEN}", heard)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
