"""``scatterlake watch``: ingest what an instrument writes, as it appears."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    LakeOption,
    SetOption,
    WorkersOption,
    console,
    errors,
    settings,
)

if TYPE_CHECKING:
    from ingest.files import IngestReport

SettleOption = Annotated[
    float, typer.Option(min=0.0, help="Seconds a file must be unchanged to be complete.")
]
GraceOption = Annotated[
    float,
    typer.Option(
        min=0.0, help="Seconds for one that its writer has closed, where the system tells (Linux)."
    ),
]
EveryOption = Annotated[float, typer.Option(min=0.05, help="Seconds between two looks.")]


@app.command()
def watch(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder.")],
    lake: LakeOption = DEFAULT_LAKE,
    technique: Annotated[str | None, typer.Option(help="Technique of the files.")] = None,
    settle: SettleOption = 5.0,
    grace: GraceOption = 0.5,
    every: EveryOption = 2.0,
    pairs: SetOption = None,
    workers: WorkersOption = 1,
) -> None:
    """Ingest what is in a folder, then what appears there, until stopped (Ctrl-C, SIGTERM).

    Files that are still being written are waited for; one that was closed is taken at once, also
    between two looks, unless it is written in several goes. Refused ones are named and kept in
    quarantine. The exit code is 0 when it was stopped; started again, it goes on from there.
    """
    from ingest.watch import Pace, Watch

    hints = {**({"technique": technique} if technique else {}), **settings(pairs)}
    pace = Pace(every=every, settle=settle, grace=grace)
    watched = Watch(
        Lake.open(lake), folder, hints, pace, workers, tell=_print, complain=_print_complaint
    )
    stop = _stopped_by_signals()
    console.print(f"watching {escape(str(folder))}; Ctrl-C stops", highlight=False)
    watched.run(stop)
    console.print("stopped; the same command goes on from here")


def _stopped_by_signals() -> Callable[[float], bool]:
    """Waits for the first SIGINT or SIGTERM; a second one does what it always does."""
    # a lock, as in threading.Event, could be held just when the signal comes
    heard, told = socket.socketpair()
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(_number: int, _frame: FrameType | None) -> None:
        for number, before in usual.items():
            signal.signal(number, before)
        told.send(b"!")

    for number in usual:
        signal.signal(number, handle)
    return lambda seconds: bool(select.select([heard], [], [], seconds)[0])


def _print(report: IngestReport) -> None:
    counts = (
        (report.files, "files"),
        (report.stored["materials"], "new structures"),
        (report.stored["spectra"], "new spectra"),
        (report.known_files, "files already there"),
        (report.known_rows, "rows already there"),
        (len(report.refused), "refused"),
    )
    said = ", ".join(f"{n} {what}" for n, what in counts if n)
    console.print(f"{_clock()} {said}", highlight=False, soft_wrap=True)
    for each in report.refused:
        reason = f"{Path(each.file_name).name}: expected {each.expected}, found {each.found}"
        console.print(f"  refused {escape(reason)}", highlight=False, soft_wrap=True)


def _print_complaint(reason: str) -> None:
    said = f"{_clock()} waiting: {escape(reason)}"
    errors.print(said, highlight=False, soft_wrap=True)


def _clock() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"
