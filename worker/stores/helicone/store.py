"""The requests and scores of one Helicone organisation."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from assay.worker.ports.capabilities import Examination, RequestBudget
from assay.worker.ports.health import Check
from assay.worker.ports.locks import Locks
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import (
    StoreAccessDenied,
    StoreError,
    StoreRejected,
    StoreUnavailable,
    TraceTooLarge,
)
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceKey, TraceRoot
from assay.worker.store_clients.paging import Pages
from assay.worker.store_clients.rows import fetched as read_safely
from assay.worker.store_clients.rows import listed
from assay.worker.store_clients.taken import Taken
from assay.worker.stores.helicone.client import HeliconeClient, Row, TimedOut, TooLarge
from assay.worker.stores.helicone.merging import Merging
from assay.worker.stores.helicone.scores import by_request, check, numbers_of, properties_with, shown_in, told_in
from assay.worker.stores.helicone.traces import bare, inline_bodies, is_answer, moment, root_of, trace_of

PAGE, SMALLEST_PAGE = 1000, 50
"""Rows of one answer; Helicone gives up to 1,000."""
IDS_AT_ONCE = 50
MOST_TRACES, MOST_SCORES = 200, 100
AT_ONCE = 8
"""Requests that are open at the same time."""
AROUND = timedelta(hours=26)
"""How far from where it should be a request is looked for: Helicone finds one by its time."""
SCORED_FOR = timedelta(days=30)
"""Helicone takes scores of a request for so long, and drops later ones without a word."""


class HeliconeStore:
    """What one API key can see."""

    def __init__(
        self, client: HeliconeClient, *, organization: str, requests_per_minute: int, locks: Locks | None = None
    ) -> None:
        self.client = client
        self.organization = organization
        self._per_minute = requests_per_minute
        self._merging = Merging(locks)
        self._taken = Taken()

    async def project_id(self) -> str:
        """The name of the organisation in assay.yaml: Helicone tells a key of none, and a key may be replaced."""
        return self.organization

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of requests with `start <= request.start < end`, the oldest first, each once."""
        if end <= start:
            return
        async for page in self._pages(start, end):
            roots = listed(filter(is_answer, page), root_of, bare)
            yield [root for root in roots if start <= root.start < end and root.environment != OWN_ENVIRONMENT]

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """None: every request is a trace of its own."""
        return 0

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id: rows in groups, and then the body of each from where it lies."""
        if len(keys) > MOST_TRACES:
            raise ValueError(f"{len(keys)} ids; at most {MOST_TRACES} at once")
        rows = await self._rows({key.trace_id: (key.start, key.end or key.start) for key in keys})
        room = asyncio.Semaphore(AT_ONCE)

        async def fetched(row: Row) -> Fetched | None:
            async with room:
                return await self._fetched(row)

        outcomes = dict(zip(rows, await asyncio.gather(*map(fetched, rows.values())), strict=True))
        failed = [outcome for outcome in outcomes.values() if isinstance(outcome, StoreUnavailable)]
        if failed and len(failed) == len(outcomes):
            raise failed[0]
        return {trace_id: outcome for trace_id, outcome in outcomes.items() if outcome is not None}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write scores, together with those of ours that the request has already."""
        for score in scores:
            check(score)
        latest = {score.id: score for score in scores}
        grouped = by_request(self._taken.left(latest.values()))
        too_old = datetime.now(UTC) - SCORED_FOR
        for request_id, given in grouped.items():
            if max(score.timestamp for score in given.values()) < too_old:
                raise StoreRejected(f"request {request_id}: older than 30 days, and Helicone drops its scores")
        room = asyncio.Semaphore(AT_ONCE)

        async def written(request_id: str, given: Mapping[str, Score]) -> None:
            async with room, self._merging.alone(request_id):
                await self._write(request_id, given)
                for score in given.values():
                    self._taken.note(score)

        writes = (written(request_id, given) for request_id, given in grouped.items())
        outcomes = await asyncio.gather(*writes, return_exceptions=True)  # one request takes no other with it
        if failed := [outcome for outcome in outcomes if outcome is not None]:
            raise failed[0]
        self._taken.forget(latest)

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores that Helicone shows under these keys."""
        wanted = list(keys)
        if len(wanted) > MOST_SCORES:
            raise ValueError(f"{len(wanted)} ids; at most {MOST_SCORES} at once")
        ids = {key.id for key in wanted}
        self._taken.forget(ids)
        rows = await self._rows({key.trace_id: (key.start, key.end or key.start) for key in wanted})
        return {score.id: score for row in rows.values() for score in shown_in(row) if score.id in ids}

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, Collection[Score]]:
        """Scores of rubrics on these requests."""
        rows = await self._rows({key.trace_id: (key.start, key.end or key.start) for key in keys})
        scored = {i: [score for score in shown_in(row) if _is_wanted(score, names)] for i, row in rows.items()}
        return {request_id: scores for request_id, scores in scored.items() if scores}

    async def request_budget(self) -> RequestBudget:
        """What `requests_per_minute` in assay.yaml allows. A trace's scores take two requests or more."""
        return RequestBudget(
            reads_per_minute=self._per_minute,
            writes_per_minute=self._per_minute,
            roots_per_request=PAGE,
            traces_per_request=IDS_AT_ONCE,
            scores_per_request=1,
        )

    def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """Every check in turn."""
        from assay.worker.stores.helicone.examine import examine

        return examine(self, examination)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    async def _write(self, request_id: str, given: Mapping[str, Score]) -> None:
        score = next(iter(given.values()))
        row = (await self._rows({request_id: (score.timestamp, score.timestamp)})).get(request_id)
        if row is None:
            raise StoreRejected(f"request {request_id!a}: Helicone has no such request, and its scores are lost there")
        told = {score.name: score for score in told_in(row)} | dict(self._merging.lately(request_id))
        self._merging.note(request_id, given)
        for key, value in properties_with(given, told).items():
            await self.client.put_property(request_id, key, value)
        if numbers := numbers_of(given, told, row):
            await self.client.score(request_id, numbers)

    async def _fetched(self, row: Row) -> Fetched | None:
        request_id = row["request_id"]
        try:
            bodies = inline_bodies(row)
            if bodies is None:
                body = await self.client.body_at(row["signed_body_url"])
                bodies = (body.get("request"), body.get("response")) if isinstance(body, dict) else (None, None)
            return read_safely(partial(trace_of, row, *bodies), request_id)
        except TooLarge as exc:
            return TraceTooLarge(f"request {request_id}: {exc}")
        except StoreAccessDenied:
            raise
        except StoreError as exc:
            return exc

    async def _rows(self, wanted: Mapping[str, tuple[datetime, datetime]]) -> dict[str, Row]:
        """Rows by id. What has another form than a UUID is asked for by nobody: it would spoil the others' query."""
        ids = [request_id for request_id in wanted if _is_uuid(request_id)]
        rows: dict[str, Row] = {}
        for at in range(0, len(ids), IDS_AT_ONCE):
            part = ids[at : at + IDS_AT_ONCE]
            earliest, latest = min(wanted[i][0] for i in part), max(wanted[i][1] for i in part)
            asked = _both(_any_of(part), _between(earliest - AROUND, latest + AROUND))
            page = await self.client.query({"filter": asked, "limit": PAGE, "offset": 0, "sort": {"created_at": "asc"}})
            rows |= {row["request_id"]: row for row in page if row.get("request_id") in part}
        return rows

    async def _pages(self, start: datetime, end: datetime) -> AsyncIterator[list[Row]]:
        """All requests of a range by growing start, each id once.

        Rows vanish from a range while it is read, as versions of one request are merged. So the next page begins where
        the last one ended in time, and only what shares one moment is counted off. A short page is no end, because
        versions are dropped from it after it was counted. An empty one is.
        """
        after, offset, size = start, 0, PAGE
        seen: set[str] = set()
        watch = Pages(f"{self.client.base_url}: requests")
        while True:
            asked = {"filter": _between(after, end), "limit": size, "offset": offset, "sort": {"created_at": "asc"}}
            try:
                page = await self.client.query(asked)
            except (TooLarge, TimedOut):
                if size <= SMALLEST_PAGE:
                    raise
                size = max(size // 2, SMALLEST_PAGE)
                continue
            fresh = [row for row in page if str(row.get("request_id")) not in seen]
            seen |= {str(row.get("request_id")) for row in fresh}
            if fresh:
                yield fresh
            last = max((at for row in page if (at := moment(row.get("request_created_at")))), default=None)
            if last is None:
                return
            watch.turn(None, {str(row.get("request_id")) for row in page})
            after, offset = (last, 0) if last > after else (after, offset + len(page))


def _between(start: datetime, end: datetime) -> dict[str, Any]:
    """A filter of a range, in the milliseconds that Helicone keeps; the edges are looked at again."""
    return _both(
        {"request_response_rmt": {"request_created_at": {"gte": _milliseconds(start)}}},
        {"request_response_rmt": {"request_created_at": {"lt": _milliseconds(end + timedelta(microseconds=999))}}},
    )


def _any_of(ids: Sequence[str]) -> dict[str, Any]:
    """A filter of ids, as a tree that is as shallow as can be."""
    if len(ids) == 1:
        return {"request_response_rmt": {"request_id": {"equals": ids[0]}}}
    half = len(ids) // 2
    return {"left": _any_of(ids[:half]), "operator": "or", "right": _any_of(ids[half:])}


def _both(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    return {"left": left, "operator": "and", "right": right}


def _milliseconds(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _is_wanted(score: Score, names: Sequence[str] | None) -> bool:
    is_rubrics = {"rubric", "rubric_hash"} <= score.metadata.keys()
    return is_rubrics and (names is None or score.name in names)
