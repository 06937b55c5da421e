"""The traces and feedback scores of one Opik project."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from assay.judges.errors import ConfigurationError
from assay.worker.ports.capabilities import Examination, RequestBudget
from assay.worker.ports.health import Check
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreAccessDenied, StoreError, StoreUnavailable, TraceTooLarge
from assay.worker.records.scores import Score, ScoreKey, ScoreSpec
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceKey, TraceRoot
from assay.worker.store_clients.paging import Pages
from assay.worker.store_clients.paths import quoted
from assay.worker.store_clients.rows import fetched as read_safely
from assay.worker.store_clients.rows import listed
from assay.worker.stores.opik.asking import SCORES_AT_ONCE, batches, between, each, equal
from assay.worker.stores.opik.client import BrokenOff, NotThere, OpikClient, Row, TooLarge
from assay.worker.stores.opik.scores import body_of, by_kind, scores_of
from assay.worker.stores.opik.traces import bare, is_traffic, root_of, trace_of

PAGE, SMALLEST_PAGE = 1000, 50
"""Rows of one answer. Opik streams up to 2,000; what is too much at once is halved down to the smallest."""
MOST_TRACES, MOST_SCORES = 200, 100
MOST_SPANS = 5000
"""Of one trace. A trace of more is an endless loop, and more than a judge can read."""
LOOKED_UP = 40
"""Traces without a row that are looked for by their ids, of those that a range of spans names."""

NAME_KNOWN_S = 60.0
"""How long the project's name counts as known. Under a name of before, Opik would make a second project."""

TRACES, SPANS = "v1/private/traces", "v1/private/spans"
_NARROW = ("input", "output", "feedback_scores", "comments", "usage")
_IDS_ALONE = (*_NARROW, "metadata", "tags", "error_info")
_SCORES_ALONE = tuple(field for field in _IDS_ALONE if field != "feedback_scores")

log = structlog.get_logger(__name__)


