"""A lake in a bucket: reached by options or environment, and a server that dies at work."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from registry.errors import LakeError
from registry.lake import Lake
from registry.tables.maintenance import vacuum
from registry.tables.storage import Storage

Curves = Callable[..., list[dict[str, Any]]]


class Gate:
    """A relay in front of the server, in a process of its own."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, str(Path(__file__).with_name("gate.py")), str(port)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._said())

    def let_in(self, count: int) -> None:
        """Let in so many bytes from now on; any number if negative."""
        assert self._process.stdin
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        assert self._said() == "set"

    def close(self) -> None:
        self._process.communicate()

    def _said(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@pytest.fixture
def gate(s3_server: str) -> Iterator[Gate]:
    port = urlsplit(s3_server).port
    assert port
    gate = Gate(port)
    yield gate
    gate.close()


def options(port: int) -> dict[str, str]:
    return {
        "aws_endpoint_url": f"http://127.0.0.1:{port}",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "aws_region": "us-east-1",
        "aws_allow_http": "true",
        "max_retries": "1",
        "retry_timeout": "2s",
    }


@pytest.mark.parametrize("let_in", [0, 3_000, 60_000, 80_000, 90_000, 100_000, 110_000, 10**9])
def test_a_server_that_dies_in_the_middle_of_a_write_harms_nothing(
    bucket: str, gate: Gate, curves: Curves, let_in: int
) -> None:
    lake = Lake.open(bucket, options(gate.port))
    lake.append("spectra", curves(range(10)))
    rows = curves(range(10, 110), points=400)
    gate.let_in(let_in)
    try:
        acknowledged = lake.append("spectra", rows)
    except LakeError as error:
        assert "s3://lakes" in str(error) or "'spectra'" in str(error)
        acknowledged = 0
    gate.let_in(-1)
    there = lake.sql("select count(*) as n from spectra")["n"][0].as_py()
    # a commit whose answer was lost may have succeeded, an acknowledged one has
    assert there == 110 if acknowledged else there in {10, 110}
    assert acknowledged or let_in < 10**9
    lake.append("spectra", rows)
    counted = lake.sql("select count(*) as n, count(distinct spectrum_id) as d from spectra")
    assert counted.to_pylist() == [{"n": 110, "d": 110}]


def test_a_server_that_is_not_there_is_an_error_that_names_the_place(s3_server: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    with pytest.raises(LakeError, match="s3://lakes/none"):
        Lake.existing("s3://lakes/none", options(closed))


def test_options_given_as_arguments_reach_the_bucket_without_environment(
    s3_server: str, curves: Curves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    given = options(urlsplit(s3_server).port or 0)
    lake = Lake.open("s3://lakes/by-options", {key.upper(): value for key, value in given.items()})
    lake.append("spectra", curves(range(3)))
    same: Lake = pickle.loads(pickle.dumps(lake))
    assert same.sql("select count(*) as n from spectra")["n"][0].as_py() == 3


def test_orphans_in_a_bucket_are_cleaned_too(bucket: str, curves: Curves) -> None:
    from datetime import timedelta

    lake = Lake.open(bucket)
    lake.append("spectra", curves(range(3)))
    orphan = lake["spectra"].write([lake["spectra"].schema.arrow.empty_table()])
    assert vacuum(lake["spectra"], [], timedelta(0)) == 1
    assert not lake["spectra"].storage.exists(orphan.path)
    assert lake.sql("select count(*) as n from spectra")["n"][0].as_py() == 3


ENDING = """
import sys, threading, time
from registry.tables.storage import Storage
files, read = Storage.of(sys.argv[1]).files, threading.Event()
def hold():
    piece = files.open_input_file("rows").read_buffer()
    read.set()
    time.sleep(0.5)
    print(piece.to_pybytes().decode(), flush=True)
threading.Thread(target=hold, daemon=True).start()
read.wait()
"""


def test_a_process_ends_after_its_threads_let_go_of_what_they_read(bucket: str) -> None:
    # Arrow's threads would abort it: they cannot be stopped here at the worst moment, others can
    Storage.of(bucket).write("rows", b"read to the end")
    command = [sys.executable, "-c", ENDING, bucket]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout == "read to the end\n"


def test_what_is_drawn_of_a_lake_in_a_bucket_lies_on_this_machine(bucket: str) -> None:
    lake = Lake.open(bucket)
    assert lake.pictures.is_dir()
    assert lake.path == Storage.of(bucket).folder


@pytest.mark.parametrize("address", ["ftp://somewhere/lake", "s3://", "s3:///lake"])
def test_another_kind_of_address_is_refused(address: str) -> None:
    with pytest.raises(LakeError, match=address):
        Lake.open(address)
