"""OpenAI's batches: a file of requests is uploaded, a batch made of it, and answers lie in files at the end.

Sources: the OpenAPI description in openai/openai-python (`src/openai/types/batch.py`, `batch_create_params.py`),
https://platform.openai.com/docs/guides/batch: 50,000 requests and 200 MB a file, window 24 h, metadata of 16 pairs,
status validating, failed, in_progress, finalizing, completed, expired, cancelling, cancelled; lines in any order. The
requests of an expired batch stand in the error file with the code `batch_expired`. Azure's v1 API and LiteLLM serve the
same.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from typing import Any

from assay.judges.errors import (
    ConfigurationError,
    EvaluationError,
    ModelError,
    PermanentModelError,
    TransientModelError,
)
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

_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_RUNNING = frozenset({"validating", "in_progress", "finalizing", "cancelling"})
_END_MOMENTS = ("completed_at", "failed_at", "expired_at", "cancelled_at")
"""Fields of a batch one of which is set when it has ended, e.g. `completed_at`."""

_TAG = "assay_tag"
_MOST_FILES = 1000
"""Files that are looked through for one of ours, of the 10,000 that a page may have."""

_CLOCKS_APART = timedelta(minutes=10)
"""How far the provider's clock may be behind ours."""


class OpenAIBatches:
    """`BatchApi` at `/files` and `/batches`."""

    def __init__(self, transfer: BatchTransfer) -> None:
        """Keep the way to the endpoint."""
        self._transfer = transfer

    async def submit(self, tag: str, requests: Mapping[str, bytes]) -> str:
        """Upload the requests, then begin the batch. See `BatchApi.submit`."""
        try:
            file_id = await self._upload(tag, requests)
        except (ModelError, ConfigurationError) as exc:
            with suppress(EvaluationError):  # it may be there though nobody said so
                await self.forget_unsent(tag)
            raise NotSubmitted(str(exc)) from exc
        wish = {
            "input_file_id": file_id,
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "metadata": {_TAG: tag},
        }
        try:
            batch = await self._transfer.ask("POST", "/batches", wish)
        except TransientModelError:
            raise  # it may have been begun
        except EvaluationError as exc:
            with suppress(EvaluationError):
                await self._delete(file_id)
            raise NotSubmitted(str(exc)) from exc
        return _id_of(batch)

    async def find(self, tag: str, *, since: datetime, total: int) -> Sequence[Candidate]:
        """Look through the batches, the newest first, for the tag in their metadata."""
        path, oldest = "/batches?limit=100", (since - _CLOCKS_APART).timestamp()
        for _ in range(MOST_PAGES):
            page = await self._transfer.ask("GET", path)
            batches = [batch for batch in _list(page.get("data")) if isinstance(batch, dict)]
            for batch in batches:
                metadata = batch.get("metadata")
                if isinstance(metadata, dict) and metadata.get(_TAG) == tag:
                    return [Candidate(_id_of(batch), is_certain=True)]
            if not batches or not page.get("has_more") or _number(batches[-1].get("created_at")) < oldest:
                return []
            path = f"/batches?limit=100&after={_id_of(batches[-1])}"
        raise too_many(tag)

    async def state(self, batch_id: str) -> BatchState:
        """Retrieve the batch."""
        batch = await self._transfer.ask("GET", f"/batches/{batch_id}")
        word = status_word(batch.get("status"))
        named = (batch.get("output_file_id"), batch.get("error_file_id"))
        files = tuple(name for name in named if isinstance(name, str) and name)
        asked = tuple(name for name in (batch.get("input_file_id"),) if isinstance(name, str) and name)
        if word == "failed":
            return BatchState(f"failed{_why(batch.get('errors'))}", True, files, asked, is_failed=not files)
        return BatchState(word, word in _ENDED or _has_ended(batch, word), files, asked)

    async def results(self, batch_id: str, state: BatchState) -> AsyncGenerator[BatchLine, None]:
        """Read both files line by line."""
        for name in state.files:
            async with aclosing(self._transfer.lines(f"/files/{name}/content", _line)) as lines:
                async for line in lines:
                    yield line

    async def cancel(self, batch_id: str) -> None:
        """Ask for its end. It comes within minutes."""
        await self._transfer.ask("POST", f"/batches/{batch_id}/cancel")

    async def forget(self, batch_id: str, state: BatchState) -> None:
        """Delete its files. The batch itself stays in the list, without a text."""
        for name in (*state.asked, *state.files):
            await self._delete(name)

    async def forget_unsent(self, tag: str) -> None:
        """Delete the files with its name, among the newest that were uploaded for batches."""
        page = await self._transfer.ask("GET", f"/files?purpose=batch&order=desc&limit={_MOST_FILES}")
        for file in _list(page.get("data")):
            if isinstance(file, dict) and file.get("filename") == _file_name(tag):
                await self._delete(_id_of(file))

    async def check(self) -> None:
        """List a batch, which costs nothing."""
        await self._transfer.ask("GET", "/batches?limit=1")

    async def close(self) -> None:
        """Close the connections."""
        await self._transfer.close()

    async def _delete(self, file_id: str) -> None:
        with suppress(PermanentModelError):  # it is gone already
            await self._transfer.ask("DELETE", f"/files/{file_id}")

    async def _upload(self, tag: str, requests: Mapping[str, bytes]) -> str:
        boundary = secrets.token_hex(16)
        content_type = f"multipart/form-data; boundary={boundary}"
        body = _form(boundary, tag, requests)
        stored = await self._transfer.send("POST", "/files", body, content_type=content_type, timeout_s=UPLOAD_S)
        return _id_of(stored)