class OpikStore:
    """One project of one workspace."""

    def __init__(
        self, client: OpikClient, *, project: str, requests_per_minute: int, specs: Sequence[ScoreSpec] = ()
    ) -> None:
        self.client = client
        self.project = project
        self._per_minute = requests_per_minute
        self._specs = {spec.name: spec for spec in specs}
        self._project_id: str | None = None
        self._name_known_until = 0.0

    async def project_id(self) -> str:
        """Opik's id of the project.

        Raises:
            StoreUnavailable, StoreRejected
            ConfigurationError: there is no project of this name.
        """
        if self._project_id is None:
            try:
                answer = await self.client.post("v1/private/projects/retrieve", {"name": self.project})
            except NotThere as exc:
                raise ConfigurationError(
                    f"Opik has no project {self.project!a} in this workspace; mend store.project in assay.yaml or "
                    "OPIK_PROJECT_NAME, and see that OPIK_WORKSPACE is the right one"
                ) from exc
            if not isinstance(answer, dict) or not answer.get("id"):
                raise StoreUnavailable("Opik told no id of the project; is OPIK_URL_OVERRIDE the address of its API?")
            self._project_id = str(answer["id"])
        return self._project_id

    async def project_name(self) -> str:
        """What the project is called now, asked once a minute: a person may rename it.

        Opik takes scores by the name of a project, and makes a project of any name it does not know. So it is asked
        before anything is written.

        Raises:
            StoreUnavailable, StoreRejected
            ConfigurationError: the project is no more.
        """
        project_id = await self.project_id()
        if time.monotonic() < self._name_known_until:
            return self.project
        try:
            answer = await self.client.get(f"v1/private/projects/{quoted(project_id)}")
        except NotThere as exc:
            raise ConfigurationError(f"Opik has the project {self.project!a} ({project_id}) no more") from exc
        name = answer.get("name") if isinstance(answer, dict) else None
        if not isinstance(name, str) or not name or answer.get("id") != project_id:
            raise StoreUnavailable("Opik told no name of the project; is OPIK_URL_OVERRIDE the address of its API?")
        if name != self.project:
            log.warning("opik.project_renamed", before=self.project, now=name)
            self.project = name
        self._name_known_until = time.monotonic() + NAME_KNOWN_S
        return name

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`, the newest id first. Our own environment is left out."""
        if end <= start:
            return
        is_empty = True
        async for page in self._pages(TRACES, {"filters": between(start, end), "exclude": _NARROW}):
            is_empty = False
            roots = listed(filter(is_traffic, page), root_of, bare)
            yield [root for root in roots if root.environment != OWN_ENVIRONMENT and start <= root.start < end]
        if is_empty:
            await self.project_name()  # a project that was deleted has no traces either, and is told

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """About how many traces have spans in a range, but no row: of the newest spans, a share is looked up."""
        if end <= start:
            return 0
        asked = {"filters": between(start, end), "exclude": [*_IDS_ALONE, "model", "provider"]}
        spans = await self._page(SPANS, asked, None, PAGE)
        around = {"filters": between(start - timedelta(hours=1), end), "exclude": _IDS_ALONE}
        seen = {row["id"] async for page in self._pages(TRACES, around) for row in page}
        unseen = sorted({str(row["trace_id"]) for row in spans if row.get("trace_id")} - seen)
        looked = unseen[:LOOKED_UP]
        rows = await each(looked, self._scored_row)
        missing = sum(row is None for row in rows.values())
        return round(missing * len(unseen) / len(looked)) if looked else 0

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, each by two requests or more."""
        ids = list(dict.fromkeys(key.trace_id for key in keys))
        if len(keys) > MOST_TRACES:
            raise ValueError(f"{len(keys)} ids; at most {MOST_TRACES} at once")
        fetched = await each(ids, self._fetched)
        failed = [outcome for outcome in fetched.values() if isinstance(outcome, StoreUnavailable)]
        if failed and len(failed) == len(ids):
            raise failed[0]
        return {trace_id: outcome for trace_id, outcome in fetched.items() if outcome is not None}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write scores in batches. Opik takes any that are well formed, and says nothing of a trace it lacks."""
        last = {score.id: score for score in scores}
        for score in last.values():
            body_of(score, self.project, self._specs)  # refused before anything is asked
        if not last:
            return
        project = await self.project_name()
        bodies = {score.id: body_of(score, project, self._specs) for score in last.values()}
        for path, part in by_kind(list(last.values())):
            for batch in batches([bodies[score.id] for score in part]):
                await self.client.put(path, {"scores": batch})

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores that Opik shows under these keys; one request a trace, or a span."""
        wanted = list(keys)
        if len(wanted) > MOST_SCORES:
            raise ValueError(f"{len(wanted)} ids; at most {MOST_SCORES} at once")
        places = list(dict.fromkeys((key.trace_id, _span_of(key)) for key in wanted))
        shown = await each(places, self._shown_at)
        ids = {key.id for key in wanted}
        return {score.id: score for scores in shown.values() for score in scores if score.id in ids}

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, Collection[Score]]:
        """Scores of rubrics on these traces, those on spans left out."""
        shown = await each(list(dict.fromkeys((key.trace_id, None) for key in keys)), self._shown_at)
        ours = {trace_id: [s for s in scores if _is_wanted(s, names)] for (trace_id, _), scores in shown.items()}
        return {trace_id: scores for trace_id, scores in ours.items() if scores}

    async def request_budget(self) -> RequestBudget:
        """What `requests_per_minute` in assay.yaml allows."""
        return RequestBudget(
            reads_per_minute=self._per_minute,
            writes_per_minute=self._per_minute,
            roots_per_request=PAGE,
            traces_per_request=1,
            scores_per_request=SCORES_AT_ONCE,
        )

    def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """Every check in turn."""
        from assay.worker.stores.opik.examine import examine

        return examine(self, examination)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    async def _fetched(self, trace_id: str) -> Fetched | None:
        if not _is_uuid(trace_id):
            return None
        try:
            row = await self.client.get(f"{TRACES}/{quoted(trace_id)}")
            if not isinstance(row, dict) or not isinstance(row.get("id"), str):
                return StoreUnavailable(f"trace {trace_id}: an answer without it; is this Opik?")
            return read_safely(partial(trace_of, row, await self._spans(row)), trace_id)
        except NotThere:
            return None
        except TooLarge as exc:
            return TraceTooLarge(f"trace {trace_id}: {exc}")
        except StoreAccessDenied:
            raise
        except StoreError as exc:
            return exc

    async def _spans(self, row: Row) -> list[Row]:
        """All spans of a trace: as many as its row counts. Of fewer, a judge would see half the evidence."""
        trace_id, counted = row["id"], row.get("span_count")
        if counted == 0:
            return []
        if isinstance(counted, int) and counted > MOST_SPANS:
            raise TooLarge(f"more than {MOST_SPANS} spans")
        spans: dict[str, Row] = {}
        async for page in self._pages(SPANS, {"trace_id": trace_id}):
            spans |= {span["id"]: span for span in page}
            if len(spans) > MOST_SPANS:
                raise TooLarge(f"more than {MOST_SPANS} spans")
            if len(spans) == counted:
                break
        if isinstance(counted, int) and len(spans) < counted:
            raise BrokenOff(f"trace {trace_id}: {len(spans)} of its {counted} spans came")
        return list(spans.values())

    async def _shown_at(self, place: tuple[str, str | None]) -> list[Score]:
        trace_id, span_id = place
        if span_id is None:
            row = await self._scored_row(trace_id)
        else:
            asked = {"trace_id": trace_id, "filters": [equal("id", span_id)], "exclude": _SCORES_ALONE}
            row = next(iter(await self._page(SPANS, asked, None, 1)), None)
        return list(scores_of(row, trace_id, span_id)) if row else []

    async def _scored_row(self, trace_id: str) -> Row | None:
        """A trace's row without its content, so that a hundred of them are no gigabyte."""
        asked = {"filters": [equal("id", trace_id)], "exclude": _SCORES_ALONE}
        return next(iter(await self._page(TRACES, asked, None, 1)), None)

    async def _pages(self, kind: str, asked: Mapping[str, Any]) -> AsyncIterator[list[Row]]:
        """All pages of a search, until an empty one. What Opik cannot give at once is asked for in smaller ones.

        A short page is no end: where a query fails midway, Opik ends the stream as if that were all.
        """
        last, size = None, PAGE
        watch = Pages(f"{self.client.base_url}/{kind}/search")
        while True:
            try:
                page = await self._page(kind, asked, last, size)
            except (TooLarge, BrokenOff):
                if size <= SMALLEST_PAGE:
                    raise
                size = max(size // 2, SMALLEST_PAGE)
                continue
            if not page:
                return
            yield page
            last = page[-1]["id"]
            watch.turn(last, {row["id"] for row in page})

    async def _page(self, kind: str, asked: Mapping[str, Any], last: str | None, size: int) -> list[Row]:
        body = {"project_id": await self.project_id(), "limit": size, "truncate": False, **asked}
        return await self.client.rows(f"{kind}/search", body | ({"last_retrieved_id": last} if last else {}))


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _span_of(key: ScoreKey) -> str | None:
    return None if key.observation_id in (None, key.trace_id) else key.observation_id


def _is_wanted(score: Score, names: Sequence[str] | None) -> bool:
    is_rubrics = {"rubric", "rubric_hash"} <= score.metadata.keys()
    return is_rubrics and (names is None or score.name in names)
