"""Which server this is: asked once, and again when a route is gone; then every call knows its way.

Langfuse has two generations. From v4 on a trace is "the observations that share a trace id", read through
`/v2/observations`; before, it is an object of its own under `/traces`. A v4 server answers 404 to the older routes,
a v3 server to the newer ones; one in migration answers both, and then the newer are taken.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.stores.langfuse.client import LangfuseClient, NotThere, QueryTooHeavy, RouteMissing
from assay.worker.stores.langfuse.codec import iso

WritesScores = Literal["list", "events", "single"]
SCORE_LISTS_SINCE = (4, 59, 0)
"""From here on POST /scores takes a list; before, one object, or a batch of events through /ingestion."""


class Server(Record):
    """What was found: version, generation, and which way scores are written and read.

    Writing: `list` posts many scores at once (4.59 and later), `events` posts them as a batch to /ingestion, `single`
    one by one where neither is there.
    """

    version: str | None
    generation: Literal["v4", "v3"]
    reads_scores: Literal["v3", "v2"]
    writes_scores: WritesScores

    @property
    def words(self) -> str:
        """For people."""
        kind = "observation-first (v4)" if self.generation == "v4" else "trace objects (v3)"
        how = {"list": "in lists", "events": "in batches of events", "single": "one by one"}[self.writes_scores]
        return f"Langfuse {self.version or 'of unknown version'}, {kind}, scores are written {how}"


async def detect(client: LangfuseClient) -> Server:
    """Ask the server for its version and probe its routes.

    Raises:
        ConfigurationError: it is Langfuse, but answers neither generation's routes.
        StoreUnavailable: or it does not look like Langfuse now; a proxy may answer for a server that restarts.
    """
    version = await _version(client)
    if await _answers(
        client, "/api/public/v2/observations", (("limit", "1"), ("fields", "core"), *an_hour("StartTime"))
    ):
        generation: Literal["v4", "v3"] = "v4"
    elif await serves_traces(client):
        generation = "v3"
    elif version is None:
        raise StoreUnavailable(
            f"{client.base_url}: does not answer as Langfuse does; check LANGFUSE_BASE_URL, or wait for it to come back"
        )
    else:
        raise ConfigurationError(
            f"{client.base_url}: serves neither /v2/observations nor /traces; check LANGFUSE_BASE_URL, and on a server "
            "in migration LANGFUSE_MIGRATION_V4_ALLOW_PREVIEW_OPT_IN"
        )
    has_v3_scores = generation == "v4" or await _answers(
        client, "/api/public/v3/scores", (("limit", "1"), *an_hour("Timestamp"))
    )
    takes_lists = version is not None and numbers(version) >= SCORE_LISTS_SINCE
    return Server(
        version=version,
        generation=generation,
        reads_scores="v3" if has_v3_scores else "v2",
        writes_scores="list" if takes_lists else "events",
    )


async def serves_traces(client: LangfuseClient) -> bool:
    """Whether the older generation's reads are there. Within an hour: a server may insist on dates, and without them
    one trace costs a scan of all.
    """
    return await _answers(client, "/api/public/traces", (("limit", "1"), ("fields", "core"), *an_hour("Timestamp")))


def an_hour(of: Literal["StartTime", "Timestamp"]) -> tuple[tuple[str, str], tuple[str, str]]:
    """The bounds of the last hour, as parameters."""
    now = datetime.now(UTC)
    return (f"from{of}", iso(now - timedelta(hours=1))), (f"to{of}", iso(now))


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers that compare: `4.59.0-rc1` is 4, 59, 0; what is no number ends it."""
    parts: list[int] = []
    for part in re.split(r"[-+]", version.lstrip("v"))[0].split("."):
        if not part.isdigit():
            break
        parts.append(int(part))
    return tuple(parts)


async def _version(client: LangfuseClient) -> str | None:
    try:
        answer = await client.get("/api/public/health")
    except (StoreRejected, RouteMissing):
        return None
    version = answer.get("version") if isinstance(answer, dict) else None
    return version if isinstance(version, str) and version else None


async def _answers(client: LangfuseClient, path: str, query: tuple[tuple[str, str], ...]) -> bool:
    try:
        await client.get(path, query)
    except (RouteMissing, NotThere):
        return False
    except (StoreRejected, QueryTooHeavy):
        # Not as it likes to be asked, or too much for it now: it is there.
        return True
    return True
