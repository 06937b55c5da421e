"""The way every request to LangSmith takes, and what its answers are as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from assay.worker.ports.limits import RateLimits
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.store_clients.answers import loads
from assay.worker.store_clients.connection import Answer, Connection
from assay.worker.stores.langsmith.quotas import feedback_limit, query_limit

REMEDY = "check LANGSMITH_API_KEY, LANGSMITH_ENDPOINT, and LANGSMITH_WORKSPACE_ID where a key has several workspaces"
MISSING = frozenset({404, 405, 410, 501})
"""A route that this server has not, has no more, or does not serve from its database."""
CONFLICT = 409
_ACCEPTED = MISSING | {CONFLICT, 201, 202, 204}


class LangSmithConnection(Connection):
    """A connection that can also change what is there."""

    async def send(self, method: str, path: str, body: Mapping[str, Any]) -> Answer:
        """The answer to a request with a JSON body.

        Raises:
            StoreUnavailable, StoreRejected
        """
        try:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except ValueError as exc:
            raise StoreRejected(f"{path}: what is to be sent is no JSON text: half of a surrogate pair?") from exc
        return await self._ask(method, path, content=content, headers={"Content-Type": "application/json"})


def connections(
    address: str, *, key: SecretStr, workspace: str | None, limits: RateLimits, requests_per_minute: int | None
) -> tuple[LangSmithConnection, LangSmithConnection]:
    """One for queries of runs, and one for all else: each has a limit of its own."""
    # Limits are the key's. Its name in Redis tells nothing of it.
    account = hashlib.sha256(key.get_secret_value().encode()).hexdigest()[:12]
    headers = {"x-api-key": key} | ({"X-Tenant-Id": SecretStr(workspace)} if workspace else {})
    queries, feedback = (
        LangSmithConnection(
            address=address, remedy=REMEDY, limits=limits, limit=limit, headers=headers, accepted=_ACCEPTED
        )
        for limit in (query_limit(account, requests_per_minute), feedback_limit(account, requests_per_minute))
    )
    return queries, feedback


def json_of(answer: Answer) -> Any:
    """What an answer says.

    Raises:
        StoreUnavailable: it is no JSON, or the route is not there.
    """
    if answer.status in MISSING or answer.status == CONFLICT:
        raise StoreUnavailable(f"{answer.where}: {answer.status}: {answer.message}; {REMEDY}")
    try:
        return loads(answer.body or b"null")
    except ValueError as exc:
        raise StoreUnavailable(f"{answer.where}: answered {answer.status} without JSON; is this LangSmith?") from exc
