"""What Phoenix's refusals mean: one line with the route, the status and the server's words, and what may help."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from assay.worker.ports.store_errors import (
    StoreAccessDenied,
    StoreBusy,
    StoreError,
    StoreRejected,
    StoreUnavailable,
)
from assay.worker.store_clients.keys import redacted

MOST_WORDS = 200
"""Characters of the server's own words."""
_PROJECT_WORDS = re.compile(r"Project with (name|ID|identifier)\b")
"""What a server says that has no such project: `Project with name bot not found`."""
_MISSING_WORDS = re.compile(r"(Traces|Spans|Sessions) with IDs|None of the supplied")
"""What it says of ids that it does not have: `Traces with IDs 4bf9 do not exist.`"""


class TimedOut(StoreUnavailable):
    """No answer in time: tried again with the work it belongs to, not within seconds."""


class ProjectMissing(StoreUnavailable):
    """The server has no such project. The first span makes it, so it may come to be."""


class RouteMissing(StoreUnavailable):
    """404 without a word about an object: another product, or a proxy while the server restarts."""


class TooLarge(StoreRejected):
    """Request or answer are more than is moved at once: ask for less."""


class NotThere(StoreRejected):
    """What a score should hang on is not in this server."""


_MEANINGS: dict[int, type[StoreUnavailable | StoreRejected]] = {
    408: StoreUnavailable,
    409: StoreUnavailable,
    413: TooLarge,
    414: TooLarge,
    425: StoreUnavailable,
    431: TooLarge,
}


def error_of(
    status: int, body: bytes, where: str, retry_after_s: float | None, secrets: Sequence[SecretStr] = ()
) -> StoreError:
    """The error that a refusal stands for."""
    words = words_of(body, secrets)
    message = f"{where}: {status}: {words}"
    if status in {401, 403}:
        return StoreAccessDenied(f"{message}; check PHOENIX_API_KEY and PHOENIX_ENDPOINT")
    if status == 429:
        return StoreBusy(message, retry_after_s=10.0 if retry_after_s is None else retry_after_s)
    if status == 404:
        return _of_404(words, message)
    if status in _MEANINGS:
        return _MEANINGS[status](message)
    if 300 <= status < 400:
        message += "; the address leads elsewhere: set PHOENIX_ENDPOINT to the one it leads to"
    elif status < 500:
        return StoreRejected(message)
    return StoreUnavailable(message, retry_after_s=retry_after_s)


def _of_404(words: str, message: str) -> StoreError:
    if _PROJECT_WORDS.match(words):
        return ProjectMissing(f"{message}; name it by `project` in assay.yaml, or send a first trace to it")
    if _MISSING_WORDS.match(words):
        return NotThere(message)
    return RouteMissing(f"{message}; is this Phoenix, and is the path of the space in PHOENIX_ENDPOINT?")


def words_of(body: bytes, secrets: Sequence[SecretStr] = ()) -> str:
    """The server's own words without our key, short. Of a failed validation only where and why: it repeats us."""
    text = redacted(body[:20_000].decode("utf-8", "replace").strip(), secrets)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = "" if text.startswith("<") else text
    detail = told.get("detail") if isinstance(told, dict) else told
    if isinstance(detail, list):
        detail = "; ".join(_of_validation(entry) for entry in detail[:3] if isinstance(entry, dict))
    return " ".join(str(detail or "").split())[:MOST_WORDS] or "no words"


def _of_validation(entry: dict[str, Any]) -> str:
    place = ".".join(str(step) for step in entry.get("loc") or ())
    return f"{place}: {entry.get('msg') or entry.get('type') or 'refused'}"
