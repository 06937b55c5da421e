"""The composition root: settings and deployment in, the fleet's parts out.

Each use case is imported where it is built: `assay status` reads the state and needs none of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

import structlog

from assay.worker.config.calibration_sets import CalibrationSet
from assay.worker.config.egress import may_see
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.redaction import redaction_of
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.flow.outbox import Outbox
from assay.worker.flow.suspicion import Suspicion
from assay.worker.limits.admissions import Admissions
from assay.worker.limits.call_rules import CallRules
from assay.worker.ports.clock import Clock
from assay.worker.ports.history import History
from assay.worker.ports.publish import Publish
from assay.worker.ports.state import FleetState, StateUnavailable
from assay.worker.ports.store import Store
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.reports import Report
from assay.worker.state.redis.state import redis_state
from assay.worker.wiring.admissions import fleet_admissions
from assay.worker.wiring.batches import BatchEndpoints
from assay.worker.wiring.judges import load_calibrations, load_rubrics
from assay.worker.wiring.process_parts import ProcessParts
from assay.worker.wiring.queues import ASSESS_QUEUE
from assay.worker.wiring.stores import open_stores
from assay.worker.wiring.watch import assessment_watch

if TYPE_CHECKING:
    from assay.judges.evaluate import Evaluator
    from assay.worker.flow.assess import Assessor
    from assay.worker.flow.batch_calls.collecting import BatchCollector
    from assay.worker.flow.batch_calls.desk import BatchDesk
    from assay.worker.flow.history_writing import HistoryReport
    from assay.worker.flow.reconcile import Reconciler
    from assay.worker.flow.release import Releaser
    from assay.worker.flow.reviews import ReviewReport
    from assay.worker.flow.store_recording import Records
    from assay.worker.flow.store_sweeps import Sweeps
    from assay.worker.flow.store_verifying import Verifies

log = structlog.get_logger(__name__)


class Runtime:
    """Everything one process works with, each part built once, when it is first asked for.

    Connections open on first use, inside the loop that uses them.
    """

    def __init__(
        self,
        settings: Settings,
        root: ConfigRoot,
        *,
        redis_url: str = "",
        publish: Publish | None = None,
        clock: Clock | None = None,
        predecessor: Runtime | None = None,
    ) -> None:
        """Read the deployment's files.

        Args:
            settings: of this process.
            root: where the files are.
            redis_url: where the state is. Not looked at where there is a predecessor.
            publish: how work is sent to the queues.
            clock: what the time is.
            predecessor: the runtime of this process before an edit. Its connection to Redis and its judges are taken
                over, so that an edit neither adds connections nor doubles the calls that may be in flight.

        Raises:
            ConfigurationError: names file, key and remedy.
        """
        self.settings = settings
        self.root = root
        self.deployment = root.deployment()
        self.rubrics = load_rubrics(root, self.deployment, settings)
        self.judge_files = read_judge_files(root, settings, self.deployment)
        self.publish: Publish = publish or _no_queue
        self.state: FleetState = (
            predecessor.state if predecessor else redis_state(redis_url, prefix=settings.key_prefix)
        )
        self.clock: Clock = clock or self.state.clock
        self.outbox: Outbox = (
            predecessor.outbox if predecessor else Outbox(self.state.verdicts, ttl_s=settings.verdict_ttl_s)
        )
        self.suspicion: Suspicion = (
            predecessor.suspicion if predecessor else Suspicion(self.state.suspects, self.outbox)
        )
        limits, locks = self.state.limits, self.state.locks
        self.stores = open_stores(
            root, self.deployment, settings, rubrics=self.rubrics.values(), limits=limits, locks=locks
        )
        self.store: Store = self.stores.store
        self.evaluators: dict[tuple[str, str | None, str], Evaluator] = predecessor.evaluators if predecessor else {}
        self.shared_admissions: Admissions = (
            predecessor.shared_admissions
            if predecessor
            else fleet_admissions(self.state.calls, self.deployment, settings, self.judge_files)
        )
        self._call_rules = CallRules.of(self.deployment, self.judge_files.prices)
        self.batch_endpoints: BatchEndpoints = (
            predecessor.batch_endpoints if predecessor else BatchEndpoints(self.judge_files, settings, self.deployment)
        )
        self._parts: ProcessParts = predecessor._parts if predecessor else ProcessParts([], [], [])  # noqa: SLF001

    def successor(self) -> Runtime:
        """This process's runtime with the files as they are now.

        Raises:
            ConfigurationError: they cannot be used.
        """
        return Runtime(self.settings, self.root, publish=self.publish, clock=self.clock, predecessor=self)

    def come_into_force(self) -> None:
        """This runtime takes the place of its predecessor. What waits to be sent in batches goes by its files."""
        self.batch_endpoints.files = self.judge_files
        self.batch_endpoints.deployment = self.deployment

    @cached_property
    def _judge_version(self) -> str:
        """What endpoints and prices are in force, as a part of what an evaluator is built from."""
        return self.judge_files.version()

    @cached_property
    def sweeps(self) -> Sweeps:
        """Looks for traces to judge."""
        from assay.worker.wiring.sweeping import sweeps_of

        return sweeps_of(self)

    @cached_property
    def calibrations(self) -> dict[str, CalibrationSet]:
        """The calibrations in force by rubric name and use case, read once as rubrics are."""
        names = [case.name for case in self.deployment.use_cases]
        return load_calibrations(self.root, self.rubrics.values(), self.settings, self.judge_files, names)

    @property
    def batch_desk(self) -> BatchDesk:
        """Takes the calls of this process that may wait for a provider's batch."""
        from assay.worker.wiring.batches import batch_desk

        if not self._parts.desks:
            self._parts.desks.append(batch_desk(self, self.batch_endpoints))
        return self._parts.desks[0]

    @cached_property
    def batch_collector(self) -> BatchCollector:
        """Looks after the batches of all processes."""
        from assay.worker.wiring.batches import batch_collector

        self.shared_admissions.rules = self._call_rules
        return batch_collector(self, self.batch_endpoints)

    @cached_property
    def assessor(self) -> Assessor:
        """Judges batches."""
        from assay.worker.flow.assess import Assessor
        from assay.worker.wiring.assessing import assess_limits, embedding_of

        return Assessor(
            source=self.store,
            ledger=self.state.ledger,
            outbox=self.outbox,
            suspicion=self.suspicion,
            spend=self.state.spend,
            evaluator=self.evaluator,
            publish=self.publish,
            clock=self.clock,
            may_see=partial(may_see, self.deployment),
            redaction=partial(redaction_of, self.deployment),
            prices=self.judge_files.prices,
            names=self.deployment.facts,
            desk=self.batch_desk,
            told=assessment_watch(),
            embedding=embedding_of(self, self._parts.embedders),
            limits=assess_limits(self.settings),
        )

    @cached_property
    def recorder(self) -> Records:
        """Writes scores."""
        from assay.worker.wiring.recording import recorder_of

        return recorder_of(self)

    @cached_property
    def verifier(self) -> Verifies:
        """Reads scores back."""
        from assay.worker.wiring.recording import verifier_of

        return verifier_of(self)

    async def copy_scores(self) -> Report:
        """Write scores to further places; nothing where no use case names one."""
        from assay.worker.wiring.copying import copy_writers

        return await copy_writers(self).tick() if self.stores.sinks else Report()

    @property
    def history(self) -> History:
        """The record, the same for all runtimes of this process.

        Raises:
            ConfigurationError: the database's address cannot be one, or its driver is not installed.
        """
        from assay.worker.wiring.history import open_record

        records = self._parts.records
        if not records:
            records.append(open_record(self.settings, self.root))
        return records[0]

    async def keep_history(self) -> HistoryReport:
        """Write what has ended into the record."""
        from assay.worker.wiring.history import keep_history

        return await keep_history(self)

    async def review(self) -> ReviewReport:
        """Put answers into the queues people review, and read what they said; nothing where no use case has one."""
        from assay.worker.wiring.reviewing import review

        return await review(self)

    @property
    def has_queue(self) -> bool:
        """Whether work is published from here."""
        return self.publish is not _no_queue

    @cached_property
    def releaser(self) -> Releaser:
        """Hands the backlog to the queue."""
        from assay.worker.flow.release import Releaser, weights_of

        return Releaser(
            backlog=self.state.backlog,
            ledger=self.state.ledger,
            publish=self.publish,
            clock=self.clock,
            ledger_deadline=self.ledger_deadline,
            queue=ASSESS_QUEUE,
            weights=weights_of(self.deployment),
        )

    @cached_property
    def reconciler(self) -> Reconciler:
        """Publishes again what is judged and overdue."""
        from assay.worker.flow.reconcile import Reconciler

        return Reconciler(
            ledger=self.state.ledger,
            publish=self.publish,
            clock=self.clock,
            ledger_deadline=self.ledger_deadline,
            store_of=self.stores.mark_of,
        )

    @property
    def admissions(self) -> Admissions:
        """Lets model calls of this process go, by the limits of this runtime from now on."""
        self.shared_admissions.rules = self._call_rules
        return self.shared_admissions

    async def evaluator(self, rubric_hash: str, calibration_hash: str | None = None) -> Evaluator | None:
        """The evaluator for a version of a rubric and of its calibrations.

        Returns:
            None: this version is neither on this worker's disk nor published.
        """
        from assay.worker.wiring.evaluators import evaluator_of_version

        admissions = self.admissions  # its calls go by this runtime's limits from now on, whoever built the evaluator
        key = (rubric_hash, calibration_hash, self._judge_version)
        known = self.evaluators.get(key)
        if known is not None:
            return known
        evaluator = await evaluator_of_version(self, admissions, rubric_hash, calibration_hash)
        return self.evaluators.setdefault(key, evaluator) if evaluator is not None else None

    async def synchronise_clock(self) -> None:
        """Read the time of the shared state, which all processes go by. Without an answer this machine's is used."""
        try:
            await self.state.clock.synchronise()
        except StateUnavailable as exc:
            log.warning("clock.not_read", error=str(exc)[:200])

    async def drain(self, timeout_s: float) -> bool:
        """Bring what this process owes the state there: before it ends. False if the state did not take all of it."""
        flushes = asyncio.gather(*(desk.flush(0.8 * timeout_s) for desk in self._parts.desks))
        is_drained, _ = await asyncio.gather(self.outbox.drain(timeout_s), flushes)
        return is_drained

    async def close(self) -> None:
        """Close what was opened."""
        for evaluator in self.evaluators.values():
            await evaluator.judge.close()
        await self.shared_admissions.close()
        await self.batch_endpoints.close()
        await self._parts.close()
        await self.stores.close()
        await self.state.close()

    @property
    def ledger_deadline(self) -> timedelta:
        """How long a trace may be without progress."""
        return timedelta(seconds=self.settings.ledger_deadline_s)


async def _no_queue(messages: Sequence[AssessMessage | RecordMessage]) -> None:
    """Publish nothing. The ledger remembers the work, and the fleet publishes it."""
