"""The composition root: settings and deployment in, the fleet's parts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

import structlog
from pydantic import SecretStr

from judges.base import Judge
from judges.calibration import Calibration
from judges.cascade import Cascade, CascadeTier
from judges.errors import ConfigurationError
from judges.evaluate import Evaluator
from judges.local.judge import LocalJudge
from judges.panel import PanelJudge
from judges.rubric import JudgeName, ModelAt, Rubric, parse_rubric
from worker.calibrations import CalibrationSet, parse_calibration_set
from worker.clock import SystemClock
from worker.config import ConfigRoot, Deployment, check_egress, may_see
from worker.flow.assess import Assessor, Limits
from worker.flow.reconcile import Reconciler
from worker.flow.record import Recorder
from worker.flow.reviews import Reviewer, ReviewReport
from worker.flow.sweep import Sweeper
from worker.people import review_queues_of
from worker.ports import Clock, FleetState, Publish, TraceStore
from worker.schema import AssessMessage, RecordMessage
from worker.settings import Settings, endpoint_variable
from worker.state.memory_limits import MemoryLimits
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
        self._calibrations: dict[str, CalibrationSet] | None = None
        self.clock: Clock = clock or SystemClock()
        self.publish: Publish = publish or _no_queue
        self.state: FleetState = RedisState(redis_url, prefix=settings.key_prefix)
        self.store: TraceStore = open_deployment_store(
            root, self.deployment, settings, rubrics=self.rubrics.values(), state=self.state
        )
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
    def calibrations(self) -> dict[str, CalibrationSet]:
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
            read_lag=timedelta(seconds=self.deployment.store.read_lag_s),
            review_queues=self.deployment.review_queues,
        )

    async def review(self) -> ReviewReport:
        """Put flagged answers into the queues people review; nothing where no use case has one."""
        if not self.deployment.review_queues:
            return ReviewReport()
        reviewer = Reviewer(queues=review_queues_of(self.store), waiting=self.state.reviews, clock=self.clock)
        return await reviewer.review()

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
        """The evaluator for a rubric version and its calibrations, from disk or as published; None if unknown."""
        known = self._evaluators.get((rubric_hash, calibration_hash))
        if known is not None:
            return known
        local = next((r for r in self.rubrics.values() if r.content_hash() == rubric_hash), None)
        content = None if local else await self.state.document(rubric_hash)
        rubric = local or (parse_rubric(content, source=f"rubric {rubric_hash[:12]}") if content else None)
        named = await self._calibration_set(calibration_hash) if calibration_hash else None
        if rubric is None or (calibration_hash and named is None):
            return None
        tiers = [CascadeTier(judge, _holding(named, rubric, judge)) for judge in build_judges(rubric, self.settings)]
        evaluator = assemble(rubric, tiers)
        return self._evaluators.setdefault((rubric_hash, calibration_hash), evaluator)

    async def _calibration_set(self, digest: str) -> CalibrationSet | None:
        content = await self.state.document(digest)
        return parse_calibration_set(content, source=f"calibration {digest[:12]}") if content else None

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


def load_calibrations(root: ConfigRoot, rubrics: Iterable[Rubric], settings: Settings) -> dict[str, CalibrationSet]:
    """The calibrations in force by rubric name.

    Raises:
        ConfigurationError
    """
    found = {}
    for rubric in rubrics:
        # A control worker asks no model; it builds the judges only where there is a file to hold against one.
        judges = build_judges(rubric, settings) if root.has_calibration(rubric) else []
        in_force = [root.calibration(rubric, judge) for judge in judges]
        calibrations = CalibrationSet.of(one for one in in_force if one is not None)
        if calibrations is not None:
            found[rubric.name] = calibrations
    return found


def build_evaluator(
    rubric: Rubric, root: ConfigRoot, settings: Settings, *, tier: JudgeName | None = None
) -> Evaluator:
    """The evaluator of a rubric: its judges, each with the calibration that the config root holds for it.

    Args:
        rubric: what is judged.
        root: where calibrations lie.
        settings: where the endpoints are.
        tier: only this judge of the rubric's cascade, for everything.

    Raises:
        ConfigurationError
    """
    judges = [build_judge(rubric, settings, tier)] if tier else build_judges(rubric, settings)
    return assemble(rubric, [CascadeTier(judge, root.calibration(rubric, judge)) for judge in judges])


def assemble(rubric: Rubric, tiers: Sequence[CascadeTier]) -> Evaluator:
    """One judge as it is, several as a cascade.

    Raises:
        CalibrationError: a calibration was fitted for another judge.
    """
    if len(tiers) == 1:
        return Evaluator(rubric, *tiers[0])
    return Evaluator(rubric, Cascade(tiers, rubric))


def _holding(named: CalibrationSet | None, rubric: Rubric, judge: Judge) -> Calibration | None:
    """The calibration that a message names for this judge, if it holds here; the judge may be of another version."""
    found = next((one for one in named.calibrations if one.judge == judge.name), None) if named else None
    mismatch = found.mismatch(rubric, judge) if found else None
    if mismatch:
        log.warning("calibration.not_used", rubric=rubric.name, judge=judge.name, reason=mismatch)
    return None if mismatch else found


def open_deployment_store(
    root: ConfigRoot,
    deployment: Deployment,
    settings: Settings,
    *,
    rubrics: Iterable[Rubric] = (),
    state: FleetState | None = None,
) -> TraceStore:
    """The deployment's trace store; `state` shares a remote store's request budget with all workers.

    Raises:
        ConfigurationError: a key or a path is missing.
    """
    if deployment.store.kind == "langfuse":
        # The SDK and what it brings take a while to import; deployments on the embedded store never need them.
        from worker.stores.opening import open_langfuse

        limits = state.limits if state else MemoryLimits()
        return open_langfuse(deployment, settings, limits=limits, rubrics=tuple(rubrics), locks=state)
    path = root.path / deployment.store.path if deployment.store.path else root.data_dir(settings) / "traces.db"
    return open_store(deployment.store.kind, path=path)


def build_judges(rubric: Rubric, settings: Settings) -> list[Judge]:
    """The judges a rubric names, from the first tier to the last.

    Raises:
        ConfigurationError: one needs an endpoint and none is configured.
    """
    return [build_judge(rubric, settings, tier) for tier in rubric.judge.tiers]


def build_judge(rubric: Rubric, settings: Settings, tier: JudgeName) -> Judge:
    """The judge of one tier.

    Raises:
        ConfigurationError: it needs an endpoint and none is configured.
    """
    if rubric.method == "checks":
        from judges.checks import ChecksJudge

        return ChecksJudge(rubric)
    if tier == "local":
        return LocalJudge()
    models = {one.model: _llm_judge(rubric, tier, one, settings) for one in rubric.judge.models(tier)}
    if tier == "llm" or rubric.judge.panel is None:
        return next(iter(models.values()))
    return PanelJudge(models, decide=rubric.judge.panel.decide)


def _llm_judge(rubric: Rubric, tier: JudgeName, asked: ModelAt, settings: Settings) -> Judge:
    endpoint = settings.endpoint(asked.endpoint)
    if endpoint is None:
        remedy = (
            f"set {endpoint_variable(asked.endpoint)}_URL"
            if asked.endpoint
            else "set OPENAI_API_KEY, or OPENAI_BASE_URL for a local server"
        )
        raise ConfigurationError(f"rubric {rubric.name}: judge.{tier}: no endpoint for {asked.model}; {remedy}")
    # The provider's SDK takes half a second to import; fleets with the local judge never need it.
    from judges.llm.graded import GradedJudge
    from judges.llm.judge import LlmJudge
    from judges.models.openai_compatible import OpenAICompatibleModel
    from judges.prices import PriceTable

    kind = GradedJudge if rubric.method == "graded" else LlmJudge
    return kind(
        OpenAICompatibleModel(
            model=asked.model,
            api_key=endpoint.key or SecretStr("none"),
            base_url=endpoint.url,
            timeout_s=settings.judge_timeout_s,
            max_concurrency=settings.judge_concurrency,
        ),
        PriceTable.load(None),
    )


async def _no_queue(messages: Sequence[AssessMessage | RecordMessage]) -> None:
    """Without a queue the ledger alone remembers; the fleet's reconciler picks the work up."""
