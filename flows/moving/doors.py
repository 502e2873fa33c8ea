"""Where the other services of a lake are, and errors that say which of them failed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.stack.running import running
from registry.errors import LakeError, WrongUse
from registry.tables.storage import Storage, reason
from training.tracking import QUIET

if TYPE_CHECKING:
    from mlflow import MlflowClient


PROXIED = {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # files come through the tracking server: its bucket may be out of reach from here
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
}


@dataclass(frozen=True)
class Tracking:
    """An MLflow.

    Attributes:
        uri: Its server, or the data base of an embedded one.
        files: Where an embedded one keeps the files of its runs; None for a server.
    """

    uri: str
    files: Path | None = None

    @classmethod
    def of(cls, lake: Storage, named: str | None = None) -> Tracking:
        """The MLflow of a lake: the server named, else the one inside its folder.

        Raises:
            WrongUse: For a lake in a bucket without a server.
        """
        if named:
            return cls(named)
        if lake.is_remote:
            raise WrongUse(f"MLflow of {lake.uri}", "the address of its server", "none")
        home = lake.folder / "mlflow"
        return cls(f"sqlite:///{home}/mlflow.db", home / "artifacts")

    @property
    def is_unused(self) -> bool:
        """Whether it is an embedded one that was never opened."""
        return self.files is not None and not (self.files.parent / "mlflow.db").exists()

    def client(self) -> MlflowClient:
        """Client of it; makes an embedded data base when there is none yet."""
        import logging

        for name, value in {**QUIET, **PROXIED}.items():
            os.environ.setdefault(name, value)
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
        if self.files:
            self.files.mkdir(parents=True, exist_ok=True)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)


@contextmanager
def speaking_to_prefect(address: str) -> Iterator[None]:
    """Turn errors of a Prefect server into one that names its address.

    Raises:
        LakeError: When it does not answer or refuses.
    """
    import httpx

    try:
        yield
    except httpx.HTTPStatusError as error:
        told = f"{error.response.status_code} {error.response.text[:300]}"
        raise LakeError(f"Prefect at {address} refuses: {told}") from error
    except httpx.HTTPError as error:
        raise LakeError(f"Prefect at {address}: {reason(error)}") from error


def prefect_of(lake: Storage, named: str | None = None) -> str | None:
    """Address (``http://.../api``) of a lake's Prefect server; None when it has no deployments.

    Raises:
        WrongUse: When an embedded lake has deployments and its stack is not up.
    """
    if named:
        return named.rstrip("/")
    if lake.is_remote:
        return None
    urls = {service.name: service.url for service in running(lake.folder)}
    if "prefect" in urls:
        return f"{urls['prefect']}/api"
    if _deployments(lake.folder / "prefect" / "prefect.db"):
        raise WrongUse(f"Prefect of {lake.uri}", "its stack up (scatterlake up)", "not running")
    return None


def _deployments(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as opened:
        known = "SELECT count(*) FROM sqlite_master WHERE name = 'deployment'"
        if not opened.execute(known).fetchone()[0]:
            return 0
        return int(opened.execute("SELECT count(*) FROM deployment").fetchone()[0])
