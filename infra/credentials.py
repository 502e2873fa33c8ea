"""Passwords and keys of a shared stack: made at random once, one file each.

``python -m infra.credentials FOLDER`` makes those of ``compose.yaml`` and of Kubernetes.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

NAMES = (
    "postgres",
    "mlflow_database",
    "prefect_database",
    "backup_database",
    "mlflow_admin",
    "mlflow_session",
    "mlflow_worker",
    "prefect",
    "s3_admin",
    "s3_mlflow",
    "s3_worker",
)
"""What has a password; people get theirs when they are added."""
BYTES = 24


def make(folder: Path) -> Path:
    """Make what is not there yet in a folder that only its owner can enter; returns it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in NAMES:
        secret(folder, name)
    return folder


def secret(home: Path, name: str) -> str:
    """A password by name, made when there is none yet."""
    path = home / name
    if not path.exists():
        write(path, secrets.token_urlsafe(BYTES))
    return path.read_text().strip()


def write(path: Path, content: str) -> None:
    """Write a file that only its owner can read, from its first moment."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(content)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
