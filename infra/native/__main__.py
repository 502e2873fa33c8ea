"""``python -m infra.native up|down|user FOLDER``: the shared stack on this machine."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import asdict, fields
from pathlib import Path

from flows.stack.running import start, stop
from infra import credentials
from infra.credentials import secret, write
from infra.native import postgres, users
from infra.native.topology import Ports, Topology
from registry.errors import ScatterlakeError

ROLES = {"writer": "writes to the lake", "reader": "reads only"}


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    given = _parser().parse_args(arguments)
    try:
        {"up": _up, "down": _down, "user": _user}[given.command](given)
    except ScatterlakeError as error:
        _say(f"error: {error}")
        return 1
    return 0


def _up(given: argparse.Namespace) -> None:
    topology = _topology(given)
    folder = topology.folder
    folder.mkdir(parents=True, exist_ok=True)
    # the data base's own user must be able to pass through
    folder.chmod(0o711)
    credentials.make(topology.secrets)
    for name in topology.homes:
        (folder / "home" / name).mkdir(parents=True, exist_ok=True)
    fresh = postgres.prepare(folder, topology.secrets)
    start(folder, topology.services(fresh), _say)
    _say(f"add yourself: python -m infra.native user {folder} NAME --role writer")


def _down(given: argparse.Namespace) -> None:
    stop(given.folder.absolute(), _say)


def _user(given: argparse.Namespace) -> None:
    topology = _topology(given)
    password = secret(topology.secrets, f"mlflow_{given.name}")
    users.add(topology.mlflow_url, secret(topology.secrets, "mlflow_admin"), given.name, password)
    environment = topology.environment(given.role, given.name, password)
    home = topology.folder / "users"
    home.mkdir(mode=0o700, exist_ok=True)
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()]
    write(home / f"{given.name}.env", "".join(lines))
    _say(f"{given.name} {ROLES[given.role]}: . {home / given.name}.env")


def _topology(given: argparse.Namespace) -> Topology:
    ports = Ports(**{field.name: getattr(given, field.name) for field in fields(Ports)})
    return Topology(given.folder.absolute(), ports)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.native", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "down", "user"):
        command = commands.add_parser(name)
        command.add_argument("folder", type=Path)
        for port, default in asdict(Ports()).items():
            command.add_argument(f"--{port}-port", dest=port, type=int, default=default)
        if name == "user":
            command.add_argument("name")
            command.add_argument("--role", choices=ROLES, default="reader")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
