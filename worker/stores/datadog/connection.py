"""The way every request to Datadog takes, and what its answers are as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from assay.worker.ports.limits import RateLimits
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.store_clients.answers import loads
from assay.worker.store_clients.connection import Connection
from assay.worker.stores.datadog.quotas import search_limit, write_limit

REMEDY = "check DD_API_KEY, DD_APP_KEY and DD_SITE: keys of one site are unknown to the others"


class DatadogConnection(Connection):
    """A connection that speaks JSON."""

    async def ask(self, path: str, body: Mapping[str, Any], *, content_type: str) -> Any:
        """The JSON answer to a POST; None where it has no body.

        Raises:
            StoreUnavailable, StoreRejected
        """
        try:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except ValueError as exc:
            raise StoreRejected(f"{path}: what is to be sent is no JSON text: half of a surrogate pair?") from exc
        answer = await self.post(path, content, {"Content-Type": content_type})
        if not answer.body.strip():
            return None
        try:
            return loads(answer.body)
        except ValueError as exc:
            raise StoreUnavailable(f"{answer.where}: answered {answer.status} without JSON; is this Datadog?") from exc


def connections(
    address: str, *, api_key: SecretStr, app_key: SecretStr, limits: RateLimits, requests_per_minute: int | None
) -> tuple[DatadogConnection, DatadogConnection]:
    """One for searches, and one for what is written: each has a limit of its own."""
    account = hashlib.sha256(api_key.get_secret_value().encode()).hexdigest()[:12]
    keys = {"DD-API-KEY": api_key, "DD-APPLICATION-KEY": app_key}
    search, intake = (
        DatadogConnection(
            address=address, remedy=REMEDY, limits=limits, limit=limit, headers=keys, accepted=frozenset({201, 202})
        )
        for limit in (search_limit(account, requests_per_minute), write_limit(account, requests_per_minute))
    )
    return search, intake
