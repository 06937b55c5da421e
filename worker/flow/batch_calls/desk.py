"""The desk of a process: takes the calls that can wait, and gives out answers that batches have brought.

What is asked lies in this process's memory alone, until a batch has it. A process that dies before loses nothing: the
traces are held in the ledger, come again, and are asked for again.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from contextvars import Context
from dataclasses import dataclass, field

import structlog

from assay.judges.errors import CallHeld, EvaluationError
from assay.judges.models.batches.deferral import DeferredAnswer, DeferredCall
from assay.worker.flow.batch_calls.gathering import LOOK_EVERY_S, Gathering
from assay.worker.flow.batch_calls.money import BatchMoney
from assay.worker.flow.batch_calls.submitting import Submitter
from assay.worker.flow.batch_calls.telling import tell_all
from assay.worker.flow.batch_calls.terms import Terms
from assay.worker.ports.batch_jobs import BatchJobs
from assay.worker.records.batch_jobs import Subject

HOLD_S = 1800.0
"""Seconds after which work that waits for a batch comes again by itself. It is woken when its batch has ended: this is
for batches whose collector died."""

NEXT_S = 5.0
"""Seconds after which a call that just missed a batch comes again."""

REFUSED_S = 600.0
"""Seconds for which no batch is sent to where one was refused, e.g. for a wrong key."""

log = structlog.get_logger(__name__)

_Place = tuple[str, str]


@dataclass(frozen=True)
class SampleDesk:
    """`assay.judges.models.batches.deferral.CallDesk` for one sample."""

    desk: BatchDesk
    subject: Subject
    use_case: str
    purpose: str
    tags: set[str] = field(default_factory=set)
    """Our names of the batches that it waits for."""
    terms: Terms | None = None
    """On which its text may be sent. None: it is nobody's text."""

    async def answer_to(self, call: DeferredCall) -> DeferredAnswer | None:
        """The answer to a call, where a batch has brought it. See `CallDesk.answer_to`."""
        return await self.desk.answer_to(call, self)


class BatchDesk:
    """Gathers calls and sends them in batches. One instance serves a process; it belongs to its event loop."""

    def __init__(self, jobs: BatchJobs, money: BatchMoney, submitter: Submitter) -> None:
        """Open, with nothing gathered.

        Args:
            jobs: the calls and their batches, of all processes.
            money: the budgets that pay.
            submitter: sends what was gathered.
        """
        self._jobs = jobs
        self._money = money
        self._submitter = submitter
        self._gatherings: dict[_Place, Gathering] = {}
        self._refused: dict[_Place, tuple[float, str]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None

    def for_sample(
        self,
        subject: Subject,
        *,
        use_case: str,
        purpose: str,
        tags: set[str] | None = None,
        terms: Terms | None = None,
    ) -> SampleDesk:
        """The desk for the calls about one sample. What it waits for is added to `tags`.

        Its calls are sent only if the terms still hold then. Without terms nothing is held against them.
        """
        return SampleDesk(self, subject, use_case, purpose, set() if tags is None else tags, terms)

    async def answer_to(self, call: DeferredCall, sample: SampleDesk) -> DeferredAnswer | None:
        """The answer to a call. None: it is to be made at once.

        Raises:
            CallHeld: it waits for a batch.
            ConfigurationError, StateUnavailable
        """
        place = (call.place.name, call.model)
        gathering = self._gatherings.setdefault(place, Gathering(*place))
        claim = await self._jobs.claim(call.key, gathering.tag, sample.subject)
        if claim.answer is not None:
            return DeferredAnswer(zlib.decompress(claim.answer), claim.is_paid)
        if not claim.tag:
            return None
        if call.key in gathering.bodies:
            gathering.join(call.key, sample.terms)
        elif claim.tag == gathering.tag:
            await self._take(call, gathering, sample)
        sample.tags.add(claim.tag)
        raise _held("its answer comes with a provider's batch; `assay batches ls` shows how it stands")

    async def flush(self, timeout_s: float) -> None:
        """Send all that was gathered: before the process ends."""
        for place in list(self._gatherings):
            self._send(place)
        if self._sending:
            await asyncio.wait(self._sending, timeout=timeout_s)

    async def _take(self, call: DeferredCall, gathering: Gathering, sample: SampleDesk) -> None:
        place = (call.place.name, call.model)
        until, why = self._refused.get(place, (0.0, ""))
        try:
            if _now() < until:
                raise _held(_refusal_words(why))
            await self._money.reserve(call, sample.use_case)
        except EvaluationError:
            await self._jobs.settle(gathering.tag, {}, {call.key: 0})
            raise
        if self._gatherings.get(place) is not gathering:  # it was sent meanwhile: this call comes with the next one
            await self._jobs.settle(gathering.tag, {}, {call.key: 0})
            await self._money.released(call.place.name, [call.key])
            raise _held("its batch was just sent; the next one takes it", NEXT_S)
        body = json.dumps(call.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        gathering.add(call.key, body, now=_now(), place=call.place, terms=sample.terms)
        if gathering.is_full:
            self._send(place)
        elif self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look(), context=Context())

    async def _look(self) -> None:
        """Send what nobody has added to for a while."""
        while any(each.bodies for each in self._gatherings.values()):
            await asyncio.sleep(LOOK_EVERY_S)
            for place in [place for place, each in self._gatherings.items() if each.is_due(_now())]:
                self._send(place)

    def _send(self, place: _Place) -> None:
        gathering = self._gatherings.pop(place, None)
        if gathering is not None and gathering.bodies:
            task = asyncio.get_running_loop().create_task(self._submit(place, gathering), context=Context())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _submit(self, place: _Place, gathering: Gathering) -> None:
        waker = self._submitter.waker
        try:
            outcome = await self._submitter.submit(gathering)
            told = [waker.wake_all(each.subjects, _withheld_words(each.why)) for each in outcome.withheld]
            if outcome.refused is not None:
                why = outcome.refused.why
                self._refused[place] = (_now() + REFUSED_S, why)
                told.append(tell_all(waker.waking, outcome.refused.subjects, _refusal_words(why)))
            await asyncio.gather(*told)
        except Exception as exc:  # a background task: the traces come again by themselves
            log.exception("batch.not_sent", endpoint=place[0], requests=len(gathering.bodies), error=str(exc)[:200])


def _refusal_words(why: str) -> str:
    return f"the last batch was refused: {why}"


def _withheld_words(why: str) -> str:
    return f"not sent: {why}; it is looked at anew"


def _held(why: str, wait_s: float = HOLD_S) -> CallHeld:
    """Holds the work until its batch has ended."""
    return CallHeld(why, reason="batch", retry_after_s=wait_s)


def _now() -> float:
    return asyncio.get_running_loop().time()
