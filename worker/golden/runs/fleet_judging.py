"""Golden runs judged by the fleet. Samples and outcomes meet in the shared state; messages only name keys.

The run itself (asking the target, deciding, confirming, the journal) stays where it was started. A sample goes
to whichever worker takes it, and its outcome comes back under its key. A run is complete when every key has an
outcome.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from pydantic import TypeAdapter, ValidationError

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.judges.evaluate import Evaluator
from assay.judges.models.call_context import calling_for
from assay.judges.schema import Failed, Outcome, Sample
from assay.worker.golden.runs.judgement import held_for_s
from assay.worker.ports.documents import Documents
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.ports.publish import PublishGolden
from assay.worker.records.messages import BATCH_SIZE, GoldenJudgeMessage
from assay.worker.records.reports import Report

TTL_S = 6 * 3600
"""How long samples and outcomes of a run lie in the state, in seconds."""

CLAIM_S = 130.0
"""How long a worker may hold a sample, in seconds. Longer than a batch may take."""

_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Pace:
    """How a run waits for the fleet, in seconds.

    Attributes:
        look_s: between two looks for outcomes.
        republish_after_s: until a sample without an outcome is published again.
        silence_s: until the user is told that nothing comes back.
    """

    look_s: float = 0.1
    republish_after_s: float = 60.0
    silence_s: float = 20.0


@dataclass(frozen=True)
class JudgedBy:
    """Which evaluator a run wants, and the documents (by digest) a worker needs to build it."""

    revision: str
    rubric_hash: str
    calibration_hash: str | None
    documents: Mapping[str, str]


@dataclass
class _Waiting:
    sample: bytes
    outcome: asyncio.Future[Outcome]
    published_at: float | None = None


@dataclass
class FleetEvaluator:
    """A `SampleEvaluator` whose samples are judged elsewhere.

    `say` is told, once, that nothing has come back for a while.
    """

    judged_by: JudgedBy
    key_values: KeyValues
    documents: Documents
    publish: PublishGolden
    pace: Pace = Pace()
    say: Callable[[str], None] = lambda _: None
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _pump: asyncio.Task[None] | None = None
    _heard_at: float | None = None
    _has_warned: bool = False
    # A resumed run asks anew for what its journal lacks. An outcome under an old key may be in the journal.
    _session: str = field(default_factory=lambda: secrets.token_hex(8))
    _count: int = 0

    @property
    def revision(self) -> str:
        """The revision of the evaluator that every worker must have."""
        return self.judged_by.revision

    async def evaluate(self, sample: Sample) -> Outcome:
        """The outcome that some worker comes to. Only the run's time limit ends the waiting."""
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._work())
        key, self._count = f"{self._session}:{self._count}", self._count + 1
        waiting = _Waiting(sample.model_dump_json().encode(), asyncio.get_running_loop().create_future())
        self._waiting[key] = waiting
        try:
            return await waiting.outcome
        finally:
            del self._waiting[key]

    async def close(self) -> None:
        """Stop waiting."""
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    async def _work(self) -> None:
        """Publish what is new or overdue and take in the outcomes that have come, until closed."""
        while True:
            try:
                await self._publish_due()
                await self._take_in()
            except EvaluationError as exc:
                # Nothing is lost by an outage; how long to wait for its end is the run's time limit.
                log.warning("golden.fleet_unreachable", error=str(exc))
            except Exception as exc:
                for waiting in self._waiting.values():
                    waiting.outcome.set_exception(exc)
                raise
            await asyncio.sleep(self.pace.look_s)

    async def _publish_due(self) -> None:
        now = asyncio.get_running_loop().time()
        due = [
            key
            for key, waiting in self._waiting.items()
            if waiting.published_at is None or now - waiting.published_at >= self.pace.republish_after_s
        ]
        if due:
            # Written again each time: a server that lost its memory has lost them, too.
            for digest, content in self.judged_by.documents.items():
                await self.documents.put(digest, content)
            for key, sample in [(key, self._waiting[key].sample) for key in due]:
                await self.key_values.keep(_sample_key(key), sample, ttl_s=TTL_S)
            await self.publish([self._message(due[n : n + BATCH_SIZE]) for n in range(0, len(due), BATCH_SIZE)])
        for key in due:
            if key in self._waiting:
                self._waiting[key].published_at = now

    async def _take_in(self) -> None:
        keys = {_outcome_key(key): key for key in self._waiting}
        outcomes = await self.key_values.kept(list(keys))
        now = asyncio.get_running_loop().time()
        self._heard_at = now if outcomes or not keys or self._heard_at is None else self._heard_at
        for key, raw in outcomes.items():
            waiting = self._waiting.get(keys[key])
            if waiting is not None and not waiting.outcome.done():
                waiting.outcome.set_result(_unpacked(raw))
        if not self._has_warned and now - self._heard_at >= self.pace.silence_s:
            self._has_warned = True
            self.say(f"nothing judged for {self.pace.silence_s:g} s; does the fleet run (`assay up`, `assay status`)?")

    def _message(self, keys: Sequence[str]) -> GoldenJudgeMessage:
        return GoldenJudgeMessage(
            rubric_hash=self.judged_by.rubric_hash,
            calibration_hash=self.judged_by.calibration_hash,
            revision=self.revision,
            keys=tuple(keys),
        )


