"""The list before launch: what has to be there so that somebody is told, and so that what is told can be believed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.config.deployment import Deployment
from assay.worker.config.objectives import application_budget
from assay.worker.config.settings import Settings
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.ports.health import Check
from assay.worker.setup.launch.told_facts import BEFORE_LAUNCH, Told, fact_checks, told_by_traces
from assay.worker.setup.trace_sample import TraceSample
from assay.worker.signals.drift.records import BASELINE_KIND
from assay.worker.wiring.admissions import models_of
from assay.worker.wiring.golden_calls import read_set
from assay.worker.wiring.present_alerts import open_names
from assay.worker.wiring.runtime import Runtime

LEAST_ITEMS = 50
"""Of a golden set: with fewer, a change has to be large before a gate can show it."""

TEST_SCORE = "test score"
"""The name of the check of a store that writes one and reads it back."""


async def before_launch(
    runtime: Runtime, told: list[Told], sample: TraceSample | None, others: Sequence[Check], *, judged: bool
) -> AsyncIterator[Check]:
    """Every check of the list.

    Args:
        runtime: the deployment.
        told: what traces of the record tell.
        sample: traces that were looked at, for where the record has none. None: the store gave none.
        others: checks that were made already.
        judged: whether the record has a judged trace.
    """
    for check in await _facts(runtime, told, sample):
        yield check
    sets = await in_thread(_sets, runtime)
    yield golden_check(sets, runtime.deployment)
    yield told_check(runtime.settings)
    yield port_check(runtime.settings)
    yield await baseline_check(runtime)
    asks_models = any(models_of(rubric) for rubric in runtime.rubrics.values())
    yield budget_check(runtime.deployment, asks_models=asks_models)
    yield pipeline_check(others, judged=judged)


async def _facts(runtime: Runtime, told: list[Told], sample: TraceSample | None) -> list[Check]:
    if told:
        return list(fact_checks(told, "the record, 7 days"))
    if sample is None:
        return list(fact_checks([], ""))
    deployment, rubrics = runtime.deployment, runtime.rubrics
    paths = {
        case.name: rubrics[name].sample
        for case in deployment.use_cases
        for name in tuple(deployment.rubrics_of(case))[:1]
        if name in rubrics
    }
    looked_at = await in_thread(told_by_traces, sample, paths, runtime.judge_files.prices)
    return list(fact_checks(looked_at, "traces of the store"))


def _sets(runtime: Runtime) -> list[GoldenSet]:
    return list(_readable(runtime))


def _readable(runtime: Runtime) -> Iterator[GoldenSet]:
    """The team's own sets that can be read. Those that ship are about other answers."""
    for name in runtime.root.golden_set_names():
        try:
            golden = read_set(runtime.root, runtime.settings, name)
        except ConfigurationError:
            continue  # other checks speak of it
        if golden.directory.is_relative_to(runtime.root.path):
            yield golden


def golden_check(sets: Sequence[GoldenSet], deployment: Deployment) -> Check:
    """Whether golden sets are large enough and cover all use cases: an item's tag, or the set's name, names one."""
    large = [golden for golden in sets if len(golden.items) >= LEAST_ITEMS]
    names = [case.name for case in deployment.use_cases]
    tags = {tag for golden in sets for item in golden.items for tag in item.tags}
    uncovered = [name for name in names if not _covers(name, tags, sets)] if len(names) > 1 else []
    details = {"sets": {golden.name: len(golden.items) for golden in sets}, "uncovered": list(uncovered)}
    if not large:
        sizes = ", ".join(f"{golden.name} {len(golden.items)}" for golden in sets[:4]) or "none"
        message = f"none of your own with {LEAST_ITEMS} items or more: {sizes}"
    elif uncovered:
        message = f"no item is tagged for {', '.join(uncovered[:6])}"
    else:
        message = ", ".join(f"{golden.name}: {len(golden.items)} items" for golden in large[:4])
    is_well = bool(large) and not uncovered
    remedy = "" if is_well else "`assay golden add` takes traces in; tag items with the names of use cases"
    return Check(
        name="golden set",
        group=BEFORE_LAUNCH,
        status="ok" if is_well else "warn",
        message=message,
        remedy=remedy,
        details=details,
    )


def _covers(name: str, tags: set[str], sets: Sequence[GoldenSet]) -> bool:
    """Whether a tag is the use case's name, or ends with it, as `use_case:bot`; or a set is called after it."""
    tagged = any(tag == name or tag.endswith(f":{name}") for tag in tags)
    return tagged or any(golden.name == name or golden.name.startswith(f"{name}-") for golden in sets)


