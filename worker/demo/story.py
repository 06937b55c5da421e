"""The demo's course: import, sweep, judge, write, verify, then the golden set and two gates."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as datetime_time
from pathlib import Path

import yaml

from assay.judges.errors import ConfigurationError
from assay.worker.config.root import ConfigRoot, packaged_root
from assay.worker.config.settings import Settings
from assay.worker.demo import findings
from assay.worker.demo.result import DemoResult
from assay.worker.demo.traffic import LabelledTrace, demo_traffic
from assay.worker.golden.call import GoldenCall
from assay.worker.golden.gate.comparison import compare
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.lock import freeze
from assay.worker.launch.fleet import Fleet, running_fleet
from assay.worker.ports.capabilities import WithTotals, WithTraceImport
from assay.worker.ports.clock import SystemClock
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.funnel import Funnel, read_funnel
from assay.worker.reporting.period.reading import PeriodReader
from assay.worker.reporting.period.records import PeriodReport
from assay.worker.wiring.golden_calls import load_set, read_set
from assay.worker.wiring.judges import build_evaluator
from assay.worker.wiring.runtime import Runtime
from assay.worker.wiring.stores import open_deployment_store

GOLDEN_SET = "mtrag-v1"
GATES = (("gpt-4o", "llama-3.1-405b"), ("human-reference", "gpt-4o"))
"""Baseline and candidate of the two gates: no difference to find, and a true regression."""
LOCAL_RUBRIC, LLM_RUBRIC = "grounding", "grounding-llm"
DEADLINE_S = 900.0
ASSESS_WORKERS = 2

Progress = Callable[[str, int, int], None]
"""Told a phase, how much of it is done, and out of how much."""


@dataclass
class Timings:
    """Seconds by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time one phase."""
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 2)


def run_demo(settings: Settings, directory: Path | None, progress: Progress) -> DemoResult:
    """Run the whole demo in a directory of its own and return what it found.

    Raises:
        EvaluationError: a part of the fleet did not work; the message names the log.
    """
    home = directory or Path(tempfile.mkdtemp(prefix="assay-demo-"))
    rubric = LLM_RUBRIC if settings.has_llm else LOCAL_RUBRIC
    root = prepare(home, rubric)
    shared = settings.redis_url is not None
    settings = settings.model_copy(
        update={
            "data_dir": home / ".assay",
            "verify_every_s": 2.0,
            # On somebody's Redis the demo keeps to keys of its own.
            "key_prefix": f"{home.name}:" if shared else settings.key_prefix,
        }
    )
    timings = Timings()
    with timings.phase("total"):
        with timings.phase("import"):
            labelled = asyncio.run(_import(settings, root))
        with (
            timings.phase("fleet"),
            running_fleet(settings, root, assess_workers=ASSESS_WORKERS) as fleet,
        ):
            part = asyncio.run(_watch(fleet, settings, root, labelled, progress))
        with timings.phase("golden"):
            exam_and_gates = asyncio.run(_golden(settings, root, progress))
    return DemoResult(
        judge=rubric,
        model=settings.judge_model if settings.has_llm else None,
        directory=str(home),
        key_prefix=settings.key_prefix if shared else None,
        imported=len(labelled),
        wall_s=timings.seconds,
        next_commands=_next_commands(home, part, settings if shared else None),
        **part,
        **exam_and_gates,
    )


def prepare(home: Path, rubric: str) -> ConfigRoot:
    """Write the demo's assay.yaml; with the LLM judge also a golden set frozen under its rubric."""
    home.mkdir(parents=True, exist_ok=True)
    text = (Path(__file__).parent / "assay.yaml").read_text(encoding="utf-8")
    (home / "assay.yaml").write_text(text.replace(f"rubrics: [{LOCAL_RUBRIC}]", f"rubrics: [{rubric}]"))
    return ConfigRoot(path=home)


async def _import(settings: Settings, root: ConfigRoot) -> dict[str, LabelledTrace]:
    labelled = {item.trace.id: item for item in demo_traffic(SystemClock().now())}
    store = open_deployment_store(root, root.deployment(), settings)
    if not isinstance(store, WithTraceImport):
        raise ConfigurationError(f"{root.path}: the demo needs a store that takes traces in")
    try:
        await store.add_traces(item.trace for item in labelled.values())
    finally:
        await store.close()
    return labelled


async def _watch(
    fleet: Fleet, settings: Settings, root: ConfigRoot, labelled: dict[str, LabelledTrace], progress: Progress
) -> dict[str, object]:
    """Wait until the fleet has judged, written and verified everything it selected; then look at it."""
    runtime = Runtime(settings, root, redis_url=fleet.broker.url)
    try:
        await runtime.synchronise_clock()
        funnel = await _settled(fleet, runtime, progress)
        again = await runtime.sweeps.sweep()
        entries = await findings.scored_entries(runtime.state.ledger_reader, funnel)
        report = (await _report(runtime, funnel)).use_cases
        costs = [row.judging.cost_usd for case in report for row in case.revisions]
        return {
            "funnel": funnel,
            "second_sweep_selected": again.selected,
            "scores_in_store": await _count_scores(runtime),
            "report": report,
            "worst": tuple(await findings.worst_traces(runtime.state.verdicts, entries, labelled)),
            "agreement": tuple(await asyncio.to_thread(findings.agreements, entries, labelled)),
            "weighted": tuple(findings.weighted_rates(report, labelled)),
            "cost_usd": None if None in costs else sum(cost for cost in costs if cost is not None),
        }
    finally:
        await runtime.close()