class GoldenJudgeReport(Report):
    """How many samples of one message were judged here. The others were judged, or are being judged, elsewhere."""

    judged: int = 0
    not_ours: int = 0


@dataclass(frozen=True)
class GoldenJudging:
    """A worker's part: judge the samples of one message, keep each outcome as it comes."""

    key_values: KeyValues
    locks: Locks
    evaluator: Callable[[str, str | None], Awaitable[Evaluator | None]]

    async def judge(self, message: GoldenJudgeMessage, *, owner: str) -> GoldenJudgeReport:
        """Judge what nobody else has judged or is judging."""
        evaluator, problem = await self._evaluator(message)
        samples = await self.key_values.kept([_sample_key(key) for key in message.keys])
        done = await self.key_values.kept([_outcome_key(key) for key in message.keys])
        open_keys = [key for key in message.keys if _outcome_key(key) not in done and _sample_key(key) in samples]
        added = await asyncio.gather(
            *(self._judge_key(key, samples[_sample_key(key)], evaluator or problem, owner) for key in open_keys)
        )
        return GoldenJudgeReport(judged=sum(added), not_ours=len(message.keys) - sum(added))

    async def _evaluator(self, message: GoldenJudgeMessage) -> tuple[Evaluator | None, Failed]:
        """The evaluator that was asked for, or the outcome that says why it is not here."""
        try:
            evaluator = await self.evaluator(message.rubric_hash, message.calibration_hash)
        except ConfigurationError as exc:
            return None, Failed(error="ConfigurationError", message=f"this worker cannot judge: {exc}")
        if evaluator is None:
            return None, Failed(error="UnknownRubric", message="rubric or calibration is not in the shared state")
        if evaluator.revision != message.revision:
            theirs, ours = message.revision[:12], evaluator.revision[:12]
            remedy = "give workers and gate the same version and files"
            return None, Failed(
                error="OtherEvaluator", message=f"asked for evaluator {theirs}, this worker has {ours}; {remedy}"
            )
        return evaluator, Failed(error="", message="")

    async def _judge_key(self, key: str, raw: bytes, judge: Evaluator | Failed, owner: str) -> bool:
        claim = f"golden:{key}"
        if not await self.locks.acquire(claim, owner=owner, ttl_s=CLAIM_S):
            return False
        try:
            outcome = judge if isinstance(judge, Failed) else await _judged(judge, raw)
            if held_for_s(outcome) is not None:
                return False  # nobody was asked: the run publishes it again
            await self.key_values.keep(_outcome_key(key), _OUTCOME.dump_json(outcome), ttl_s=TTL_S)
        finally:
            await self.locks.release(claim, owner=owner)
        return True


async def _judged(evaluator: Evaluator, raw: bytes) -> Outcome:
    try:
        with calling_for(purpose="golden"):
            return await evaluator.evaluate(Sample.model_validate_json(raw))
    except Exception as exc:  # noqa: BLE001  # it must not hold up the others of its batch
        log.warning("golden.judge_broke", error=type(exc).__name__)
        message = str(exc)[:300] if isinstance(exc, EvaluationError) else ""
        return Failed(error=type(exc).__name__, message=message)


def _sample_key(key: str) -> str:
    return f"golden:sample:{key}"


def _outcome_key(key: str) -> str:
    return f"golden:outcome:{key}"


def _unpacked(raw: bytes) -> Outcome:
    try:
        return _OUTCOME.validate_json(raw)
    except ValidationError:
        return Failed(error="OtherVersion", message="the outcome was written by another version of assay")
