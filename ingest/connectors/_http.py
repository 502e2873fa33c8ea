"""JSON over HTTP from servers one does not run: slow, busy, broken or hostile ones."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import BadInput
from registry.identity import digest

if TYPE_CHECKING:
    import httpx

BUSY = (429, 500, 502, 503, 504)
"""Answers after which it is worth asking again (RFC 9110, RFC 6585)."""
NO_ENTRY = (401, 403)


@dataclass(frozen=True)
class Manners:
    """How a server is asked.

    Attributes:
        pause: Least time between two requests (s).
        attempts: How often one request is made when the server is busy or the line is cut.
        backoff: Time before the second attempt (s); doubled for each further one.
        longest_wait: No single wait is longer (s), whatever the server asks for.
        timeout: Longest silence (s).
        deadline: Longest time for one answer (s).
        most_bytes: Largest answer, unpacked.
        cache_age: Answers on disk younger than this are not asked for again (s).
    """

    pause: float = 0.2
    attempts: int = 6
    backoff: float = 1.0
    longest_wait: float = 120.0
    timeout: float = 60.0
    deadline: float = 600.0
    most_bytes: int = 64 * 2**20
    cache_age: float = 86400.0


class _TryAgain(Exception):
    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Client:
    """Asks a server, politely, and keeps its answers. A context manager.

    Args:
        cache: Folder for answers, one file each; expired ones are removed on entry. Headers are
            not kept, so no key is.
        manners: How to ask.
        headers: Sent with each request, such as a key. Redirects are not followed: they would
            carry it elsewhere.
        sleep: Waits.
    """

    def __init__(
        self,
        cache: Path,
        manners: Manners | None = None,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        self._cache = cache
        self._manners = manners or Manners()
        self._sleep = sleep
        self._last = -float("inf")
        agent = {"User-Agent": f"scatterlake/{version('scatterlake')}", "Accept": "*/*"}
        self._http = httpx.Client(
            headers={**agent, **(headers or {})}, timeout=self._manners.timeout
        )

    def __enter__(self) -> Client:
        self._cache.mkdir(parents=True, exist_ok=True)
        for kept in self._cache.iterdir():
            if not _younger(kept, self._manners.cache_age):
                kept.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def json(self, url: str) -> dict[str, Any]:
        """The JSON object at an address, from disk where it was asked for of late.

        Raises:
            BadInput: When the server refuses, stays busy or cut off, or answers with anything
                but a JSON object of bearable size.
        """
        kept = self._cache / f"{digest(url)}.json"
        if _younger(kept, self._manners.cache_age):
            return _object(kept.read_bytes(), url)
        content = self._patiently(url)
        answer = _object(content, url)
        partial = kept.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(content)
        partial.replace(kept)
        return answer

    def _patiently(self, url: str) -> bytes:
        reason = ""
        for attempt in range(self._manners.attempts):
            self._sleep(max(0.0, self._last + self._manners.pause - time.monotonic()))
            self._last = time.monotonic()
            try:
                return self._once(url)
            except _TryAgain as busy:
                reason = str(busy)
                if attempt + 1 < self._manners.attempts:
                    self._sleep(self._wait(attempt, busy.wait))
        found = f"{reason}, {self._manners.attempts} times"
        raise BadInput(url, "an answer", found)

    def _wait(self, attempt: int, asked_for: float | None) -> float:
        # some chance in it, so that many clients do not come back at once
        own = self._manners.backoff * 2.0**attempt * random.uniform(0.5, 1.0)
        return min(max(own, asked_for or 0.0), self._manners.longest_wait)

    def _once(self, url: str) -> bytes:
        import httpx

        try:
            with self._http.stream("GET", url) as answer:
                if answer.status_code in BUSY:
                    wait = _retry_after(answer.headers.get("Retry-After"))
                    raise _TryAgain(f"status {answer.status_code}", wait)
                content = self._content(answer, url)
        except httpx.TransportError as error:
            raise _TryAgain(f"{type(error).__name__}: {error}") from error
        except (httpx.InvalidURL, httpx.DecodingError) as error:
            raise BadInput(url, "a JSON answer", f"{type(error).__name__}: {error}") from error
        if answer.status_code in NO_ENTRY:
            raise BadInput(url, "a key that the server accepts", _complaint(answer, content))
        if answer.status_code != httpx.codes.OK:
            raise BadInput(url, "status 200", _complaint(answer, content))
        return content

    def _content(self, answer: httpx.Response, url: str) -> bytes:
        begin, pieces, size = time.monotonic(), [], 0
        for piece in answer.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > self._manners.most_bytes:
                expected = f"an answer of at most {self._manners.most_bytes} bytes"
                raise BadInput(url, expected, "a larger one")
            if time.monotonic() - begin > self._manners.deadline:
                raise _TryAgain(f"an answer unfinished after {self._manners.deadline:g} s")
        return b"".join(pieces)


def _younger(kept: Path, age: float) -> bool:
    try:
        return time.time() - kept.stat().st_mtime < age
    except FileNotFoundError:
        return False


def _complaint(answer: httpx.Response, content: bytes) -> str:
    place = answer.headers.get("Location")
    if place:
        return f"status {answer.status_code} with the new address {place[:200]}"
    return f"status {answer.status_code}: {content[:300].decode('utf-8', 'replace')}"


def _retry_after(value: str | None) -> float | None:
    """Seconds a server asks to wait, given as a number or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    try:
        return float(int(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None  # neither: the own waiting time holds
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()


def _object(content: bytes, url: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadInput(url, "JSON", f"{type(error).__name__}: {error}") from error
    if not isinstance(found, dict):
        raise BadInput(url, "a JSON object", f"a {type(found).__name__}")
    return found
