"""Annotation queues, what people said in them, and what users said of answers.

The server takes an item twice without a word, and tells nobody when an item is done; so whoever adds one asks first
after any doubt, and completed ones are looked for.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from assay.judges.errors import ConfigurationError
from assay.worker.ports.reviews import HumanScore, Reviewed, ReviewQueue, ReviewRequest
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.ports.waiting import wait_for_budget
from assay.worker.records.scores import Score
from assay.worker.stores.langfuse import sdk
from assay.worker.stores.langfuse.client import LangfuseClient, Query
from assay.worker.stores.langfuse.codec import iso, moment
from assay.worker.stores.langfuse.configs import fits
from assay.worker.stores.langfuse.patient_calls import PatientCalls
from assay.worker.stores.langfuse.scores import SCORES
from assay.worker.stores.langfuse.server import Server

V3_SCORES = "/api/public/v3/scores"
CLOCKS_DIFFER = timedelta(hours=1)
IDS_AT_ONCE = 50
_NAMESPACE = uuid.UUID("b1a8a3b4-0d0e-5b0c-9a53-2f2b7e3f9c11")

log = structlog.get_logger(__name__)


class LangfuseReviewQueues:
    """`assay.worker.ports.reviews.ReviewQueues` of one project; queues are looked up once."""

    def __init__(self, client: LangfuseClient, server: Callable[[], Awaitable[Server]]) -> None:
        self._client = client
        self._server = server
        self._queues: dict[str, ReviewQueue] = {}
        self._configs: dict[str, Mapping[str, Any]] = {}

    async def find(self, name: str) -> ReviewQueue:
        """A queue by its name."""
        if name not in self._queues:
            known: dict[str, Any] = {}
            async for page in sdk.pages(self._client, "annotation_queues", "list_queues"):
                known |= {queue.name: queue for queue in page}
            if name not in known:
                there = ", ".join(sorted(known)) or "none"
                raise ConfigurationError(
                    f"Langfuse: annotation queue {name!r}: there is none; queues: {there}. Make it in the project, or "
                    "mend review_queue in assay.yaml"
                )
            configs = [
                await sdk.call(self._client, "score_configs", "get_by_id", i) for i in known[name].score_config_ids
            ]
            self._configs[name] = {config.name: config for config in configs if not config.is_archived}
            scores = {config.name: str(config.data_type.value) for config in self._configs[name].values()}
            self._queues[name] = ReviewQueue(id=known[name].id, name=name, scores=scores)
        return self._queues[name]

    async def add(self, queue: ReviewQueue, request: ReviewRequest, *, again: bool) -> bool:
        """Fill in the scores that the queue asks for, then add the item."""
        from langfuse.api import AnnotationQueueObjectType

        if again and await self._is_there(queue, request):
            return False
        await self._fill_in(queue, request)
        kind = "TRACE" if request.observation_id is None else "OBSERVATION"
        try:
            await sdk.call(
                self._client,
                "annotation_queues",
                "create_queue_item",
                queue.id,
                object_id=request.observation_id or request.trace_id,
                object_type=AnnotationQueueObjectType(kind),
            )
        except StoreRejected:
            # Deleted, perhaps, and made anew: looked up again the next time.
            self._queues.pop(queue.name, None)
            raise
        return True

    async def completed(self, queue: ReviewQueue) -> AsyncIterator[Sequence[Reviewed]]:
        """Items that are done, with what people gave them in the scores that the queue asks for."""
        from langfuse.api import AnnotationQueueStatus

        listing = sdk.pages(
            self._client,
            "annotation_queues",
            "list_queue_items",
            queue.id,
            status=AnnotationQueueStatus("COMPLETED"),
            patiently=PatientCalls(),
        )
        async for page in listing:
            # Two items for one trace are one review.
            items = list({(i.object_type.value.lower(), i.object_id): i for i in page})
            yield await self._with_scores(queue, items)

    async def feedback(self, name: str, start: datetime, end: datetime) -> AsyncIterator[Sequence[HumanScore]]:
        """Scores of a name that were given within a time; evaluators of the server's are nobody's feedback."""
        query = [("name", name), ("source", "API,ANNOTATION"), ("fromTimestamp", iso(start)), ("toTimestamp", iso(end))]
        async for page in self._scores(query):
            yield page

    async def _is_there(self, queue: ReviewQueue, request: ReviewRequest) -> bool:
        wanted = request.observation_id or request.trace_id
        async for page in sdk.pages(self._client, "annotation_queues", "list_queue_items", queue.id):
            if any(item.object_id == wanted for item in page):
                return True
            # Newest first: what is older than the request cannot be ours.
            if page and page[-1].created_at < request.asked_at - CLOCKS_DIFFER:
                return False
        return False

    async def _fill_in(self, queue: ReviewQueue, request: ReviewRequest) -> None:
        """Our own scores, as a person's to confirm or correct; the same ids however often it is done."""
        takes_lists = (await self._server()).writes_scores == "list"
        for name, value in request.values.items():
            config = self._configs.get(queue.name, {}).get(name)
            score = _score(queue, request, name, value)
            if config is None or not fits(score, config):
                continue
            body = {
                "id": score.id,
                "traceId": request.trace_id,
                **({"observationId": request.observation_id} if request.observation_id else {}),
                "name": name,
                "value": value,
                "dataType": score.data_type,
                "environment": request.environment,
                "source": "ANNOTATION",
                "configId": config.id,
                "queueId": queue.id,
                "comment": "Filled in by assay; correct it where it is wrong.",
            }
            try:
                await self._client.post(SCORES, [body] if takes_lists else body)
            except StoreRejected as exc:
                # An item without it is better than none.
                log.warning("langfuse.review_score_refused", score=name, error=str(exc)[:200])

    async def _with_scores(self, queue: ReviewQueue, items: Sequence[tuple[str, str]]) -> list[Reviewed]:
        given: dict[str, list[HumanScore]] = {}
        ids = [i for kind, i in items if kind == "trace"]
        queries = [[("traceId", ",".join(ids[at : at + IDS_AT_ONCE]))] for at in range(0, len(ids), IDS_AT_ONCE)]
        if any(kind == "observation" for kind, _ in items):
            # The server finds scores of an observation only with its trace's id, which an item does not have.
            queries.append([("queueId", queue.id)])
        for query in queries:
            async for page in self._scores([*query, ("source", "ANNOTATION")]):
                for score in page:
                    if score.name in queue.scores:
                        given.setdefault(score.observation_id or score.trace_id or "", []).append(score)
        return [Reviewed(kind=kind, id=i, scores=tuple(dict.fromkeys(given.get(i, ())))) for kind, i in items]

    async def _scores(self, query: Query) -> AsyncIterator[list[HumanScore]]:
        server = await self._server()
        if server.reads_scores != "v3":
            raise ConfigurationError(
                f"Langfuse {server.version}: what people said is read through /v3/scores, which 3.179 and later have"
            )
        cursor: str | None = None
        while True:
            paging = [("fields", "details,subject,annotation"), ("limit", "100")]
            whole = [*query, *paging, *([("cursor", cursor)] if cursor else [])]
            answer = await wait_for_budget(partial(self._client.get, V3_SCORES, whole))
            yield [score for score in map(human_score, answer["data"]) if score is not None]
            cursor = answer["meta"].get("cursor")
            if cursor is None:
                return


