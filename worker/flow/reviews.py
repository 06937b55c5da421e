"""Answers on their way to people: flagged ones and some drawn by chance, requested when their scores are verified."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import RISK_LEVEL
from assay.worker.flow.batching import only_store
from assay.worker.flow.review_draws import ReviewDraw, drawn, shares_traces
from assay.worker.flow.review_record import AskedReviews
from assay.worker.flow.scores import names_in
from assay.worker.ports.clock import Clock
from assay.worker.ports.review_list import ReviewList, TakenReview
from assay.worker.ports.reviews import ReviewDesign, ReviewQueue, ReviewQueues, ReviewRequest
from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.reports import Report

WORK_S = 60.0
LEASE = timedelta(seconds=75)
"""Longer than one request may be in work, so that no two workers ever have the same."""

AGAIN = timedelta(seconds=60)
"""Longer than a request to the store may take: one that timed out has done by then what it ever will."""

WITHOUT_QUEUE = timedelta(minutes=10)
WITHOUT_RECORD = timedelta(minutes=10)
MOST_TRIES = 5

log = structlog.get_logger(__name__)


class ReviewReport(Report):
    """How many answers were put into their queue, put off, or refused for good, and how many reviews were read."""

    queued: int = 0
    put_off: int = 0
    refused: int = 0
    read: int = 0


def is_flagged(entry: LedgerEntry) -> bool:
    """Whether a person should look: the risk reaches the rubric's high cut, or the judges could not agree."""
    judgement = entry.judgement
    return judgement is not None and (judgement.needs_review or judgement.values.get(RISK_LEVEL) == "high")


def requests_for(
    entries: Iterable[LedgerEntry], queues: Mapping[str, str], draws: Mapping[str, ReviewDraw] | None = None
) -> list[ReviewRequest]:
    """Requests for the flagged ones among entries whose use case has a queue, and for others that are drawn.

    Args:
        entries: what is to be seen by now.
        queues: by use case.
        draws: by use case. Where there is none, nothing is drawn.
    """
    requests = []
    for entry in entries:
        promise, draw = entry.promise, draws or {}
        if promise.use_case not in queues:
            continue
        review_pi = drawn(draw, entry, is_flagged=is_flagged(entry))
        if review_pi == 0:
            continue
        requests.append(
            ReviewRequest(
                queue=queues[promise.use_case],
                trace_id=entry.trace_id,
                observation_id=promise.observation_id,
                environment=promise.environment,
                use_case=promise.use_case,
                rubric=promise.rubric,
                values=_values_by_any_name(entry),
                # Of the ledger, so that asking again after a crash says the same.
                asked_at=entry.changed_at,
                design=_design(entry, review_pi),
                shares_trace=shares_traces(draw, promise.use_case),
            )
        )
    return requests


def _design(entry: LedgerEntry, review_pi: float | None) -> ReviewDesign | None:
    """What people's word of an answer stands for. None: nobody drew."""
    judgement, facts = entry.judgement, entry.particulars.facts
    if review_pi is None or judgement is None:
        return None
    risk = judgement.values.get("hallucination_risk")
    upstream = facts.upstream_pi if facts else None
    return ReviewDesign(
        review_pi=review_pi,
        pi=entry.promise.pi * (upstream or 1.0),
        risk=risk if isinstance(risk, int | float) and 0 <= risk <= 1 else None,
        revision=judgement.revision,
        started_at=entry.promise.start,
    )


def _values_by_any_name(entry: LedgerEntry) -> dict[str, float | str]:
    """The scores under their own names and under those in the store: a queue may ask for either."""
    if entry.judgement is None:
        return {}
    values = entry.judgement.values
    return values | {name: values[own_name] for own_name, name in names_in(entry.judgement).items()}


@dataclass(frozen=True)
class Reviewer:
    """Puts the requests on the list into the store's queues."""

    queues: ReviewQueues
    waiting: ReviewList
    clock: Clock
    store_of: Callable[[str], str] = only_store
    """The store of a trace, where there are several: one that is away holds up no request of another."""
    asked: AskedReviews | None = None
    """Keeps with which probability people were asked. None: nobody draws."""

    async def review(self) -> ReviewReport:
        """Put what is due into its queue. A store that has no room is asked no more in this run."""
        report = ReviewReport()
        missing: set[str] = set()
        away: dict[str, timedelta] = {}
        while taken := await self.waiting.take(now=self.clock.now(), until=self.clock.now() + LEASE):
            store = self.store_of(taken.request.trace_id)
            if store in away:
                report += await self._put_off(taken, away[store])
                continue
            try:
                done = await self._work(taken, missing)
            except (StoreUnavailable, TimeoutError) as exc:
                log.warning("review.put_off", error=str(exc)[:200] or "took too long")
                wait_s = exc.retry_after_s if isinstance(exc, StoreBusy) else None
                away[store] = timedelta(seconds=wait_s) if wait_s else AGAIN
                report += await self._put_off(taken, away[store])
                if self.store_of is only_store:
                    return report
                continue
            report += done
        return report

    async def _work(self, taken: TakenReview, missing: set[str]) -> ReviewReport:
        """Put one request into its queue. `missing` holds the queues that the store does not have."""
        try:
            async with asyncio.timeout(WORK_S):
                queue = None if taken.request.queue in missing else await self._find(taken, missing)
                if queue is None:
                    return await self._put_off(taken, WITHOUT_QUEUE)
                if taken.tries > 1 and not await self._is_noted(taken.request):
                    return await self._put_off(taken, WITHOUT_RECORD)
                may_be_there = taken.tries > 1 or taken.request.shares_trace
                await self.queues.add(queue, taken.request, again=may_be_there)
                # The first time people come before the record: a database that is away holds up no flagged answer.
                if taken.tries == 1 and not await self._is_noted(taken.request):
                    return await self._put_off(taken, WITHOUT_RECORD)
        except StoreRejected as exc:
            return await self._rejected(taken, exc)
        except ConfigurationError as exc:  # one of several stores has no queue of that name
            log.warning("review.no_queue", queue=taken.request.queue, error=str(exc)[:200])
            return await self._put_off(taken, WITHOUT_QUEUE)
        await self.waiting.end(taken.request, "queued")
        return ReviewReport(queued=1)

    async def _is_noted(self, request: ReviewRequest) -> bool:
        """Whether the record has what there is to keep of a request."""
        return request.design is None or self.asked is None or await self.asked.note(request)

    async def _find(self, taken: TakenReview, missing: set[str]) -> ReviewQueue | None:
        try:
            return await self.queues.find(taken.request.queue)
        except ConfigurationError as exc:
            missing.add(taken.request.queue)
            log.warning("review.no_queue", queue=taken.request.queue, error=str(exc)[:200])
            return None

    async def _rejected(self, taken: TakenReview, exc: StoreRejected) -> ReviewReport:
        log.warning("review.rejected", trace_id=taken.request.trace_id, tries=taken.tries, error=str(exc)[:200])
        if taken.tries < MOST_TRIES:
            return await self._put_off(taken, AGAIN * taken.tries)
        await self.waiting.end(taken.request, "refused")
        return ReviewReport(refused=1)

    async def _put_off(self, taken: TakenReview, wait: timedelta) -> ReviewReport:
        await self.waiting.put_off(taken.request, due=self.clock.now() + wait)
        return ReviewReport(put_off=1)
