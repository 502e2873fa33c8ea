"""Which processes the shared stack has, and what each may know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.stack.services import AT_ONCE, HOST, POOL, Service, script
from infra.credentials import secret, write
from infra.native import postgres, s3, users

WORKERS = 2
S3_USERS = {"mlflow": s3.WRITE, "worker": s3.WRITE, "writer": s3.WRITE, "reader": s3.READ}
"""Who has a key to the bucket; people are given ``writer`` or ``reader``."""
QUIET = {
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""No processes for MLflow's judges and prompt optimisers: eight that nothing here uses."""


@dataclass(frozen=True)
class Ports:
    """Where each service listens."""

    postgres: int = 5442
    s3: int = 5001
    mlflow: int = 5010
    prefect: int = 4210


@dataclass(frozen=True)
class Topology:
    """A shared stack in a folder.

    Attributes:
        folder: Its state: data base, secrets, logs.
        ports: Where it listens.
    """

    folder: Path
    ports: Ports

    @property
    def secrets(self) -> Path:
        """Folder with the passwords."""
        return self.folder / "secrets"

    @property
    def s3_url(self) -> str:
        """The bucket's service."""
        return f"http://{HOST}:{self.ports.s3}"

    @property
    def mlflow_url(self) -> str:
        """The MLflow server."""
        return f"http://{HOST}:{self.ports.mlflow}"

    @property
    def prefect_url(self) -> str:
        """The Prefect server."""
        return f"http://{HOST}:{self.ports.prefect}"

    @property
    def homes(self) -> tuple[str, ...]:
        """Who has a folder below ``home``."""
        return ("prefect", *(f"worker{n}" for n in range(1, WORKERS + 1)))

    def services(self, fresh: bool) -> tuple[Service, ...]:
        """All processes in the order they start.

        Args:
            fresh: Whether the data base is new and needs its roles.
        """
        return (
            self._postgres(),
            s3.service(self.ports.s3),
            self._mlflow(fresh),
            self._prefect(),
            *(self._worker(n) for n in range(1, WORKERS + 1)),
        )

    def environment(self, s3_user: str, mlflow_user: str, password: str) -> dict[str, str]:
        """What a process of somebody needs to work over the stack."""
        return {
            **QUIET,
            **s3.environment(self.s3_url, self.secrets, s3_user),
            "MLFLOW_TRACKING_URI": self.mlflow_url,
            "MLFLOW_TRACKING_USERNAME": mlflow_user,
            "MLFLOW_TRACKING_PASSWORD": password,
            # by way of the server: people have no right to the bucket's part that is MLflow's
            "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
            "PREFECT_API_URL": f"{self.prefect_url}/api",
            "PREFECT_API_AUTH_STRING": self._prefect_password(),
            "SCATTERLAKE_HOME": str(self.folder / "home" / mlflow_user),
        }

    def _postgres(self) -> Service:
        made = postgres.service(self.folder, self.ports.postgres)
        port = self.ports.postgres
        return Service(made.name, made.command, ready=lambda: postgres.accepts(port))

    def _mlflow(self, fresh: bool) -> Service:
        database = f"postgresql+psycopg://mlflow@{HOST}:{self.ports.postgres}"
        config = self.folder / "mlflow_auth.ini"
        # everybody may read; who may write a model is said model by model
        write(
            config,
            "[mlflow]\ndefault_permission = READ\n"
            f"database_uri = {database}/mlflow_auth\nadmin_username = admin\n"
            "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
        )

        def first() -> dict[str, str]:
            if fresh:
                postgres.make_roles(self.ports.postgres, self.secrets)
            s3.prepare(self.s3_url, self.secrets, S3_USERS)
            return {
                **s3.environment(self.s3_url, self.secrets, "mlflow"),
                "PGPASSWORD": secret(self.secrets, "mlflow_database"),
                "MLFLOW_AUTH_CONFIG_PATH": str(config),
                "MLFLOW_AUTH_ADMIN_PASSWORD": secret(self.secrets, "mlflow_admin"),
                "MLFLOW_FLASK_SERVER_SECRET_KEY": secret(self.secrets, "mlflow_session"),
            }

        return Service(
            "mlflow",
            script(
                "mlflow",
                "server",
                *("--host", HOST, "--port", str(self.ports.mlflow), "--workers", "1"),
                *("--app-name", "basic-auth", "--backend-store-uri", f"{database}/mlflow"),
                *("--artifacts-destination", f"s3://{s3.BUCKET}/mlflow"),
            ),
            {**QUIET, **NO_JOBS},
            url=self.mlflow_url,
            ready=f"{self.mlflow_url}/health",
            first=first,
        )

    def _prefect(self) -> Service:
        database = f"postgresql+asyncpg://prefect@{HOST}:{self.ports.postgres}/prefect"
        return Service(
            "prefect",
            script("prefect", "server", "start", "--host", HOST, "--port", str(self.ports.prefect)),
            {
                **QUIET,
                "PREFECT_API_DATABASE_CONNECTION_URL": database,
                "PGPASSWORD": secret(self.secrets, "prefect_database"),
                "PREFECT_SERVER_API_AUTH_STRING": self._prefect_password(),
                "PREFECT_API_AUTH_STRING": self._prefect_password(),
                "PREFECT_HOME": str(self.folder / "home" / "prefect"),
            },
            url=self.prefect_url,
            ready=f"{self.prefect_url}/api/health",
        )

    def _worker(self, number: int) -> Service:
        name = f"worker{number}"
        command = ("worker", "start", "--pool", POOL, "--type", "process", "--name", name)
        return Service(
            name,
            script("prefect", *command, "--limit", str(AT_ONCE)),
            first=lambda: self.worker_environment(name),
        )

    def worker_environment(self, name: str) -> dict[str, str]:
        """What a worker needs: a user of MLflow like any other, made when there is none yet."""
        password = secret(self.secrets, f"mlflow_{name}")
        users.add(self.mlflow_url, secret(self.secrets, "mlflow_admin"), name, password)
        home = {"PREFECT_HOME": str(self.folder / "home" / name)}
        return {**self.environment("worker", name, password), **home}

    def _prefect_password(self) -> str:
        return f"scatterlake:{secret(self.secrets, 'prefect')}"
