"""The composition root: settings and deployment in, the fleet's parts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

import structlog
from pydantic import SecretStr

from judges.base import Judge
from judges.calibration import Calibration, parse_calibration
from judges.errors import ConfigurationError
from judges.evaluate import Evaluator
from judges.local.judge import LocalJudge
from judges.rubric import Rubric, parse_rubric
from worker.clock import SystemClock
from worker.config import ConfigRoot, Deployment, check_egress, may_see
from worker.flow.assess import Assessor, Limits
from worker.flow.reconcile import Reconciler
from worker.flow.record import Recorder
from worker.flow.sweep import Sweeper
from worker.ports import Clock, FleetState, Publish, TraceStore
from worker.schema import AssessMessage, RecordMessage
from worker.settings import Settings
from worker.state.redis_state import RedisState
from worker.stores import open_store

ASSESS_QUEUE = "assess"
CONTROL_QUEUE = "control"
GOLDEN_QUEUE = "golden"

log = structlog.get_logger(__name__)


class Runtime:
    """Everything one process works with. Connections open on first use, inside the loop that uses them."""

    def __init__(
        self,
        settings: Settings,
        root: ConfigRoot,
        *,
        redis_url: str,
        publish: Publish | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self.root = root
        self.deployment = root.deployment()
        self.rubrics = load_rubrics(root, self.deployment, settings)
        self._calibrations: dict[str, Calibration] | None = None
        self.clock: Clock = clock or SystemClock()
        self.publish: Publish = publish or _no_queue
        self.store: TraceStore = open_deployment_store(root, self.deployment, settings)
        self.state: FleetState = RedisState(redis_url, prefix=settings.key_prefix)
        self._evaluators: dict[tuple[str, str | None], Evaluator] = {}

    @property
    def sweeper(self) -> Sweeper:
        """Looks for traces to judge."""
        return Sweeper(
            store=self.store,
            state=self.state,
            deployment=self.deployment,
            rubrics=self.rubrics,
            publish=self.publish,
            clock=self.clock,
            ledger_deadline=self._ledger_deadline,
            calibrations=self.calibrations,
        )

    @property
    def calibrations(self) -> dict[str, Calibration]:
        """The calibrations in force by rubric name; read once, as rubrics are."""
        if self._calibrations is None:
            self._calibrations = load_calibrations(self.root, self.rubrics.values(), self.settings)
        return self._calibrations

    @property
    def assessor(self) -> Assessor:
        """Judges batches."""
        return Assessor(
            store=self.store,
            state=self.state,
            evaluator=self.evaluator,
            publish=self.publish,
            clock=self.clock,
            may_see=partial(may_see, self.deployment),
            limits=Limits(
                batch_deadline=timedelta(seconds=self.settings.batch_deadline_s),
                trace_wait=timedelta(seconds=self.settings.trace_wait_s),
                max_age=timedelta(seconds=self.settings.max_age_s),
                verdict_ttl_s=self.settings.verdict_ttl_s,
            ),
        )

    @property
    def recorder(self) -> Recorder:
        """Writes scores and reads them back."""
        return Recorder(
            store=self.store,
            state=self.state,
            publish=self.publish,
            clock=self.clock,
            rewrite_after=timedelta(seconds=self.settings.rewrite_after_s),
        )

    @property
    def reconciler(self) -> Reconciler:
        """Publishes again what is overdue."""
        return Reconciler(
            state=self.state,
            publish=self.publish,
            clock=self.clock,
            ledger_deadline=self._ledger_deadline,
            assess_queue=ASSESS_QUEUE,
        )

    async def evaluator(self, rubric_hash: str, calibration_hash: str | None = None) -> Evaluator | None:
        """The evaluator for a rubric version and its calibration, from disk or as published; None if unknown."""
        known = self._evaluators.get((rubric_hash, calibration_hash))
        if known is not None:
            return known
        local = next((r for r in self.rubrics.values() if r.content_hash() == rubric_hash), None)
        content = None if local else await self.state.document(rubric_hash)
        rubric = local or (parse_rubric(content, source=f"rubric {rubric_hash[:12]}") if content else None)
        calibration = await self._calibration(calibration_hash) if calibration_hash else None
        if rubric is None or (calibration_hash and calibration is None):
            return None
        judge = build_judge(rubric, self.settings)
        mismatch = calibration.mismatch(rubric, judge) if calibration else None
        if mismatch:
            log.warning("calibration.not_used", rubric=rubric.name, calibration=calibration_hash, reason=mismatch)
        evaluator = Evaluator(rubric, judge, None if mismatch else calibration)
        return self._evaluators.setdefault((rubric_hash, calibration_hash), evaluator)

    async def _calibration(self, digest: str) -> Calibration | None:
        content = await self.state.document(digest)
        return parse_calibration(content, source=f"calibration {digest[:12]}") if content else None

    async def close(self) -> None:
        """Close what was opened."""
        for evaluator in self._evaluators.values():
            await evaluator.judge.close()
        await self.store.close()
        await self.state.close()

    @property
    def _ledger_deadline(self) -> timedelta:
        return timedelta(seconds=self.settings.ledger_deadline_s)


def load_rubrics(root: ConfigRoot, deployment: Deployment, settings: Settings) -> dict[str, Rubric]:
    """Every rubric the deployment names, checked against each use case's egress policy.

    Raises:
        ConfigurationError
    """
    rubrics: dict[str, Rubric] = {}
    for use_case in deployment.use_cases:
        for name in deployment.rubrics_of(use_case):
            rubrics.setdefault(name, root.rubric(name, settings.rubric_variables()))
            check_egress(use_case, rubrics[name])
    return rubrics


def check_deployment(root: ConfigRoot, settings: Settings) -> None:
    """Everything that can be known to be wrong before a process starts: assay.yaml, rubrics, egress, judges.

    Raises:
        ConfigurationError
    """
    for rubric in load_rubrics(root, root.deployment(), settings).values():
        build_evaluator(rubric, root, settings)


def load_calibrations(root: ConfigRoot, rubrics: Iterable[Rubric], settings: Settings) -> dict[str, Calibration]:
    """The calibrations in force by rubric name.

    Raises:
        ConfigurationError
    """
    found = {}
    for rubric in rubrics:
        # A control worker asks no model; it builds the judge only where there is a file to hold against it.
        calibration = root.calibration(rubric, build_judge(rubric, settings)) if root.has_calibration(rubric) else None
        if calibration is not None:
            found[rubric.name] = calibration
    return found


def build_evaluator(rubric: Rubric, root: ConfigRoot, settings: Settings) -> Evaluator:
    """The evaluator of a rubric: its judge, and the calibration that the config root holds for the two.

    Raises:
        ConfigurationError
    """
    judge = build_judge(rubric, settings)
    return Evaluator(rubric, judge, root.calibration(rubric, judge))


def open_deployment_store(root: ConfigRoot, deployment: Deployment, settings: Settings) -> TraceStore:
    """The deployment's trace store."""
    path = root.path / deployment.store.path if deployment.store.path else root.data_dir(settings) / "traces.db"
    return open_store(deployment.store.kind, path=path)


def build_judge(rubric: Rubric, settings: Settings) -> Judge:
    """The judge a rubric names.

    Raises:
        ConfigurationError: it needs an endpoint and none is configured.
    """
    if rubric.tier == "local":
        return LocalJudge()
    if not settings.has_llm or rubric.judge.llm is None:
        raise ConfigurationError(
            f"rubric {rubric.name}: judge.llm: no endpoint; set OPENAI_API_KEY, or OPENAI_BASE_URL for a local server"
        )
    # The provider's SDK takes half a second to import; fleets with the local judge never need it.
    from judges.llm.judge import LlmJudge
    from judges.models.openai_compatible import OpenAICompatibleModel
    from judges.prices import PriceTable

    key = settings.openai_api_key
    return LlmJudge(
        OpenAICompatibleModel(
            model=rubric.judge.llm.model,
            api_key=key or SecretStr("none"),
            base_url=settings.openai_base_url,
            timeout_s=settings.judge_timeout_s,
            max_concurrency=settings.judge_concurrency,
        ),
        PriceTable.load(None),
    )


async def _no_queue(messages: Sequence[AssessMessage | RecordMessage]) -> None:
    """Without a queue the ledger alone remembers; the fleet's reconciler picks the work up."""
