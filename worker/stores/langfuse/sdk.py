"""Calls through the SDK's typed API: sent once, over our connection and budget, their errors as our own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import httpx

from worker.ports import StoreBusy, StoreError, StoreUnavailable
from worker.stores.langfuse.client import LangfuseClient, TimedOut, error_of

PAGE = 100
PATIENCE_S = 600.0
T = TypeVar("T")


async def call(client: LangfuseClient, group: str, method: str, *args: Any, **options: Any) -> Any:
    """One request: `call(client, "score_configs", "get", page=1)`.

    Raises:
        StoreUnavailable, StoreRejected: it may have been done all the same where no answer came.
    """
    from langfuse.api.core import ApiError  # the SDK takes a while to import

    where = f"{client.base_url}: {group}.{method}"
    try:
        return await getattr(getattr(client.sdk(), group), method)(*args, **options, request_options={"max_retries": 0})
    except ApiError as exc:
        raise error_of_api(exc, where) from exc
    except httpx.TimeoutException as exc:
        raise TimedOut(f"{where}: no answer in time") from exc
    except httpx.HTTPError as exc:
        raise StoreUnavailable(
            f"{where}: {type(exc).__name__}; check LANGFUSE_BASE_URL and that the server runs"
        ) from exc


async def pages(
    client: LangfuseClient, group: str, method: str, *args: Any, **options: Any
) -> AsyncIterator[list[Any]]:
    """The pages of a listing that counts them.

    Raises:
        StoreUnavailable, StoreRejected
    """
    page = 1
    while True:
        answer = await call(client, group, method, *args, page=page, limit=PAGE, **options)
        yield answer.data
        if page >= answer.meta.total_pages:
            return
        page += 1


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """What is asked, waiting for room in the request budget as often as need be: a person waits for the end of it all.

    Raises:
        StoreBusy: no room for longer than `PATIENCE_S`.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await ask()
        except StoreBusy as exc:
            wait_s = max(exc.retry_after_s or 0.0, 0.1)
            if time.monotonic() + wait_s > until:
                raise
            await asyncio.sleep(wait_s)


def error_of_api(error: Any, where: str) -> StoreError:
    """What an error of the SDK means, by the same rules as for our own requests."""
    body = error.body if isinstance(error.body, dict) else {"message": str(error.body)}
    return error_of(httpx.Response(error.status_code or 500, headers=error.headers, json=body), where)
