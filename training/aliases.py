"""Who is in service: aliases given and taken, in MLflow and in the ``models`` table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.errors import BadInput, WrongUse
from registry.lake import Lake
from training.decisions import REINSTATED, ROLLED_BACK, decided, decisions, reigns
from training.decisions import RETIRED as RETIRES
from training.lookup import CHAMPION, RETIRED, champion, model_rows, one_model
from training.rows import Row

if TYPE_CHECKING:
    from mlflow import MlflowClient


def place(
    lake: Lake, mlflow: MlflowClient, study: str, version: int, alias: str, reason: str
) -> None:
    """Give an alias to a version, in MLflow and in the ``models`` table; who had it loses it."""
    mlflow.set_registered_model_alias(study, alias, str(version))
    mlflow.set_model_version_tag(study, str(version), "reason", reason)
    changed: list[Row] = []
    for row in model_rows(lake, study):
        if row["version"] == version:
            if row["alias"] not in (alias, None):
                mlflow.delete_registered_model_alias(study, row["alias"])
            changed.append({**row, "alias": alias, "reason": reason})
        elif row["alias"] == alias:
            changed.append({**row, "alias": None})
    lake.replace("models", changed)


def rollback(lake: Lake, mlflow: MlflowClient, study: str, why: str) -> int:
    """Make the champion before this one champion again; returns its version.

    Raises:
        WrongUse: Without a reason.
        NotFound: When there is no such model, or no champion.
        BadInput: When no earlier champion is in service and not stale.
    """
    holder = one_model(lake, study)
    reason = _insist(why, f"rollback of {study}")
    sound = {row["version"] for row in model_rows(lake, study) if not row["stale"]}
    made = reigns(decisions(mlflow, study))
    earlier = [v for v in made if v != holder["version"] and v in sound]
    if not earlier:
        raise BadInput(f"rollback of {study}", "an earlier champion, in service, not stale", "none")
    version = earlier[-1]
    told = f"rolled back from version {holder['version']}: {reason}"
    place(lake, mlflow, study, version, CHAMPION, told)
    decided(mlflow, study, version, ROLLED_BACK, told, holder)
    return version


def retire(lake: Lake, mlflow: MlflowClient, study: str, version: int, why: str) -> bool:
    """Take a version out of service; returns whether it was the champion.

    It is neither champion nor challenger until it is reinstated, and answers only when named by
    its version.

    Raises:
        WrongUse: Without a reason.
        NotFound: When there is no such model or version.
        BadInput: When it is retired already.
    """
    row = one_model(lake, study, version)
    reason = _insist(why, f"retiring {study}/{version}")
    if row["alias"] == RETIRED:
        raise BadInput(f"{study}/{version}", "a version in service", f"retired: {row['reason']}")
    holder = champion(lake, study)
    mlflow.set_model_version_tag(study, str(version), RETIRED, reason)
    mlflow.set_model_version_tag(study, str(version), "reason", reason)
    if row["alias"]:
        mlflow.delete_registered_model_alias(study, row["alias"])
    lake.replace("models", [{**row, "alias": RETIRED, "reason": reason}])
    decided(mlflow, study, version, RETIRES, reason, holder)
    return bool(row["alias"] == CHAMPION)


def reinstate(lake: Lake, mlflow: MlflowClient, study: str, version: int, why: str) -> None:
    """Put a retired version back into service, without an alias: it leads only when promoted.

    Raises:
        WrongUse: Without a reason.
        NotFound: When there is no such model or version.
        BadInput: When it is in service.
    """
    row = one_model(lake, study, version)
    reason = _insist(why, f"reinstating {study}/{version}")
    if row["alias"] != RETIRED:
        raise BadInput(f"{study}/{version}", "a retired version", row["alias"] or "one in service")
    told = f"reinstated: {reason}"
    mlflow.delete_model_version_tag(study, str(version), RETIRED)
    mlflow.set_model_version_tag(study, str(version), "reason", told)
    lake.replace("models", [{**row, "alias": None, "reason": told}])
    decided(mlflow, study, version, REINSTATED, reason, champion(lake, study))


def _insist(why: str, where: str) -> str:
    if not why.strip():
        raise WrongUse(where, "a reason", "none")
    return why.strip()
