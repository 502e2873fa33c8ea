"""A lake to write to, in a folder and in a bucket, and rows to write."""

from __future__ import annotations

import runpy
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.lake import Lake

Curves = Callable[..., list[dict[str, Any]]]
WRITER = Path(__file__).with_name("write_rows.py")
BUCKET = "lakes"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Address of an S3 service of our own on loopback, with a bucket."""
    import boto3

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)
        client.create_bucket(Bucket=BUCKET)
        yield url
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Address of an empty prefix; how to reach it is in the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("SCATTERLAKE_HOME", str(tmp_path / "home"))
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address for a new lake, on every kind of storage."""
    if request.param == "folder":
        return str(tmp_path / "lake")
    return str(request.getfixturevalue("bucket"))


@pytest.fixture(scope="session")
def curves() -> Curves:
    made: Curves = runpy.run_path(str(WRITER))["curves"]
    return made


@pytest.fixture
def write_at_once() -> Callable[..., int]:
    """Start one process per first row, each some commits of rows; returns rows acknowledged."""

    def run(lake: Lake, firsts: list[int], commits: int = 5, size: int = 10) -> int:
        commands = [
            [sys.executable, str(WRITER), lake.uri, str(first), str(commits), str(size)]
            for first in firsts
        ]
        running = [subprocess.Popen(c, stdout=subprocess.PIPE, text=True) for c in commands]
        outputs = [process.communicate()[0] for process in running]
        return sum(int(line.split()[1]) for text in outputs for line in text.splitlines())

    return run


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"no S3 service on port {port}")
