"""The S3 service of a stack without containers: moto_server with keys required.

It keeps everything in memory, so it serves for trying out and for tests; a facility names its own
service with ``--s3-url``. What the two have in common is asked for in ``docs/lake.md``.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from flows.stack.services import HOST, Service
from infra.credentials import write

BUCKET = "lake"
REGION = "us-east-1"
READ = ("s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation")
WRITE = (*READ, "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")


def service(port: int) -> Service:
    """The server."""
    url = f"http://{HOST}:{port}"
    command = (sys.executable, "-W", "ignore", "-m", "moto.server", "-H", HOST, "-p", str(port))
    return Service("s3", command, url=url, ready=f"{url}/moto-api/")


def prepare(url: str, secrets: Path, users: dict[str, tuple[str, ...]]) -> None:
    """Make the bucket and a key for each user, then let nobody in without one.

    Args:
        url: The service, not locked yet.
        secrets: Folder that gets ``s3_USER.json`` with the key of each.
        users: Actions allowed by user.
    """
    _client("s3", url, None).create_bucket(Bucket=BUCKET)
    iam = _client("iam", url, None)
    for user, actions in users.items():
        iam.create_user(UserName=user)
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName=user, PolicyName="lake", PolicyDocument=policy)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        pair = {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
        write(secrets / f"s3_{user}.json", json.dumps(pair))
    plain = {"Content-Type": "text/plain"}
    lock = urllib.request.Request(f"{url}/moto-api/reset-auth", b"0", plain, method="POST")
    with urllib.request.urlopen(lock, timeout=10):
        pass


def environment(url: str, secrets: Path, user: str) -> dict[str, str]:
    """What a process of a user needs to reach the bucket."""
    key = json.loads((secrets / f"s3_{user}.json").read_text())
    return {
        "AWS_ENDPOINT_URL": url,
        "MLFLOW_S3_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": key["id"],
        "AWS_SECRET_ACCESS_KEY": key["secret"],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ALLOW_HTTP": "true",
    }


def _client(service: str, url: str, key: dict[str, str] | None) -> Any:
    import boto3

    keys = {"id": "setup", "secret": "setup"} if key is None else key
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=keys["id"],
        aws_secret_access_key=keys["secret"],
    )
