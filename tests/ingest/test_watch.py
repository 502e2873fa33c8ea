"""A watched folder: complete files only, each version once, whatever happens to the folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from ingest._at_rest import AtRest
from ingest._closings import Closings
from ingest.files import IngestReport
from ingest.watch import Pace, Waiting, Watch, waiting
from registry.events import configure
from registry.lake import Lake

SETTLE = 0.4
# A file of 30 points written line by line, in pauses shorter than the settle time.
SLOW_WRITER = """
import sys, time
with open(sys.argv[1], "w") as file:
    file.write("# SAXS; Q in 1/angstrom\\nQ,I\\n")
    for n in range(1, 31):
        file.write(f"{0.01 * n},{100 / n}\\n")
        file.flush()
        time.sleep(0.04)
"""


def curve(scale: float = 1.0) -> str:
    points = "".join(f"{0.01 * n},{scale * 100 / n}\n" for n in range(1, 31))
    return "# SAXS; Q in 1/angstrom\nQ,I\n" + points


class Watched:
    """A watch in a thread, and what it said."""

    def __init__(
        self,
        lake: Lake,
        folder: Path,
        hints: dict[str, str] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.reports: list[IngestReport] = []
        self.complaints: list[str] = []
        self.stop = threading.Event()
        watch = Watch(
            lake,
            folder,
            hints,
            pace or Pace(every=0.05, settle=SETTLE),
            tell=self.reports.append,
            complain=self.complaints.append,
        )
        self.thread = threading.Thread(target=watch.run, args=(self.stop.wait,))
        self.thread.start()

    def stored(self) -> int:
        return sum(sum(report.stored.values()) for report in self.reports)

    def until(self, condition: Callable[[], bool], limit: float = 30.0) -> None:
        end = time.monotonic() + limit
        while not condition():
            assert time.monotonic() < end, (self.reports, self.complaints)
            assert self.thread.is_alive()
            time.sleep(0.02)

    def quiet(self) -> None:
        """Wait long enough for anything complete to have been taken."""
        time.sleep(SETTLE + 0.6)

    def end(self) -> None:
        self.stop.set()
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "instrument"
    place.mkdir()
    return place


@pytest.fixture
def begin(lake: Lake, place: Path) -> Iterator[Callable[..., Watched]]:
    begun: list[Watched] = []

    def start(**hints: str) -> Watched:
        begun.append(Watched(lake, place, hints))
        return begun[-1]

    yield start
    for watched in begun:
        watched.end()


def test_what_is_there_goes_in_first_and_a_slow_writer_is_waited_for(
    lake: Lake, place: Path, begin: Callable[..., Watched]
) -> None:
    (place / "before.csv").write_text(curve(2.0))
    watched = begin()
    watched.until(lambda: watched.stored() == 1)
    subprocess.run([sys.executable, "-c", SLOW_WRITER, str(place / "slow.csv")], check=True)
    watched.until(lambda: watched.stored() == 2)
    rows = lake.sql("select file_name, shape[1] as n from spectra").to_pylist()
    assert {Path(r["file_name"]).name: r["n"] for r in rows} == {"before.csv": 30, "slow.csv": 30}
    assert [r.refused for r in watched.reports] == [[], []]


def test_a_file_written_again_is_a_new_row_and_an_unchanged_one_is_not(
    lake: Lake, place: Path, begin: Callable[..., Watched]
) -> None:
    (place / "scan.csv").write_text(curve())
    watched = begin()
    watched.until(lambda: watched.stored() == 1)
    (place / "scan.csv").write_text(curve(3.0))
    watched.until(lambda: watched.stored() == 2)
    watched.quiet()
    assert len(watched.reports) == 2
    digests = lake.sql("select count(distinct file_digest) as n from spectra").to_pylist()
    assert digests == [{"n": 2}]


def test_a_new_watch_goes_on_where_the_last_one_stopped(
    lake: Lake, place: Path, begin: Callable[..., Watched]
) -> None:
    (place / "one.csv").write_text(curve())
    first = begin()
    first.until(lambda: first.stored() == 1)
    first.end()
    (place / "two.csv").write_text(curve(2.0))
    second = begin()
    second.until(lambda: second.stored() == 1)
    assert sum(report.known_files for report in second.reports) == 1
    assert lake.sql("select count(*) as n from spectra").to_pylist() == [{"n": 2}]


def test_a_file_renamed_into_place_is_taken_and_its_working_name_is_not(
    lake: Lake, place: Path, begin: Callable[..., Watched]
) -> None:
    (place / "scan.csv.part").write_text(curve()[:100])
    watched = begin()
    watched.quiet()
    assert watched.reports == []
    (place / "scan.csv.part").write_text(curve())
    (place / "scan.csv.part").rename(place / "scan.csv")
    watched.until(lambda: watched.stored() == 1)


def test_a_refused_or_unreadable_file_stops_nothing(
    lake: Lake, place: Path, begin: Callable[..., Watched]
) -> None:
    (place / "odd.xyzzy").write_bytes(b"\x89\x00\x01garbage")
    (place / "bad.csv").write_text(curve().replace("0.05,20.0", "0.05,nan"))
    watched = begin()
    watched.until(lambda: sum(len(r.refused) for r in watched.reports) == 2)
    (place / "good.csv").write_text(curve())
    watched.until(lambda: watched.stored() == 1)
    watched.quiet()
    assert lake.sql("select count(*) as n from quarantine").to_pylist() == [{"n": 2}]


def test_a_file_that_stays_cut_short_is_named_once(
    place: Path, begin: Callable[..., Watched]
) -> None:
    (place / "dead.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    watched = begin()
    watched.until(lambda: bool(watched.complaints))
    (place / "scan.csv").write_text(curve())
    watched.until(lambda: watched.stored() == 1)
    assert len(watched.complaints) == 1
    assert "dead.h5: expected a complete file" in watched.complaints[0]


def test_a_folder_that_vanishes_is_complained_of_once_and_waited_for(
    place: Path, begin: Callable[..., Watched]
) -> None:
    watched = begin()
    place.rmdir()
    watched.until(lambda: bool(watched.complaints))
    watched.quiet()
    assert len(watched.complaints) == 1
    assert "instrument" in watched.complaints[0]
    place.mkdir()
    (place / "scan.csv").write_text(curve())
    watched.until(lambda: watched.stored() == 1)


def test_hints_of_a_folder_above_count_and_a_broken_hints_file_is_waited_for(
    lake: Lake, place: Path, begin: Callable[..., Watched]
) -> None:
    (place / "scatterlake.yaml").write_text("{unclosed")
    (place / "sub").mkdir()
    (place / "sub" / "scan.csv").write_text(curve())
    (place / "other.csv").write_text(curve(2.0))
    watched = begin(sample_id="S1")
    watched.until(lambda: any("scatterlake.yaml" in said for said in watched.complaints))
    (place / "scatterlake.yaml").write_text('"sub/*.csv": {technique: sans}\n')
    watched.until(lambda: watched.stored() == 2)
    rows = lake.sql("select technique, sample_id from spectra order by technique").to_pylist()
    assert rows == [
        {"technique": "sans", "sample_id": "S1"},
        {"technique": "saxs", "sample_id": "S1"},
    ]


def test_a_lake_inside_the_folder_is_not_ingested(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    (tmp_path / "scan.csv").write_text(curve())
    watched = Watched(lake, tmp_path)
    watched.until(lambda: watched.stored() == 1)
    watched.quiet()
    watched.end()
    assert [report.files for report in watched.reports] == [1]


NEVER = Pace(every=60.0, settle=60.0)
"""Nothing is taken in the time of a test but by what the system tells."""
told_of_closings = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells that a writer closed a file"
)


@pytest.fixture
def told(lake: Lake, place: Path) -> Iterator[Watched]:
    """A watch that has looked once and would look again in a minute."""
    watched = Watched(lake, place, pace=NEVER)
    watched.until(lambda: waiting(lake) != [])
    yield watched
    watched.end()


@told_of_closings
def test_a_file_is_taken_within_two_seconds_of_its_closing(
    lake: Lake, place: Path, told: Watched
) -> None:
    (place / "new" / "run").mkdir(parents=True)
    begin = time.monotonic()
    (place / "scan.csv").write_text(curve())
    told.until(lambda: lake.sql("from spectra").num_rows == 1)
    # 2 s beside parsing is the promise on a free machine (benchmarks/bench_flows.py)
    assert time.monotonic() - begin < 10
    (place / "new" / "run" / "below.csv").write_text(curve(2.0))
    (place / "moved.csv.part").write_text(curve(3.0))
    (place / "moved.csv.part").rename(place / "moved.csv")
    told.until(lambda: told.stored() == 3)
    assert told.complaints == []


@told_of_closings
def test_a_folder_made_anew_is_listened_to(place: Path) -> None:
    closings = Closings(place)
    try:
        for n in range(3):
            closings.listen()
            (place / f"{n}.csv").write_text("1 2 3")
            end = time.monotonic() + 20
            while not closings.any and time.monotonic() < end:
                time.sleep(0.02)
            assert (place / f"{n}.csv", True) in closings.since()
            shutil.rmtree(place)
            place.mkdir()
            time.sleep(1)
    finally:
        closings.end()


@told_of_closings
def test_a_file_that_its_writer_holds_open_is_not_taken(
    lake: Lake, place: Path, begin: Callable[..., Watched]
) -> None:
    watched = begin()
    watched.until(lambda: waiting(lake) != [])
    with (place / "scan.csv").open("w") as file:
        file.write(curve()[:200])
        file.flush()
        watched.quiet()  # longer than the settle time
        assert watched.reports == []
        assert waiting(lake) == [Waiting(str(place), 1)]
        file.write(curve()[200:])
    watched.until(lambda: watched.stored() == 1)
    assert lake.sql("select shape[1] as n from spectra").to_pylist() == [{"n": 30}]
    watched.end()
    assert waiting(lake) == []


@told_of_closings
def test_a_file_written_in_several_goes_is_left_to_settle(
    lake: Lake, place: Path, told: Watched
) -> None:
    with (place / "scan.csv").open("w") as file:
        file.write(curve()[:200])
    with (place / "scan.csv").open("a") as file:
        file.write(curve()[200:300])
    (place / "other.csv").write_text(curve(2.0))
    told.until(lambda: told.stored() == 1)
    told.quiet()
    assert [Path(r["file_name"]).name for r in lake.sql("from spectra").to_pylist()] == [
        "other.csv"
    ]


def test_each_batch_is_an_event(
    place: Path, begin: Callable[..., Watched], capsys: pytest.CaptureFixture[str]
) -> None:
    configure("json")
    try:
        (place / "good.csv").write_text(curve())
        (place / "bad.csv").write_text(curve().replace("0.05,20.0", "0.05,nan"))
        watched = begin()
        watched.until(lambda: bool(watched.reports))
    finally:
        configure("off")
    found = json.loads(capsys.readouterr().err.splitlines()[0])
    assert (found["event"], found["level"]) == ("ingested", "warning")
    assert (found["spectra"], found["quarantined"]) == (1, 1)
    assert sum(found["reasons"].values()) == 1


@pytest.fixture
def looks() -> Callable[[Path], list[str]]:
    """Names of files ready after a look, a settle time, and a second look."""

    def look(folder: Path) -> list[str]:
        rest = AtRest(10.0)
        files = [p for p in folder.iterdir() if p.is_file()]
        assert rest.look(files, 0.0) == []
        assert rest.look(files, 9.9) == []
        return [path.name for path in rest.look(files, 10.0)]

    return look


@pytest.mark.parametrize("layout", ["earliest", "latest"])
def test_an_hdf5_file_open_for_writing_is_not_complete(
    place: Path, looks: Callable[[Path], list[str]], layout: str
) -> None:
    with h5py.File(place / "scan.h5", "w", libver=layout, locking=layout == "earliest") as file:
        file["counts"] = np.arange(100)
        file.flush()
        if layout == "latest" or Path("/proc/locks").is_file():
            assert looks(place) == []
    assert looks(place) == ["scan.h5"]


@pytest.mark.parametrize("layout", ["earliest", "latest"])
def test_an_hdf5_file_shorter_than_it_says_is_not_complete(
    place: Path, looks: Callable[[Path], list[str]], layout: str
) -> None:
    with h5py.File(place / "scan.h5", "w", libver=layout) as file:
        file["counts"] = np.arange(1000)
    whole = (place / "scan.h5").read_bytes()
    (place / "scan.h5").write_bytes(whole[: len(whole) // 2])
    assert looks(place) == []
    (place / "scan.h5").write_bytes(whole)
    assert looks(place) == ["scan.h5"]


@pytest.mark.skipif(not Path("/proc/locks").is_file(), reason="this system does not list locks")
def test_a_file_locked_by_its_writer_is_not_complete(
    place: Path, looks: Callable[[Path], list[str]]
) -> None:
    import fcntl

    with (place / "scan.csv").open("w") as file:
        file.write(curve())
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        assert looks(place) == []
    assert looks(place) == ["scan.csv"]


def test_any_change_begins_the_waiting_anew_even_of_equal_size_and_time(place: Path) -> None:
    path = place / "scan.csv"
    path.write_text(curve())
    stamp = path.stat()
    rest = AtRest(10.0)
    assert rest.look([path], 0.0) == []
    path.write_text(curve().replace("100", "900"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert rest.look([path], 10.0) == []
    assert rest.look([path], 20.0) == [path]
    rest.take([path])
    assert rest.look([path], 30.0) == []


def test_what_was_closed_once_is_complete_soon_and_what_is_open_is_waited_for(place: Path) -> None:
    once, twice, still = (place / name for name in ("once", "twice", "still"))
    for path in (once, twice, still):
        path.write_text("1 2 3")
    rest = AtRest(10.0, grace=1.0)
    rest.closed(once, 0.0)
    rest.closed(twice, 0.0)
    rest.written(still)
    twice.write_text("1 2 3 4 5 6")
    rest.closed(twice, 0.1)
    every = [once, twice, still]
    assert rest.look(every, 0.5) == []
    assert rest.nearly
    assert rest.look(every, 1.0) == [once]
    rest.take([once])
    assert not rest.nearly
    assert rest.look(every, 10.6) == [twice]
    rest.take([twice])
    # a writer that pauses for a minute is none any more
    assert rest.look(every, 61.0) == [still]


def test_the_oldest_come_first_and_what_vanishes_is_forgotten(place: Path) -> None:
    paths = [place / name for name in ("a", "b", "c")]
    for age, path in enumerate(paths):
        path.write_text("1 2 3")
        os.utime(path, (1000 - age, 1000 - age))
    rest = AtRest(0.0)
    assert rest.look(paths, 0.0) == paths[::-1]
    shutil.move(paths[0], place / "elsewhere")
    assert rest.look(paths, 1.0) == [paths[2], paths[1]]
