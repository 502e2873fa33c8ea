"""PostgreSQL of this machine: a data folder of its own, passwords required, loopback only."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from flows.stack.services import HOST, Service
from infra.credentials import secret
from registry.errors import LakeError

ROLES = Path(__file__).parents[1] / "postgres" / "roles.sql"
SYSTEM_USER = "postgres"
"""Who runs it when root starts the stack: PostgreSQL refuses root."""
DEBIAN = Path("/usr/lib/postgresql")


def binaries() -> Path:
    """Folder with initdb and postgres.

    Raises:
        LakeError: When PostgreSQL is not installed.
    """
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found:
        raise LakeError("PostgreSQL is not installed (Debian: apt install postgresql)")
    return found[-1].parent


def service(folder: Path, port: int) -> Service:
    """The server; ready once it accepts connections (:func:`wait`)."""
    data = folder / "postgres"
    options = {
        "listen_addresses": HOST,
        "port": str(port),
        "unix_socket_directories": str(data),
        "password_encryption": "scram-sha-256",
        # statements may hold passwords: none is logged
        "log_statement": "none",
        "log_min_error_statement": "panic",
    }
    flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return Service("postgres", _as_owner([str(binaries() / "postgres"), "-D", str(data), *flags]))


def prepare(folder: Path, secrets: Path) -> bool:
    """Make the data folder; returns whether it is new."""
    data = folder / "postgres"
    if (data / "PG_VERSION").exists():
        return False
    data.mkdir(mode=0o700)
    handed = data.with_name("postgres.password")
    handed.touch(mode=0o600)
    handed.write_text(secret(secrets, "postgres"))
    if os.geteuid() == 0:
        for path in (data, handed):
            shutil.chown(path, SYSTEM_USER, SYSTEM_USER)
    command = [str(binaries() / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8"]
    command += ["--auth=scram-sha-256", f"--pwfile={handed}", "--no-locale"]
    try:
        _run(_as_owner(command), {})
    finally:
        handed.unlink()
    return True


def make_roles(port: int, secrets: Path) -> None:
    """Run ``roles.sql`` as the superuser."""
    psql = [str(binaries() / "psql"), "-h", HOST, "-p", str(port), "-U", "postgres", "-q"]
    environment = {"PGPASSWORD": secret(secrets, "postgres"), "CREDENTIALS": str(secrets)}
    _run([*psql, "-f", str(ROLES)], environment)


def accepts(port: int) -> bool:
    """Whether it accepts connections."""
    command = [str(binaries() / "pg_isready"), "-q", "-h", HOST, "-p", str(port)]
    return subprocess.run(command, check=False).returncode == 0


def _as_owner(command: Sequence[str]) -> tuple[str, ...]:
    if os.geteuid() != 0:
        return tuple(command)
    owner = [f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--init-groups"]
    return (shutil.which("setpriv") or "setpriv", *owner, *command)


def _run(command: Sequence[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LakeError(f"{Path(command[0]).name}: {done.stderr.strip()}")