async def _report(runtime: Runtime, funnel: Funnel) -> PeriodReport:
    """What the record says, once every row is in it. The fleet writes them; nobody has to wait for its next tick."""
    while (await runtime.state.ended.unrecorded()).entries:
        await runtime.keep_history()
        await asyncio.sleep(0.05)
    since = datetime.combine(funnel.first, datetime_time(), UTC)
    until = datetime.combine(funnel.last, datetime_time(), UTC) + timedelta(days=1)
    cuts = {rubric.name: rubric.risk_labels.high for rubric in runtime.rubrics.values()}
    reader = PeriodReader(runtime.history.reader, cuts=cuts)
    return await reader.read(HistoryQuery(since=since, until=until), compare=False)


async def _settled(fleet: Fleet, runtime: Runtime, progress: Progress) -> Funnel:
    """Poll until the sweep is through and nothing is in flight."""
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        fleet.check()
        first, last = _days(runtime.clock.now())
        funnel = await read_funnel(runtime.state.ledger_reader, runtime.state.windows, first, last)
        selected = sum(row.selected for row in funnel.rows)
        progress("judging, writing, verifying", selected - funnel.in_flight, selected)
        if selected and not funnel.in_flight and await _is_swept(runtime, funnel):
            return funnel
        await asyncio.sleep(0.25)
    raise StoreUnavailable(f"the fleet did not finish in {DEADLINE_S:.0f} s; see {fleet.supervisor.log_dir}")


async def _is_swept(runtime: Runtime, funnel: Funnel) -> bool:
    """Whether every imported trace was seen; they all lie in windows that have closed."""
    store = runtime.store
    seen = sum(row.seen for row in funnel.rows) + funnel.unmatched + funnel.excluded
    return isinstance(store, WithTotals) and seen >= await store.count_traces()


async def _count_scores(runtime: Runtime) -> int:
    store = runtime.store
    return await store.count_scores() if isinstance(store, WithTotals) else 0


async def _golden(settings: Settings, root: ConfigRoot, progress: Progress) -> dict[str, object]:
    """Judge three recorded releases and the anchors once, then compare them in two gates."""
    golden = _golden_set(settings, root)
    evaluator = build_evaluator(golden.rubric, root, settings)
    names = list(dict.fromkeys(name for pair in GATES for name in pair))
    total = len(names) * len(golden.items) + len(golden.anchors)
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        progress("golden set", done, total)

    call = GoldenCall(
        golden=golden,
        data_dir=root.data_dir(settings),
        repeats=golden.manifest.repeats,
        concurrency=settings.judge_concurrency,
    )
    try:
        with call.session(evaluator, {}, count) as session:
            runs = {name: await session.run(call.target(name)) for name in names}
            exam = await session.examine()
    finally:
        await evaluator.judge.close()
    gates = tuple(gate_result(compare(runs[baseline], runs[candidate], golden, exam)) for baseline, candidate in GATES)
    pages, files = await asyncio.to_thread(_write_gates, root, gates)
    return {"exam": exam, "gates": gates, "pages": pages, "gate_files": files}


def _write_gates(root: ConfigRoot, gates: Sequence[GateResult]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The page of each gate, as `assay gate --html` writes it, and its result as `assay gate --json` prints it."""
    from assay.worker.golden.report.html.page import gate_page
    from assay.worker.golden.report.json_report import gate_json

    pages, files = [], []
    for gate in gates:
        path = root.path / f"gate-{gate.baseline}-to-{gate.candidate}.html"
        path.write_text(gate_page(gate), encoding="utf-8")
        pages.append(str(path))
        path = path.with_suffix(".json")
        path.write_text(gate_json(gate), encoding="utf-8")
        files.append(str(path))
    return tuple(pages), tuple(files)


def _golden_set(settings: Settings, root: ConfigRoot) -> GoldenSet:
    """The shipped set; under the LLM judge a copy of it, frozen anew because the rubric is part of the lock."""
    if not settings.has_llm:
        return load_set(root, settings, GOLDEN_SET)
    copy = root.path / "golden_sets" / GOLDEN_SET
    shutil.copytree(packaged_root() / "golden_sets" / GOLDEN_SET, copy, dirs_exist_ok=True)
    manifest = copy / "manifest.yaml"
    content = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    # An LLM's risk is not calibrated before somebody's labels were used for it; a gate takes it only if told to.
    content |= {"rubric": LLM_RUBRIC, "gate": {**content.get("gate", {}), "allow_uncalibrated": True}}
    manifest.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    freeze(read_set(root, settings, GOLDEN_SET))
    return load_set(root, settings, GOLDEN_SET)


def _days(now: datetime) -> tuple[date, date]:
    return (now - timedelta(days=1)).date(), now.date()


def _next_commands(home: Path, part: dict[str, object], shared: Settings | None) -> tuple[str, ...]:
    assay = "assay" if shutil.which("assay") else _from_here(Path(sys.argv[0]).resolve())
    prefix = f"ASSAY_KEY_PREFIX={shared.key_prefix} " if shared else ""
    worst = part["worst"]
    trace_id = worst[0].trace_id if isinstance(worst, tuple) and worst else "TRACE"
    return (
        f"{prefix}{assay} why {trace_id} -c {home}",
        f"{prefix}{assay} report -c {home}",
        f"{assay} gate {GOLDEN_SET} --baseline {GATES[1][0]} --candidate {GATES[1][1]} -c {home}; echo exit code $?",
    )


def _from_here(program: Path) -> str:
    """How the program is called from the current folder, e.g. `.venv/bin/assay`."""
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)
