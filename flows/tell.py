"""Telling people what was decided on evidence: a log line, a page in Prefect, a web hook.

The hook is posted to the address in ``SCATTERLAKE_WEBHOOK``, or in the Secret block of Prefect that
``SCATTERLAKE_WEBHOOK_BLOCK`` names. A hook that fails is told and stops nothing.
"""

from __future__ import annotations

import json
import os
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.logging import get_run_logger

from flows.artifacts import keep_table, key_of
from registry.errors import WrongUse
from registry.events import clean
from training.evidence import Record
from training.signs import Sign

URL, BLOCK = "SCATTERLAKE_WEBHOOK", "SCATTERLAKE_WEBHOOK_BLOCK"
PATIENCE = 10.0
"""Seconds that a hook may take."""


def tell(record: Record, lake: str) -> None:
    """Tell a decision in every way there is; inside a flow run.

    Args:
        record: What was decided.
        lake: Where its lake is.
    """
    log = get_run_logger()
    log.info("%s", line(record))
    what = f"evidence-{record.study}"
    create_markdown_artifact(page(record), key=key_of(what, lake), description=record.reason)
    keep_table(f"{what}-signs", lake, table(record.signs), "what was seen")
    try:
        url = hook()
    except WrongUse as error:
        log.warning("web hook: %s", error)
        return
    if url is None:
        return
    wrong = post(url, {**json.loads(record.json()), "event": "evidence", "lake": clean(lake)})
    if wrong:
        log.warning("web hook: %s", wrong)


def line(record: Record) -> str:
    """A decision as one line of JSON."""
    told: dict[str, Any] = {
        "event": "evidence",
        "study": record.study,
        "champion": record.champion,
        "fired": [sign.trigger for sign in record.signs if sign.fired],
        "outcome": record.outcome,
        "challenger": record.challenger,
        "reason": record.reason,
    }
    return json.dumps(told)


def page(record: Record) -> str:
    """A decision as Markdown."""
    seen = "\n".join(
        f"- **{sign.trigger}**{' (fired)' if sign.fired else ''}: {sign.reason}"
        for sign in record.signs
    )
    against = "" if record.challenger is None else f", challenger version {record.challenger}"
    return (
        f"# {record.study}: {record.outcome}\n\n{record.reason}\n\n"
        f"Champion was version {record.champion}{against}; {record.at:%Y-%m-%d %H:%M:%S} UTC, "
        f"{record.by}\n\n## Seen\n\n{seen}\n"
    )


def table(signs: tuple[Sign, ...]) -> list[dict[str, Any]]:
    """What triggers saw, a row each; numbers that only others know are None."""
    names = dict.fromkeys(name for sign in signs for name in sign.numbers)
    return [
        {"trigger": sign.trigger, "fired": sign.fired, "reason": sign.reason}
        | {name: sign.numbers.get(name) for name in names}
        for sign in signs
    ]


def hook() -> str | None:
    """Address that is told, if any is named.

    Raises:
        WrongUse: When the block that is named does not exist.
    """
    url, block = os.environ.get(URL), os.environ.get(BLOCK)
    if url or not block:
        return url or None
    from prefect.blocks.system import Secret

    try:
        # synchronous within a synchronous flow, whatever its annotation says
        secret: Any = Secret.load(block)
    except ValueError as error:
        raise WrongUse(BLOCK, "the name of a Secret block of Prefect", repr(block)) from error
    return str(secret.get())


def post(url: str, told: dict[str, Any]) -> str:
    """Post JSON; returns what went wrong, empty when nothing did.

    The address itself is not repeated: it may hold a token.
    """
    import httpx

    try:
        httpx.post(url, json=told, timeout=PATIENCE).raise_for_status()
    except httpx.HTTPStatusError as error:
        return f"answered {error.response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}: not delivered"
    return ""
