"""Writing scores. Reading them back: `score_reads`.

Three ways to write, found out by `server.py`: lists, batches of events, or one by one. In each every field is
sent, because the server merges: what is left out keeps its old value. A write's return means accepted; whether a
score is there only reading tells, since the server drops what it does not like after it has answered 200.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from assay.worker.ports.clock import Clock
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score, SessionScore
from assay.worker.stores.langfuse.client import LangfuseClient, RouteMissing
from assay.worker.stores.langfuse.codec import iso
from assay.worker.stores.langfuse.configs import ScoreConfigs
from assay.worker.stores.langfuse.server import Server, WritesScores
from assay.worker.stores.langfuse.write_responses import check_counts, check_errors

SCORES = "/api/public/scores"
INGESTION = "/api/public/ingestion"
AT_ONCE = 100
LIST_BYTES, EVENT_BYTES = 900_000, 3_500_000
"""Under the server's 1 MiB for /scores and 4.5 MiB for /ingestion."""

OTHER_WAY_FOR = timedelta(minutes=10)
"""For how long a way that the server did not take is left alone: proxies and upgrades pass."""

_EVENTS = uuid.UUID("0d5c7f52-9a1e-5c43-8a55-6a0f2c1f7e11")


class ScoreWriter:
    """Posts scores in the way the server takes them."""

    def __init__(self, client: LangfuseClient, configs: ScoreConfigs, clock: Clock) -> None:
        self._client = client
        self._configs = configs
        self._clock = clock
        self._way: WritesScores | None = None
        self._way_until = clock.now()
        self._took_events = False

    def forget(self) -> None:
        """The server is another one, perhaps: start anew from what it says of itself."""
        self._way, self._took_events = None, False

    async def write(self, scores: Sequence[Score | SessionScore], server: Server) -> None:
        """Write or overwrite scores by id; the last one wins where an id comes twice.

        Raises:
            StoreRejected: a score is no score, too large, or refused; the message names it.
            StoreUnavailable
        """
        last = {score.id: score for score in scores}
        bodies = [await self._body(score) for score in last.values()]
        if self._way is not None and self._clock.now() >= self._way_until:
            self._way = None
        way = self._way or server.writes_scores
        if way == "list":
            await self._write_lists(bodies, last)
        elif way == "events":
            await self._write_events(bodies, last)
        else:
            await self._write_singly(bodies)

    async def _write_lists(self, bodies: Sequence[dict[str, Any]], scores: Mapping[str, Score | SessionScore]) -> None:
        for part in parts(bodies, LIST_BYTES):
            try:
                check_counts(await self._client.post(SCORES, part), part)
            except StoreRejected as exc:
                if "expected object, received array" not in str(exc):
                    raise
                # The version said otherwise, and nothing of the list was taken.
                self._take("events")
                await self._write_events(bodies, scores)
                return

    async def _write_events(self, bodies: Sequence[dict[str, Any]], scores: Mapping[str, Score | SessionScore]) -> None:
        now = self._clock.now()
        events = [event(body, scores[body["id"]].timestamp, now) for body in bodies]
        for part in parts(events, EVENT_BYTES):
            try:
                answer = await self._client.post(INGESTION, {"batch": part})
            except RouteMissing:
                if self._took_events:
                    raise  # it was there: it will be again, or the server is another one by now
                await self._write_singly(bodies)
                self._take("single")
                return
            self._took_events = True
            check_errors(answer, part)

    def _take(self, way: WritesScores) -> None:
        self._way, self._way_until = way, self._clock.now() + OTHER_WAY_FOR

    async def _write_singly(self, bodies: Sequence[dict[str, Any]]) -> None:
        for part in parts(bodies, LIST_BYTES, at_once=1):
            await self._client.post(SCORES, part[0])

    async def _body(self, score: Score | SessionScore) -> dict[str, Any]:
        where = f"score {score.name!a} of {_subject_in_words(score)}"
        if isinstance(score.value, float) and not math.isfinite(score.value):
            raise StoreRejected(f"{where}: {score.value} is no finite number")
        body = {
            "id": score.id,
            **_subject(score),
            "name": score.name,
            "value": score.value,
            "dataType": score.data_type,
            "comment": score.comment or None,
            "environment": score.environment,
            "metadata": score.metadata,
            "timestamp": iso(score.timestamp),
        }
        config_id = await self._configs.config_id(score)
        return _encodable(body if config_id is None else body | {"configId": config_id}, where)


def event(body: dict[str, Any], dated: datetime, now: datetime) -> dict[str, Any]:
    """A score as an event of /ingestion.

    The envelope's moment dates the score, and of two envelopes for one id the later wins, whatever came last. So it
    is the trace's start, plus a millisecond for each second since then: near enough to the trace for every chart,
    and a rewrite is always later than what it replaces.
    """
    waited = max(0.0, (now - dated).total_seconds())
    at = iso(dated + timedelta(milliseconds=math.floor(waited)))
    fields = {key: value for key, value in body.items() if key != "timestamp"}
    event_id = str(uuid.uuid5(_EVENTS, f"{body['id']}\x1f{at}"))
    return {"id": event_id, "type": "score-create", "timestamp": at, "body": fields}


def parts(
    items: Sequence[dict[str, Any]], most_bytes: int, *, at_once: int = AT_ONCE
) -> Iterator[list[dict[str, Any]]]:
    """Items in requests the server takes.

    Raises:
        StoreRejected: one item alone is too large.
    """
    part: list[dict[str, Any]] = []
    taken = 0
    for item in items:
        size = len(json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass")) + 1
        if size > most_bytes:
            name = item.get("name") or item.get("body", {}).get("name")
            raise StoreRejected(f"score {name!a}: {size:,} bytes are more than the server takes; shorten its comment")
        if part and (taken + size > most_bytes or len(part) == at_once):
            yield part
            part, taken = [], 0
        part.append(item)
        taken += size
    if part:
        yield part


def _subject(score: Score | SessionScore) -> dict[str, str]:
    if isinstance(score, SessionScore):
        return {"sessionId": score.session_id}
    observation = {} if score.observation_id is None else {"observationId": score.observation_id}
    return {"traceId": score.trace_id, **observation}


def _subject_in_words(score: Score | SessionScore) -> str:
    return f"session {score.session_id!a}" if isinstance(score, SessionScore) else f"trace {score.trace_id!a}"


def _encodable(body: dict[str, Any], where: str) -> dict[str, Any]:
    try:
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as exc:
        raise StoreRejected(f"{where}: cannot be sent as JSON ({type(exc).__name__})") from exc
    return body
