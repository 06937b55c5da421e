"""Anthropic's message batches: all requests in one body, and the results as lines at an address of the batch.

Sources: https://docs.claude.com/en/api/creating-message-batches and `src/anthropic/types/messages/` of
anthropics/anthropic-sdk-python: 100,000 requests and 256 MB, custom ids of up to 64 letters, digits, `-` and `_`;
processing_status in_progress, canceling, ended, and results that succeeded, errored, canceled or expired; lines in
any order.

A batch has no metadata. One whose creation was not answered is known again by its time and its number of requests.
If it is another's, none of its results has a key of ours, and our requests are free again.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from assay.judges.errors import EvaluationError, ModelUnavailable, PermanentModelError, TransientModelError
from assay.judges.models.batches.port import BatchLine, BatchState, NotSubmitted
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

    async def find(self, tag: str, *, since: datetime, total: int) -> str | None:
        """Look for a batch of that moment and that size."""
        page = await self._transfer.ask("GET", "/messages/batches?limit=100")
        data = page.get("data")
        for batch in data if isinstance(data, list) else []:
            if isinstance(batch, dict) and _was_begun(batch, since) and _total(batch) == total:
                return _id_of(batch)
        return None

    async def state(self, batch_id: str) -> BatchState:
        """Retrieve the batch."""
        batch = await self._transfer.ask("GET", f"/messages/batches/{batch_id}")
        word = str(batch.get("processing_status"))
        return BatchState(word, word == "ended")

    async def results(self, batch_id: str, state: BatchState) -> AsyncIterator[BatchLine]:
        """Read the results line by line."""
        async for line in self._transfer.lines(f"/messages/batches/{batch_id}/results"):
            result = line.get("result")
            if isinstance(line.get("custom_id"), str) and isinstance(result, dict):
                yield _line(line["custom_id"], result)

    async def cancel(self, batch_id: str) -> None:
        """Ask for its end."""
        await self._transfer.ask("POST", f"/messages/batches/{batch_id}/cancel")

    async def forget(self, batch_id: str, state: BatchState) -> None:
        """Delete the batch with its requests and results."""
        with suppress(PermanentModelError):  # it is gone already
            await self._transfer.ask("DELETE", f"/messages/batches/{batch_id}")

    async def check(self) -> None:
        """List a batch, which costs nothing."""
        await self._transfer.ask("GET", "/messages/batches?limit=1")

    async def close(self) -> None:
        """Close the connections."""
        await self._transfer.close()


def _line(key: str, result: Mapping[str, Any]) -> BatchLine:
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
    try:
        created = datetime.fromisoformat(str(batch.get("created_at")))
    except ValueError:
        return False
    return created.tzinfo is not None and abs(created - since) <= _WINDOW


def _total(batch: Mapping[str, Any]) -> int:
    counts = batch.get("request_counts")
    return sum(n for n in counts.values() if isinstance(n, int)) if isinstance(counts, dict) else 0


def _id_of(batch: Mapping[str, Any]) -> str:
    name = batch.get("id")
    if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        raise ModelUnavailable("the endpoint answered on batches without a usable id")
    return name
