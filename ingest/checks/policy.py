"""What a lake does with a spectrum or structure that breaks an ``error`` check.

``strict`` (the default) refuses it: it goes to ``quarantine`` with the bytes of its file.
``lenient`` stores it and writes the check that failed into ``checks``, so that whoever draws a
dataset can leave it out. A lake keeps its policy in ``policy.json``.
"""

from __future__ import annotations

import json
from typing import Literal, get_args

from registry.errors import LakeError, WrongUse
from registry.lake import Lake

Policy = Literal["strict", "lenient"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
FILE = "policy.json"


def policy_of(lake: Lake) -> Policy:
    """The policy of a lake; ``strict`` where none was set.

    Raises:
        LakeError: When its file holds something else.
    """
    written = lake.storage.read(FILE)
    if written is None:
        return "strict"
    try:
        return _known(json.loads(written)["on_failed_check"])
    except (ValueError, KeyError, TypeError, WrongUse) as error:
        raise LakeError(f"{lake.uri}/{FILE} cannot be understood: {error}") from error


def set_policy(lake: Lake, policy: str) -> None:
    """Keep the policy with the lake: from now on it holds for whoever ingests.

    Raises:
        WrongUse: When there is no such policy.
    """
    content = json.dumps({"on_failed_check": _known(policy)}).encode()
    # in one step: a half-written policy would be none
    lake.storage.write(f"{FILE}.partial", content)
    lake.storage.move(f"{FILE}.partial", FILE)


def _known(name: str) -> Policy:
    for policy in POLICIES:
        if policy == name:
            return policy
    raise WrongUse("policy", " or ".join(POLICIES), repr(name))