def human_score(row: Mapping[str, Any]) -> HumanScore | None:
    """A person's score from a row of v3/scores; None for one without a value or a moment."""
    subject = row.get("subject") or {}
    at, value = moment(row.get("updatedAt") or row.get("timestamp")), row.get("value")
    if at is None or not isinstance(value, bool | int | float | str):
        return None
    is_observation = subject.get("kind") == "observation"
    score = HumanScore(
        trace_id=subject.get("traceId")
        if is_observation
        else subject.get("id")
        if subject.get("kind") == "trace"
        else None,
        observation_id=subject.get("id") if is_observation else None,
        name=row["name"],
        value=value,
        by=row.get("authorUserId"),
        at=at,
    )
    return score.model_copy(update={"is_prefilled": _is_prefilled(row, score)})


def _is_prefilled(row: Mapping[str, Any], score: HumanScore) -> bool:
    """Whether a score is ours still: the server keeps its id when a person edits it, and adds who that was."""
    if score.by is not None or score.trace_id is None or not row.get("queueId"):
        return False
    return row.get("id") == _prefill_id(row["queueId"], score.trace_id, score.observation_id, score.name)


def _score(queue: ReviewQueue, request: ReviewRequest, name: str, value: float | str) -> Score:
    score_id = _prefill_id(queue.id, request.trace_id, request.observation_id, name)
    return Score(id=score_id, trace_id=request.trace_id, name=name, value=value, timestamp=request.asked_at)


def _prefill_id(queue_id: str, trace_id: str, observation_id: str | None, name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join((queue_id, trace_id, observation_id or "", name))))
