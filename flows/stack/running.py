"""Starting, watching and stopping the processes of a stack.

Each is the leader of a process group, so that what it started ends with it. Their numbers and
addresses lie in ``stack.json`` of the lake while they run.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from flows.stack.services import Service
from registry.errors import LakeError, WrongUse

STATE = "stack.json"
LOGS = "logs"
PATIENCE = 300.0
"""Seconds a service has to become ready: the first start makes data bases."""
GRACE = 20.0
"""Seconds a service has to end by itself."""
TAIL = 2000
"""Characters of a log shown when a service fails."""


@dataclass(frozen=True)
class Running:
    """A started service: its process, and where it listens."""

    name: str
    pid: int
    url: str
    log: str


def start(
    lake: Path, wanted: Sequence[Service], say: Callable[[str], None] = lambda _: None
) -> list[Running]:
    """Start services one after the other, each when the one before is ready.

    When one fails, those that run already are stopped again.

    Args:
        lake: Folder of the lake.
        wanted: What to start.
        say: Called with a line for each.

    Raises:
        WrongUse: When a stack of this lake runs already, or a port is taken.
        LakeError: When a service ends or does not answer; the end of its log is in the message.
    """
    if found := running(lake):
        names = ", ".join(f"{r.name} ({r.pid})" for r in found)
        raise WrongUse("stack", "none that runs already (scatterlake down)", names)
    for service in wanted:
        _insist_on_free_port(service)
    (lake / LOGS).mkdir(exist_ok=True)
    (lake / "mlflow" / "artifacts").mkdir(parents=True, exist_ok=True)
    started: list[Running] = []
    try:
        for service in wanted:
            log = lake / LOGS / f"{service.name}.log"
            more = service.first() if service.first else {}
            pid = _spawn(service, {**service.environment, **more}, log)
            started.append(Running(service.name, pid, service.url, str(log)))
            _note(lake, started)
            _wait(service, started[-1])
            say(f"{service.name}: {service.url or 'running'}")
    except BaseException:  # also when interrupted: nothing is left behind half started
        stop(lake)
        raise
    return started


def running(lake: Path) -> list[Running]:
    """Services of a lake that are alive, in the order they were started."""
    path = lake / STATE
    if not path.exists():
        return []
    noted = [Running(**entry) for entry in json.loads(path.read_text())]
    return [service for service in noted if _alive(service.pid)]


def stop(lake: Path, say: Callable[[str], None] = lambda _: None) -> list[Running]:
    """Stop the services of a lake, the last started first; returns what was running."""
    found = running(lake)
    for service in reversed(found):
        _end(service.pid)
        say(f"{service.name}: stopped")
    (lake / STATE).unlink(missing_ok=True)
    return found


def watch(lake: Path) -> str | None:
    """Wait until a service of the stack is gone; its name, or None when the stack was stopped."""
    names = [service.name for service in running(lake)]
    while (lake / STATE).exists():
        alive = {service.name for service in running(lake)}
        gone = [name for name in names if name not in alive]
        if gone and (lake / STATE).exists():
            return gone[0]
        time.sleep(1)
    return None


def _note(lake: Path, started: Sequence[Running]) -> None:
    path = lake / STATE
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps([asdict(service) for service in started], indent=1))
    scratch.replace(path)


def _insist_on_free_port(service: Service) -> None:
    if not service.url:
        return
    host, _, port = service.url.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            option = f"--{service.name}-port"
            raise WrongUse(option, "a free port", f"{port}: {error.strerror}") from error


def _spawn(service: Service, environment: Mapping[str, str], log: Path) -> int:
    """Start a process that outlives this one; its number."""
    appending = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        service.command[0],
        service.command,
        {**os.environ, **environment},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), appending, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def _wait(service: Service, started: Running) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not _alive(started.pid):
            raise LakeError(f"{service.name} ended:\n{_end_of(Path(started.log))}")
        if _is_ready(service.ready):
            return
        time.sleep(0.3)
    told = _end_of(Path(started.log))
    raise LakeError(f"{service.name} does not answer at {service.url or 'all'}:\n{told}")


def _is_ready(ready: str | Callable[[], bool]) -> bool:
    if callable(ready):
        return ready()
    return not ready or _answers(ready)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-TAIL:]


def _alive(pid: int) -> bool:
    try:
        # a child of ours that ended stays until it is waited for
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the number is another user's by now
        return False
    return True


def _end(pid: int) -> None:
    """Ask a process group to end, then insist."""
    for order, patience in ((signal.SIGINT, GRACE), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.killpg(pid, order)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not _alive(pid):
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)  # what it left behind
                return
            time.sleep(0.1)
