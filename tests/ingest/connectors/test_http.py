"""Servers that are busy, slow, broken or hostile: tried again, or named and left."""

from __future__ import annotations

import gzip
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.connectors._http import Client, Manners
from registry.errors import BadInput

GOOD = {"data": [1, 2, 3]}


@pytest.fixture
def client(tmp_path: Path, quick: Manners) -> Iterator[Client]:
    with Client(tmp_path / "answers", quick, {"X-API-KEY": "secret"}) as client:
        yield client


def in_turn(*answers: Any) -> Callable[[str, dict[str, str]], Any]:
    """Give these answers one after the other."""
    left = list(answers)
    return lambda *_: left.pop(0)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(stub: Any, answer: Any, client: Client, status: int) -> None:
    stub.answer = in_turn(answer(status=status), answer(status=status), answer(GOOD))
    assert client.json(f"{stub.url}/a") == GOOD
    assert len(stub.asked) == 3


def test_a_server_that_stays_busy_is_named_with_what_it_said(
    stub: Any, answer: Any, client: Client
) -> None:
    stub.answer = lambda *_: answer(status=503)
    with pytest.raises(BadInput, match=r"/a: expected an answer, found status 503, 3 times"):
        client.json(f"{stub.url}/a")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_not_argued_with(stub: Any, answer: Any, client: Client, status: int) -> None:
    stub.answer = lambda *_: answer({"detail": "no such filter"}, status)
    with pytest.raises(BadInput, match=rf"status {status}.*no such filter"):
        client.json(f"{stub.url}/a")
    assert len(stub.asked) == 1


def test_a_cut_connection_is_tried_again_and_nothing_half_is_kept(
    stub: Any, answer: Any, client: Client, tmp_path: Path
) -> None:
    stub.answer = in_turn(answer(GOOD, missing=100), answer(GOOD))
    assert client.json(f"{stub.url}/a") == GOOD
    stub.answer = lambda *_: answer(GOOD, missing=100)
    with pytest.raises(BadInput, match="3 times"):
        client.json(f"{stub.url}/b")
    assert len(list((tmp_path / "answers").iterdir())) == 1


def test_no_server_at_all_is_said(client: Client) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(BadInput, match="ConnectError"):
        client.json(f"http://127.0.0.1:{port}/a")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"data": [1, 2', "JSONDecodeError"),
        (b"<html>maintenance</html>", "JSONDecodeError"),
        (b"\xff\xfe\x00", "Decode"),
        (b"[1, 2]", "a list"),
        (b'{"a":' + b"[" * 200_000, "RecursionError|JSONDecodeError"),
    ],
)
def test_what_is_no_json_object_is_named_and_not_kept(
    stub: Any, answer: Any, client: Client, tmp_path: Path, body: bytes, found: str
) -> None:
    stub.answer = lambda *_: answer(body)
    with pytest.raises(BadInput, match=found):
        client.json(f"{stub.url}/a")
    assert list((tmp_path / "answers").iterdir()) == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_huge_answer_is_refused_before_it_is_all_read(
    stub: Any, answer: Any, tmp_path: Path, quick: Manners, packed: bool
) -> None:
    huge = b'{"a": "' + b" " * 5_000_000 + b'"}'
    content = gzip.compress(huge) if packed else huge
    headers = {"Content-Encoding": "gzip"} if packed else {}
    stub.answer = lambda *_: answer(content, headers=headers)
    manners = replace(quick, most_bytes=1_000_000)
    with (
        Client(tmp_path / "answers", manners) as client,
        pytest.raises(BadInput, match="at most 1000000 bytes"),
    ):
        client.json(f"{stub.url}/a")


def test_an_answer_that_never_ends_is_given_up(tmp_path: Path, quick: Manners) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
                try:
                    while True:
                        connection.sendall(b" ")
                        time.sleep(0.02)
                except OSError:
                    return  # the client went away, as it should

        thread = threading.Thread(target=drip)
        thread.start()
        manners = replace(quick, attempts=1, deadline=0.2)
        with (
            Client(tmp_path / "answers", manners) as client,
            pytest.raises(BadInput, match="unfinished"),
        ):
            client.json(f"http://127.0.0.1:{port}/a")
        thread.join(10)
        assert not thread.is_alive()


def test_a_redirect_is_not_followed_with_the_key(stub: Any, answer: Any, client: Client) -> None:
    place = "http://elsewhere.invalid/a"
    stub.answer = lambda *_: answer(status=302, headers={"Location": place})
    with pytest.raises(BadInput, match=r"new address http://elsewhere\.invalid"):
        client.json(f"{stub.url}/a")


def waits(tmp_path: Path, stub: Any, manners: Manners, requests: int = 1) -> list[float]:
    """What the client wished to sleep, with a sleep that takes no time."""
    slept: list[float] = []
    with Client(tmp_path / "answers", manners, sleep=slept.append) as client:
        for n in range(requests):
            client.json(f"{stub.url}/{n}")
    return slept


@pytest.mark.parametrize("as_date", [False, True])
def test_the_wait_a_server_asks_for_is_kept_but_not_for_ever(
    stub: Any, answer: Any, tmp_path: Path, as_date: bool
) -> None:
    def asking(seconds: int) -> Any:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        return answer(status=429, headers={"Retry-After": date if as_date else str(seconds)})

    stub.answer = in_turn(asking(30), asking(9999), answer(GOOD))
    manners = Manners(pause=0.0, backoff=0.001, longest_wait=60.0)
    long = [wait for wait in waits(tmp_path, stub, manners) if wait > 1]
    assert long == [pytest.approx(30, abs=2), 60.0]


def test_waits_double_with_some_chance_in_them(stub: Any, answer: Any, tmp_path: Path) -> None:
    stub.answer = in_turn(*[answer(status=500)] * 4, answer(GOOD))
    slept = [w for w in waits(tmp_path, stub, Manners(pause=0.0, backoff=8.0)) if w > 0]
    assert all(4 * 2**n <= wait <= 8 * 2**n for n, wait in enumerate(slept))
    assert len(slept) == 4


def test_requests_keep_their_distance(stub: Any, answer: Any, tmp_path: Path) -> None:
    stub.answer = lambda *_: answer(GOOD)
    slept = waits(tmp_path, stub, Manners(pause=5.0), requests=3)
    assert slept == [0.0, pytest.approx(5.0, abs=0.5), pytest.approx(5.0, abs=0.5)]


def test_answers_are_kept_without_the_key_until_they_are_old(
    stub: Any, answer: Any, tmp_path: Path, quick: Manners
) -> None:
    stub.answer = lambda *_: answer(GOOD)
    folder = tmp_path / "answers"
    for _ in range(2):
        with Client(folder, quick, {"X-API-KEY": "secret"}) as client:
            assert client.json(f"{stub.url}/a") == GOOD
    assert len(stub.asked) == 1
    assert stub.headers[0]["X-API-KEY"] == "secret"
    (kept,) = folder.iterdir()
    assert json.loads(kept.read_bytes()) == GOOD
    assert "secret" not in kept.name
    os.utime(kept, (1, 1))
    with Client(folder, quick) as client:
        assert list(folder.iterdir()) == []
        client.json(f"{stub.url}/a")
    assert len(stub.asked) == 2