def _file_name(tag: str) -> str:
    return f"{tag}.jsonl"


def _form(boundary: str, tag: str, requests: Mapping[str, bytes]) -> bytes:
    """The upload: the purpose, then the file with a request a line."""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_file_name(tag)}"\r\n'
        "Content-Type: application/jsonl\r\n\r\n"
    )
    lines = [
        b'{"custom_id":"%b","method":"POST","url":"/v1/chat/completions","body":%b}\n' % (key.encode(), body)
        for key, body in requests.items()
    ]
    return b"".join([head.encode(), *lines, f"\r\n--{boundary}--\r\n".encode()])


def _has_ended(batch: Mapping[str, Any], word: str) -> bool:
    """Whether a batch has ended that states it in a word of its own, as some gateways do."""
    if word in _RUNNING:
        return False
    return bool(batch.get("output_file_id")) or any(_number(batch.get(name)) for name in _END_MOMENTS)


def _why(errors: object) -> str:
    """The code of the first error that made a batch fail, e.g. `: token_limit_exceeded`."""
    data = _list(errors.get("data")) if isinstance(errors, dict) else []
    code = data[0].get("code") if data and isinstance(data[0], dict) else None
    return f": {code}" if isinstance(code, str) and re.fullmatch(r"[\w.-]{1,64}", code) else ""


def _line(line: Mapping[str, Any]) -> BatchLine | None:
    key, response = line.get("custom_id"), line.get("response")
    if not isinstance(key, str):
        return None
    if not isinstance(response, dict):
        return BatchLine(key, 0, b"")
    body = response.get("body")
    status = _status(response.get("status_code"), body)
    return BatchLine(key, status, json.dumps(body).encode() if status else b"")


def _status(stated: object, body: object) -> int:
    """The status of an answer, also where a gateway spells it otherwise, or leaves it out: what is here was paid."""
    if isinstance(stated, int | float | str) and re.fullmatch(r"[1-5]\d\d(\.0)?", str(stated), re.ASCII):
        return int(float(stated))
    return 200 if isinstance(body, dict) and isinstance(body.get("choices"), list) else 0


def _id_of(thing: Mapping[str, Any]) -> str:
    """The id of a file or a batch.

    Raises:
        TransientModelError: it has none.
    """
    name = thing.get("id")
    if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        raise TransientModelError("the endpoint answered on batches without a usable id")
    return name


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
