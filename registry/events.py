"""Structured log lines: one event a line, as JSON or as text, with the id of its run.

``SCATTERLAKE_LOG`` (``json``, ``text`` or ``off``, which is the default) sends events to stderr;
``SCATTERLAKE_LOG_FILE`` names a file that they are appended to, as JSON unless text is asked for.
They go through the logger ``scatterlake`` of the standard library, to which a program may add
handlers of its own. What is secret by its name, in an address or in the environment is
replaced before any handler sees it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from registry.errors import WrongUse

FORMS = ("json", "text", "off")
FORM, FILE = "SCATTERLAKE_LOG", "SCATTERLAKE_LOG_FILE"
HIDDEN = "***"
LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_LOGGER = logging.getLogger("scatterlake")
_SECRET_NAME = re.compile(r"password|passwd|secret|token|auth_string|access_key", re.I)
_IN_ADDRESS = re.compile(r"(?<=//)[^/@\s]*:[^/@\s]*(?=@)")
_SHORTEST = 6
"""Letters of the shortest secret looked for: shorter ones are parts of ordinary words."""


@cache
def run_id() -> str:
    """Id of this process in its events; a flow run puts its own in its place."""
    return uuid.uuid4().hex[:12]


def configure(form: str | None = None, file: Path | None = None) -> None:
    """Say where events go; what is left out is as the environment says.

    Args:
        form: ``json``, ``text`` or ``off``.
        file: File to append to, made when missing.

    Raises:
        WrongUse: For another form, or a file that cannot be written.
    """
    chosen = form or os.environ.get(FORM) or "off"
    if chosen not in FORMS:
        raise WrongUse(FORM, " or ".join(FORMS), repr(chosen))
    path = file or (Path(os.environ[FILE]) if os.environ.get(FILE) else None)
    for handler in [h for h in _LOGGER.handlers if isinstance(h.formatter, _Line)]:
        _LOGGER.removeHandler(handler)
        handler.close()
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False  # a root handler of another library would print it a second time
    if not _LOGGER.handlers:  # else logging itself prints warnings
        _LOGGER.addHandler(logging.NullHandler())
    if chosen != "off":
        _add(_Stderr(), chosen)
    if path:
        try:
            _add(
                logging.FileHandler(path, encoding="utf-8"), "text" if chosen == "text" else "json"
            )
        except OSError as error:
            raise WrongUse("log file", "a file that can be written", str(error)) from error


def through(pass_on: Callable[[logging.LogRecord], None]) -> None:
    """Hand every event of this process to a function first, which may name its ``run_id``."""

    def each(record: logging.LogRecord) -> bool:
        pass_on(record)
        return True

    _LOGGER.addFilter(each)


def emit(event: str, lake: str = "", level: str = "info", **fields: Any) -> None:
    """Tell an event.

    Args:
        event: What happened, one word in the past tense: ``ingested``.
        lake: Address of the lake.
        level: ``info``, ``warning`` or ``error``.
        fields: What else there is to say; anything JSON can hold, other values as their text.
    """
    if not _configured():
        configure()
    extra = {"run_id": run_id(), "lake": clean(lake), "fields": clean(fields)}
    _LOGGER.log(LEVELS[level], event, extra=extra)


def clean(value: Any) -> Any:
    """A value without secrets: by name, in addresses, and those that the environment holds."""
    if isinstance(value, Mapping):
        return {k: HIDDEN if _SECRET_NAME.search(str(k)) else clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return [clean(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = _IN_ADDRESS.sub(HIDDEN, str(value))
    for secret in _secrets():
        text = text.replace(secret, HIDDEN)
    return text


def line(record: logging.LogRecord, form: str = "json") -> str:
    """An event as one line of text."""
    when = datetime.fromtimestamp(record.created, UTC)
    level, event = record.levelname.lower(), record.getMessage()
    lake, fields = getattr(record, "lake", ""), getattr(record, "fields", {})
    run = getattr(record, "run_id", "")
    if form == "text":
        said = " ".join(f"{name}={_short(value)}" for name, value in fields.items())
        return f"{when:%H:%M:%S} {level:7} {event} {said}".rstrip()
    head = {"time": when.isoformat(), "level": level, "event": event, "run_id": run, "lake": lake}
    # the head goes last: no field can take the name of one of its own
    # in ASCII: some readers take U+0085 or U+2028 for the end of a line
    return json.dumps({**head, **fields, **head}, default=str)


class _Line(logging.Formatter):
    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        return line(record, self._form)


class _Stderr(logging.StreamHandler[Any]):
    """Writes to what stderr is when the event is told."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _add(handler: logging.Handler, form: str) -> None:
    handler.setFormatter(_Line(form))
    _LOGGER.addHandler(handler)


def _configured() -> bool:
    return _LOGGER.level != logging.NOTSET


def _secrets() -> list[str]:
    """Secrets of the environment; of ``user:password`` the password, longest first."""
    named = (value for name, value in os.environ.items() if _SECRET_NAME.search(name))
    parts = {part for value in named for part in (value, value.rpartition(":")[2])}
    return sorted((part for part in parts if len(part) >= _SHORTEST), key=len, reverse=True)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    # nothing that a terminal would obey
    return text if text.isprintable() and " " not in text else json.dumps(text)
