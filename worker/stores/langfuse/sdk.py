"""Calls through the SDK's typed API: sent once, over our connection and budget, their errors as our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
from pydantic import ValidationError

from assay.worker.ports.store_errors import StoreError, StoreRejected, StoreUnavailable
from assay.worker.stores.langfuse.client import LangfuseClient, TimedOut, Unreachable, error_of
from assay.worker.stores.langfuse.patient_calls import PatientCalls

PAGE = 100


async def call(client: LangfuseClient, group: str, method: str, *args: Any, **options: Any) -> Any:
    """One request: `call(client, "score_configs", "get", page=1)`.

    Raises:
        StoreUnavailable, StoreRejected: it may have been done all the same where no answer came, or none that the
            SDK can read.
    """
    from langfuse.api.core import ApiError  # the SDK takes a while to import

    where = f"{client.base_url}: {group}.{method}"
    try:
        return await getattr(getattr(client.sdk(), group), method)(*args, **options, request_options={"max_retries": 0})
    except ApiError as exc:
        raise error_of_api(exc, where) from exc
    except ValidationError as exc:
        raise StoreRejected(f"{where}: the answer is not what the SDK expects: {_first(exc)}") from exc
    except httpx.TimeoutException as exc:
        raise TimedOut(f"{where}: no answer in time") from exc
    except httpx.HTTPError as exc:
        raise Unreachable(f"{where}: {type(exc).__name__}; check LANGFUSE_BASE_URL and that the server runs") from exc


async def pages(
    client: LangfuseClient, group: str, method: str, *args: Any, patiently: PatientCalls | None = None, **options: Any
) -> AsyncIterator[list[Any]]:
    """The pages of a listing that counts them; `patiently` asks again for each that gets no answer.

    Raises:
        StoreUnavailable, StoreRejected
    """
    page = 1
    while True:
        ask = partial(call, client, group, method, *args, page=page, limit=PAGE, **options)
        answer = await (patiently(ask) if patiently else ask())
        yield answer.data
        if page >= answer.meta.total_pages:
            return
        page += 1


def error_of_api(error: Any, where: str) -> StoreError:
    """What an error of the SDK means, by the same rules as for our own requests."""
    status = error.status_code or 500
    # Never the other headers: they speak of the body as it came, compressed perhaps, and this one is not.
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "retry-after"}
    if isinstance(error.body, dict):
        return error_of(httpx.Response(status, headers=headers, json=error.body), where)
    if 200 <= status < 300:
        return StoreUnavailable(f"{where}: answered {status} without JSON; is this Langfuse?")
    return error_of(httpx.Response(status, headers=headers, text=str(error.body or "")), where)


def _first(error: ValidationError) -> str:
    """Where the answer differs and how, without what it holds."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['type']}; upgrade assay, or the server"
