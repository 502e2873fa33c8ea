"""Work is done in order wherever it is done; errors come back as they were raised."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator

import pytest

from registry.errors import BadInput, WrongUse
from registry.parallel import mapper, on_ray

RAY = pytest.param(
    "ray",
    marks=pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="the extra cluster is not installed"
    ),
)
PLACES = pytest.mark.parametrize("on", [None, RAY])


def square(n: int) -> tuple[int, int]:
    return n * n, os.getpid()


def refuse(n: int) -> int:
    if n == 7:
        raise BadInput("item 7", "another", "this one")
    return n


@PLACES
@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers: int, on: str | None) -> None:
    with mapper(workers, on) as work:
        for items in ([], [3], list(range(100)), range(17)):
            assert [result for result, _ in work(square, items)] == [n * n for n in items]


def test_one_worker_stays_in_this_process() -> None:
    with mapper(1) as work:
        assert list(work(square, [2])) == [(4, os.getpid())]
    with mapper(2) as work:
        assert os.getpid() not in {pid for _, pid in work(square, range(10))}


@PLACES
def test_errors_come_back_as_they_were_raised(on: str | None) -> None:
    with mapper(2, on) as work:
        with pytest.raises(BadInput, match="item 7: expected another") as raised:
            list(work(refuse, list(range(50))))
        assert type(raised.value) is BadInput
        assert raised.value.found == "this one"
        assert list(work(refuse, [1, 2])) == [1, 2]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_iterator_is_read_as_the_work_goes_on(workers: int) -> None:
    read = []

    def items() -> Iterator[int]:
        for n in range(100):
            read.append(n)
            yield n

    with mapper(workers) as work:
        for done, _ in enumerate(work(square, items())):
            assert len(read) <= done + 2 * workers
    assert len(read) == 100


def test_a_ray_that_is_up_already_is_used_and_stays() -> None:
    ray = pytest.importorskip("ray", reason="the extra cluster is not installed")
    with on_ray("ray", 2):
        with mapper(2, "ray") as work:
            assert list(work(refuse, [1, 2, 3])) == [1, 2, 3]
        assert ray.is_initialized()
    assert not ray.is_initialized()


def test_ray_that_is_not_there_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(WrongUse, match=r"pip install 'scatterlake\[cluster\]'"), mapper(2, "ray"):
        pass


def test_another_place_is_refused() -> None:
    with pytest.raises(WrongUse, match="ray://host:port"), mapper(2, "spark://here"):
        pass