def told_check(settings: Settings) -> Check:
    """Whether alerts reach a person, by a channel of the fleet or by Prometheus."""
    channels = open_names(settings)
    if channels or settings.metrics_port is not None:
        ways = [*channels, *(["Prometheus, by its own rules"] if settings.metrics_port is not None else [])]
        return Check(name="alerts reach a person", group=BEFORE_LAUNCH, status="ok", message=", ".join(ways))
    return Check(
        name="alerts reach a person",
        group=BEFORE_LAUNCH,
        status="warn",
        message="no channel is open, and no Prometheus can read the metrics",
        remedy="set ASSAY_SLACK_WEBHOOK_URL or ASSAY_PAGERDUTY_ROUTING_KEY, then `assay alerts test`",
    )


def port_check(settings: Settings) -> Check:
    """Whether processes serve metrics."""
    if settings.metrics_port is not None:
        message = f"/metrics, /healthz and /readyz from {settings.metrics_port} on"
        return Check(name="metrics", group=BEFORE_LAUNCH, status="ok", message=message)
    return Check(
        name="metrics",
        group=BEFORE_LAUNCH,
        status="warn",
        message="no port: no dashboard has anything to draw",
        remedy="set ASSAY_METRICS_PORT=9464, then `assay alerts render` and `assay alerts dashboards`",
    )


async def baseline_check(runtime: Runtime) -> Check:
    """Whether every use case has something to hold drift against."""
    names = [case.name for case in runtime.deployment.use_cases]
    try:
        kept = [await runtime.history.documents.latest(BASELINE_KIND, name) for name in names]
    except EvaluationError as exc:
        return Check(name="drift baselines", group=BEFORE_LAUNCH, status="warn", message=f"not read: {exc}")
    without = [name for name, document in zip(names, kept, strict=True) if document is None]
    if not without:
        oldest = min(document.at for document in kept if document is not None) if kept else None
        since = f"; the oldest of {oldest:%Y-%m-%d}" if oldest else ""
        message = f"captured for {len(names)} of {len(names)} use cases{since}"
        return Check(name="drift baselines", group=BEFORE_LAUNCH, status="ok", message=message)
    return Check(
        name="drift baselines",
        group=BEFORE_LAUNCH,
        status="warn",
        message=f"none for {', '.join(without[:6])}",
        remedy="`assay drift baseline`, once a week of usual traffic was judged",
        details={"without": list(without)},
    )


def budget_check(deployment: Deployment, *, asks_models: bool) -> Check:
    """Whether judging and the application have budgets, so that alerts at 80 % can come. Local judges cost nothing."""
    limits = deployment.limits
    judging = (
        limits.usd_per_day
        or limits.usd_per_month
        or any(case.budget_usd_per_day or case.budget_usd_per_month for case in deployment.use_cases)
    )
    budgets = [application_budget(deployment, name) for name in (None, *(case.name for case in deployment.use_cases))]
    application = any(budget.budget_usd_per_day or budget.budget_usd_per_month for budget in budgets)
    missing = [
        *([] if judging or not asks_models else ["judging (limits.usd_per_month)"]),
        *([] if application else ["the application (slos.budget_usd_per_month)"]),
    ]
    return Check(
        name="budgets",
        group=BEFORE_LAUNCH,
        status="warn" if missing else "ok",
        message=f"none for {' and '.join(missing)}" if missing else "there are budgets for what costs",
        remedy="write it into assay.yaml; `assay plan` says what judging will cost" if missing else "",
    )


def pipeline_check(others: Sequence[Check], *, judged: bool) -> Check:
    """Whether the way from a trace to its score was gone once."""
    scores = [check for check in others if check.name.endswith(TEST_SCORE)]  # several stores are named before it
    is_written = any(check.status == "ok" for check in scores)
    if judged:
        message = "traces were judged and their scores recorded"
    elif is_written:
        message = "a test score was written and read back; no trace has been judged yet"
    else:
        message = "no test score was written, and no trace has been judged yet"
    is_well = judged or is_written
    return Check(
        name="from trace to score",
        group=BEFORE_LAUNCH,
        status="ok" if is_well else "warn",
        message=message,
        remedy="" if is_well else "`assay sweep` with workers running; then `assay status` says what became of them",
    )
