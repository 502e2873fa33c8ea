"""Users of the shared stack in MLflow, by its own interface.

``python users.py NAME`` adds one with the password in WORKER_PASSWORD; where MLflow is and the
administrator's password are in its own variables.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.error
import urllib.request

from registry.errors import LakeError

ADMIN = "admin"


def add(url: str, admin_password: str, name: str, password: str) -> None:
    """Add a user; one that is there already stays as it is.

    Raises:
        LakeError: When MLflow refuses.
    """
    body = json.dumps({"username": name, "password": password}).encode()
    token = base64.b64encode(f"{ADMIN}:{admin_password}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {token}"}
    asked = urllib.request.Request(f"{url}/api/2.0/mlflow/users/create", body, headers)
    try:
        with urllib.request.urlopen(asked, timeout=30):
            return
    except urllib.error.HTTPError as error:
        told = error.read().decode(errors="replace")
        if "RESOURCE_ALREADY_EXISTS" not in told:
            raise LakeError(f"MLflow refuses to add {name!r}: {told[:300]}") from error


if __name__ == "__main__":
    add(
        os.environ["MLFLOW_TRACKING_URI"],
        os.environ["MLFLOW_TRACKING_PASSWORD"],
        sys.argv[1],
        os.environ["WORKER_PASSWORD"],
    )
