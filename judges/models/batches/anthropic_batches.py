"""Anthropic's message batches: all requests in one body, and the results as lines at an address of the batch.

Sources: https://docs.claude.com/en/api/creating-message-batches and `src/anthropic/types/messages/` of
anthropics/anthropic-sdk-python: 100,000 requests and 256 MB, custom ids of up to 64 letters, digits, `-` and `_`;
processing_status in_progress, canceling, ended, and results that succeeded, errored, canceled or expired; lines in
any order.

A batch has no metadata. One whose creation was not answered is among those of its time and its number of requests,
and full batches all have the same number. Its results tell: each has a key of ours, or none has.

`GET /messages/batches` lists the newest first, at most 1,000 a page, with `has_more`, and takes `after_id`:
`src/anthropic/types/messages/batch_list_params.py` of the same repository.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from typing import Any

from assay.judges.errors import EvaluationError, ModelUnavailable, PermanentModelError, TransientModelError
from assay.judges.models.batches.port import (
    MOST_PAGES,
    BatchLine,
    BatchState,
    Candidate,
    NotSubmitted,
    status_word,
    too_many,
)
from assay.judges.models.batches.transfer import UPLOAD_S, BatchTransfer

_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The HTTP status of each type of error, https://docs.claude.com/en/api/errors, e.g. `rate_limit_error` is 429."""

_RUNNING = frozenset({"in_progress", "canceling"})

_WINDOW = timedelta(minutes=15)
"""A batch of ours was begun within so long of the moment that was noted, as clocks go."""


class AnthropicBatches:
    """`BatchApi` at `/messages/batches`."""

    def __init__(self, transfer: BatchTransfer) -> None:
        """Keep the way to the endpoint."""
        self._transfer = transfer

    async def submit(self, tag: str, requests: Mapping[str, bytes]) -> str:
        """Begin the batch with all requests in one body. See `BatchApi.submit`."""
        lines = [b'{"custom_id":"%b","params":%b}' % (key.encode(), body) for key, body in requests.items()]
        body = b'{"requests":[' + b",".join(lines) + b"]}"
        try:
            batch = await self._transfer.send(
                "POST", "/messages/batches", body, content_type="application/json", timeout_s=UPLOAD_S
            )
        except TransientModelError:
            raise  # it may have been begun
        except EvaluationError as exc:
            raise NotSubmitted(str(exc)) from exc
        return _id_of(batch)

    async def find(self, tag: str, *, since: datetime, total: int) -> Sequence[Candidate]:
        """Look for all batches of that moment and that size."""
        path, alike = "/messages/batches?limit=100", []
        for _ in range(MOST_PAGES):
            page = await self._transfer.ask("GET", path)
            data = page.get("data")
            batches = [batch for batch in data if isinstance(batch, dict)] if isinstance(data, list) else []
            alike += [batch for batch in batches if _was_begun(batch, since) and _total(batch) == total]
            if not batches or not page.get("has_more") or _is_older(batches[-1], since):
                return [Candidate(_id_of(batch), is_certain=False) for batch in alike]
            path = f"/messages/batches?limit=100&after_id={_id_of(batches[-1])}"
        raise too_many(tag)

    async def state(self, batch_id: str) -> BatchState:
        """Retrieve the batch."""
        batch = await self._transfer.ask("GET", f"/messages/batches/{batch_id}")
        word = status_word(batch.get("processing_status"))
        has_ended = word not in _RUNNING and bool(batch.get("ended_at"))
        return BatchState(word, word == "ended" or has_ended)

    async def results(self, batch_id: str, state: BatchState) -> AsyncGenerator[BatchLine, None]:
        """Read the results line by line."""
        async with aclosing(self._transfer.lines(f"/messages/batches/{batch_id}/results", _line)) as lines:
            async for line in lines:
                yield line

    async def cancel(self, batch_id: str) -> None:
        """Ask for its end."""
        await self._transfer.ask("POST", f"/messages/batches/{batch_id}/cancel")

    async def forget(self, batch_id: str, state: BatchState) -> None:
        """Delete the batch with its requests and results."""
        with suppress(PermanentModelError):  # it is gone already
            await self._transfer.ask("DELETE", f"/messages/batches/{batch_id}")

    async def forget_unsent(self, tag: str) -> None:
        """Requests come with the batch, so nothing is kept of one that was not begun."""

    async def check(self) -> None:
        """List a batch, which costs nothing."""
        await self._transfer.ask("GET", "/messages/batches?limit=1")

    async def close(self) -> None:
        """Close the connections."""
        await self._transfer.close()


def _line(line: Mapping[str, Any]) -> BatchLine | None:
    key, result = line.get("custom_id"), line.get("result")
    if not isinstance(key, str) or not isinstance(result, dict):
        return None
    kind = result.get("type")
    if kind == "succeeded":
        return BatchLine(key, 200, json.dumps(result.get("message")).encode())
    if kind == "errored":
        outer = result.get("error")
        error = outer.get("error") if isinstance(outer, dict) else None
        name = error.get("type") if isinstance(error, dict) else None
        return BatchLine(key, _STATUSES.get(str(name), 500), b"")
    return BatchLine(key, 0, b"")


def _was_begun(batch: Mapping[str, Any], since: datetime) -> bool:
    created = _created(batch)
    return created is not None and abs(created - since) <= _WINDOW


def _is_older(batch: Mapping[str, Any], since: datetime) -> bool:
    """Whether it, and so all that are listed after it, were begun too long before."""
    created = _created(batch)
    return created is not None and created < since - _WINDOW


def _created(batch: Mapping[str, Any]) -> datetime | None:
    try:
        created = datetime.fromisoformat(str(batch.get("created_at")))
    except ValueError:
        return None
    return created if created.tzinfo is not None else None


def _total(batch: Mapping[str, Any]) -> int:
    counts = batch.get("request_counts")
    return sum(n for n in counts.values() if isinstance(n, int)) if isinstance(counts, dict) else 0


def _id_of(batch: Mapping[str, Any]) -> str:
    name = batch.get("id")
    if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        raise ModelUnavailable("the endpoint answered on batches without a usable id")
    return name
