"""The arithmetic of `assay plan --capacity`, worked out by hand. Unknown stays unknown, and is never 0."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.worker.cli.plan_capacity import capacity_lines, capacity_tables
from assay.worker.cli.plan_numbers import parse_volume, percent, rate, short, size, usd
from assay.worker.config.deployment import Deployment
from assay.worker.setup.capacity import CapacityTable, at_least_one
from assay.worker.setup.capacity_basis import (
    Asked,
    CapacityBasis,
    CaseShare,
    EndpointBound,
    JudgementCost,
    StoreBound,
)
from assay.worker.setup.capacity_constants import ALL, LEDGER_BYTES, VERDICT_BYTES, WINDOW_BYTES
from assay.worker.setup.capacity_policy import bounds_of, judgement_cost
from assay.worker.setup.capacity_rows import BoundKind, CapacityReport, CapacityRow
from assay.worker.setup.judge_cost import JudgeCost

N = 864_000
"""Ten a second. A tenth of it is judged: one a second."""

COST = JudgementCost(
    rubric="grounding",
    asked=(Asked(endpoint="default", model="m"),),
    calls=2.0,
    tokens_in=1_000.0,
    tokens_out=50.0,
    usd=0.01,
    seconds=2.0,
)
CASE = CaseShare(use_case="bot", share=1.0, rubrics=("grounding",))
STORE = StoreBound(
    reads_per_minute=100,
    writes_per_minute=5,
    roots_per_request=100,
    traces_per_request=16,
    scores_per_request=100,
    windows=288,
)


def row(traces: int = N, *, cost: JudgementCost | None = COST, peak: float = 3.0, **over: Any) -> CapacityRow:
    """One row of a deployment that judges a tenth."""
    known: dict[str, Any] = {
        "cases": (CASE,),
        "costs": (cost,) if cost else (),
        "judge_concurrency": 4,
        "row_bytes": 1_000.0,
        "history_days": 10,
    }
    return CapacityTable(CapacityBasis(**{**known, **over}), lambda *_: 0.1, peak).row(traces)


def test_calls_tokens_and_usd_are_those_of_what_is_judged() -> None:
    told = row()
    assert told.judgements_a_day == 86_400
    assert told.judgements_per_s_peak == pytest.approx(3.0)
    assert (told.calls, told.tokens_in, told.tokens_out) == (172_800, 86_400_000, 4_320_000)
    assert told.usd == pytest.approx(864.0)


def test_database_and_redis() -> None:
    told = row(trace_bytes=2_000.0, collector_days=14)
    assert (told.record_bytes_a_day, told.record_bytes_kept) == (86_400_000, 864_000_000)
    assert (told.store_bytes_a_day, told.store_bytes_kept) == (1_728_000_000, 24_192_000_000)
    assert (LEDGER_BYTES.value, VERDICT_BYTES.value, WINDOW_BYTES.value) == (2_890, 1_263, 105_000)
    assert told.redis_bytes == 86_400 * (2_890 * 14 + 1_263) + 105_000 * 400
    assert (row().store_bytes_a_day, row().store_bytes_kept) == (None, None)
    assert row(trace_bytes=2_000.0).store_bytes_kept is None, "nothing is removed from a store without a collector"


def test_workers_are_those_of_the_tighter_of_processor_and_calls() -> None:
    # 3 judgements a second for 2 s each: 6 in flight, of which one process has 4.
    assert (row().assess_workers, row().assess_by) == (2, "calls in flight")
    # 3 x 8.75 ms / 0.7 = 0.0375 of a core, and 100 times as much.
    many = row(100 * N, judge_concurrency=1_000)
    assert (many.assess_workers, many.assess_by) == (4, "processor")
    local = JudgementCost(rubric="grounding", asks_local=True)
    # 300 x (8.75 + 6.173) ms / 0.7 = 6.4 cores.
    assert (row(100 * N, cost=local).assess_workers, row(cost=local).assess_by) == (7, "one is the least")
    # 8.64 M x 1.58 ms / 86,400 s x 3 / 0.7 = 0.68, and sweeps and signals keep one worker busy each.
    assert (row().control_workers, many.control_workers) == (1, 3)


@pytest.mark.parametrize(("count", "processes"), [(0.0, 1), (0.2, 1), (1.0, 1), (1.000_000_000_1, 1), (1.001, 2)])
def test_processes_are_whole_and_one_at_least(count: float, processes: int) -> None:
    assert at_least_one(count) == processes


def test_nothing_takes_nothing() -> None:
    unknown = COST.model_copy(update={"calls": None, "tokens_in": None, "tokens_out": None, "usd": None})
    bound = EndpointBound(endpoint="default", requests_per_minute=1)
    told = row(0, cost=unknown, bounds=(bound,), usd_per_day=1.0, spans_per_trace=3.0, has_collector=True, store=STORE)
    assert (told.judgements_a_day, told.calls, told.tokens_in, told.usd, told.spans_per_s) == (0, 0, 0, 0.0, 0.0)
    assert (told.assess_workers, told.control_workers, told.collectors) == (1, 1, 1)
    assert {use.state for use in told.bounds} == {"fits"}
    assert [use.fits_a_day for use in told.bounds] == [None, None, None]
    assert [budget.pays for budget in told.budgets] == [1.0]


@pytest.mark.parametrize("name", ["calls", "tokens_in", "tokens_out", "usd"])
def test_unknown_stays_unknown(name: str) -> None:
    told = row(cost=COST.model_copy(update={name: None}))
    assert getattr(told, name) is None
    assert [field for field in ("calls", "tokens_in", "tokens_out", "usd") if getattr(told, field) is None] == [name]


def test_unknown_of_what_is_not_judged_is_nobodys_matter() -> None:
    cases = (CASE, CaseShare(use_case="other", share=0.0, rubrics=("other",)))
    other = JudgementCost(rubric="other", asked=COST.asked, calls=None, tokens_in=None, tokens_out=None, usd=None)
    assert row(cases=cases, costs=(COST, other)).usd == pytest.approx(864.0)


@pytest.mark.parametrize(
    ("limit", "state", "a_day", "at_peak"),
    [
        # 120 calls a minute are needed, 360 at the peak. Of a limit 95 % can be used.
        (400, "fits", 2_736_000, 912_000),
        (300, "waits at the peak", 2_052_000, 684_000),
        (100, "binds", 684_000, 228_000),
    ],
)
def test_limit_on_requests(limit: int, state: str, a_day: int, at_peak: int) -> None:
    (use,) = row(bounds=(EndpointBound(endpoint="default", requests_per_minute=limit),)).bounds
    assert (use.kind, use.limit, use.mean, use.peak) == ("requests a minute", limit, 120.0, 360.0)
    assert (use.state, use.fits_a_day, use.fits_at_peak) == (state, a_day, at_peak)


@pytest.mark.parametrize(
    ("over", "kind", "mean"),
    [
        ({"tokens_per_minute": 63_000}, "tokens a minute", 63_000.0),
        ({"concurrency": 2}, "calls in flight", 2.0),
    ],
)
def test_limit_that_is_just_enough_does_not_bind_but_at_the_peak(
    over: dict[str, int], kind: BoundKind, mean: float
) -> None:
    (use,) = row(bounds=(EndpointBound(endpoint="default", **over),)).bounds
    assert (use.kind, use.mean, use.state, use.fits_a_day) == (kind, mean, "waits at the peak", N)
    (even,) = row(bounds=(EndpointBound(endpoint="default", **over),), peak=1.0).bounds
    assert even.state == "fits"


def test_limit_of_a_model_holds_its_part_of_the_calls_and_that_of_another_endpoint_none() -> None:
    asked = (Asked(endpoint="default", model="m"), Asked(endpoint="in-house", model="n"))
    bounds = (
        EndpointBound(endpoint="default", model="m", requests_per_minute=50),
        EndpointBound(endpoint="default", model="x", requests_per_minute=50),
        EndpointBound(endpoint="in-house", requests_per_minute=50),
    )
    told = row(cost=COST.model_copy(update={"asked": asked}), bounds=bounds).bounds
    assert [(use.mean, use.state) for use in told] == [(60.0, "binds"), (0.0, "fits"), (60.0, "binds")]


def test_limit_is_unknown_where_calls_are() -> None:
    bound = EndpointBound(endpoint="default", requests_per_minute=50)
    (use,) = row(cost=COST.model_copy(update={"calls": None}), bounds=(bound,)).bounds
    assert (use.state, use.mean, use.fits_a_day) == ("unknown", None, None)


def test_trace_store_is_asked_by_listing_fetching_writing_and_reading_back() -> None:
    reads, writes = row(store=STORE).bounds
    # A day: 6 x 8,640 pages, 5,400 fetches, 2,592 reads of scores, 864 of traces' scores. Written: 2,592 requests.
    assert reads.mean == pytest.approx((51_840 + 5_400 + 2_592 + 864) / 1_440)
    assert writes.mean == pytest.approx(1.8)
    assert writes.peak == pytest.approx(5.4)
    assert writes.state == "waits at the peak"
    (few, _) = row(100, store=STORE).bounds
    assert few.mean == pytest.approx((6 * 288 + 10 / 16 + 30 / 100 + 10 / 100) / 1_440), "empty windows are listed too"


def test_budgets_say_what_they_pay_for() -> None:
    cases = (CASE.model_copy(update={"usd_per_day": 86.4}),)
    own, all_of_them = row(cases=cases, usd_per_day=1_000.0).budgets
    assert own.use_case == "bot"
    assert own.usd == pytest.approx(864.0)
    assert own.pays == pytest.approx(0.1)
    assert (all_of_them.use_case, all_of_them.pays) == (None, 1.0)
    (unknown,) = row(cost=COST.model_copy(update={"usd": None}), usd_per_day=1.0).budgets
    assert (unknown.usd, unknown.pays) == (None, None)


def test_spans_are_those_of_all_traces() -> None:
    told = row(spans_per_trace=3.0, has_collector=True)
    assert (told.spans_per_s, told.spans_per_s_peak, told.collectors) == (30.0, 90.0, 1)
    assert row(1_000 * N, spans_per_trace=3.0, has_collector=True).collectors == 12  # 90,000 / (10,794 x 0.7)
    assert row(has_collector=True).spans_per_s is None
    assert row(spans_per_trace=3.0).spans_per_s is None, "nothing is collected"


def test_strata_raise_the_share_and_no_more_than_all_is_judged() -> None:
    assert row(cases=(CASE.model_copy(update={"raised": 2.0}),)).judgements_a_day == 172_800
    assert row(cases=(CASE.model_copy(update={"raised": 20.0}),)).judgements_a_day == N


def test_judgement_costs_a_share_of_many() -> None:
    rubric = Rubric.model_validate({"name": "g", "judge": {"tiers": ["llm"], "llm": {"model": "m", "endpoint": "x"}}})
    many = JudgeCost(
        rubric="g", tiers=("llm",), judgements=10, calls=20, prompt_tokens=100, completion_tokens=5, basis="measured"
    )
    known = judgement_cost(rubric, many.model_copy(update={"cost_usd": None}), 0.5)
    assert (known.calls, known.tokens_in, known.tokens_out, known.usd) == (2.0, 10.0, 0.5, None)
    assert (known.seconds, known.is_measured, known.asked) == (0.5, True, (Asked(endpoint="x", model="m"),))
    for cost in (None, many.model_copy(update={"judgements": 0})):
        unknown = judgement_cost(rubric, cost, None)
        assert (unknown.calls, unknown.tokens_in, unknown.usd, unknown.is_measured) == (None, None, None, False)
    free = judgement_cost(Rubric(name="grounding"), None, None)
    assert (free.calls, free.usd, free.asks_local) == (0.0, 0.0, True)


def test_limits_of_assay_yaml_are_told_with_those_of_models() -> None:
    limits = {"endpoints": {"default": {"concurrency": 3, "models": {"m": {"tokens_per_minute": 7}}}}}
    deployment = Deployment.model_validate({"limits": limits, "use_cases": [{"name": "bot"}]})
    assert list(bounds_of(deployment.limits.endpoints.items())) == [
        EndpointBound(endpoint="default", concurrency=3),
        EndpointBound(endpoint="default", model="m", tokens_per_minute=7),
    ]


def test_every_constant_names_its_source() -> None:
    for constant in ALL:
        assert constant.source.startswith(("benchmarks.", "MEMORY USAGE", "the store of", "assumed")), constant
        assert str(constant.on) in constant.told


def test_people_read_what_binds_and_what_is_not_known() -> None:
    bounds = (EndpointBound(endpoint="default", requests_per_minute=100, tokens_per_minute=100_000),)
    cost = COST.model_copy(update={"tokens_in": None, "usd": None})
    basis = CapacityBasis(cases=(CASE,), costs=(cost,), bounds=bounds, row_bytes=1.0, usd_per_day=5.0)
    rows = tuple(map(CapacityTable(basis, lambda *_: 0.1, 3.0).row, (N, 2 * N)))
    report = CapacityReport(peak=3.0, traffic="a day", basis=basis, rows=rows)
    told = list(capacity_lines(report))
    assert told[:2] == [
        f"{volume}: default: 100 requests a minute BIND: {mean} on average and {peak} at the peak are needed; it holds "
        "684,000 traces a day, 228,000 without a wait at the peak. What is over waits, and sweeps with it: raise it, "
        "or lower the rate"
        for volume, mean, peak in (("864 k", "120.0", "360.0"), ("1.73 M", "240.0", "720.0"))
    ]
    assert told[2].startswith("default: 100,000 tokens a minute: unknown whether it binds")
    assert told[3].startswith("budget of all use cases: 5.00 USD a day: unknown whether it pays")
    assert "the busiest minutes have 3 times the traces of the mean; another factor: --peak" in told
    tables = list(capacity_tables(report, Console(width=80)))
    assert [[column.header for column in table.columns] for table in tables] == [["", "864 k", "1.73 M"]]


def test_sweeps_have_a_bound_that_no_worker_raises() -> None:
    # 1,000 / 0.44 ms a second, each trace six times: 32.7 M a day.
    sweeps = [row(traces).sweeps for traces in (10_000_000, 20_000_000, 40_000_000, 0)]
    assert [use.state for use in sweeps] == ["fits", "waits at the peak", "binds", "fits"]
    assert [(use.fits_a_day, use.fits_at_peak) for use in sweeps] == [*[(32_727_272, 10_909_090)] * 3, (None, None)]
    told = list(capacity_lines(report_of(40_000_000)))
    assert told[1].startswith("40 M: sweeps: 2,272 traces listed a second BIND: 2,777.8 on average and 8,333.3 at")
    assert "more control workers do not help" in told[1]


def report_of(*volumes: int, peak: float = 3.0, **over: Any) -> CapacityReport:
    """A report of a deployment that judges a tenth."""
    basis = CapacityBasis(cases=(CASE,), costs=(COST,), row_bytes=1.0, **over)
    rows = tuple(map(CapacityTable(basis, lambda *_: 0.1, peak).row, volumes))
    return CapacityReport(peak=peak, traffic="a day", basis=basis, rows=rows)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_figure_is_cut_and_volumes_without_room_come_below(width: int) -> None:
    report = report_of(*(10_000 * 3**n for n in range(10)))
    console = Console(width=width, file=StringIO())
    with console.capture() as shown:
        for table in capacity_tables(report, console):
            console.print(table, soft_wrap=True)
    text = shown.get()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert all(short(row.traces_a_day) in text and size(row.redis_bytes) in text for row in report.rows)


def test_one_of_something_is_told_as_one() -> None:
    bounds = (EndpointBound(endpoint="default", requests_per_minute=1, concurrency=1),)
    told = " ".join(capacity_lines(report_of(N, peak=1.0, bounds=bounds)))
    assert "default: 1 request a minute BINDS:" in told
    assert "default: 1 call in flight BINDS:" in told
    assert "the busiest minutes have as many traces as all others" in told


def test_figures_of_a_volume_are_of_as_many_judgements_as_it_tells() -> None:
    few = row(8)  # 0.8 of a judgement
    assert (few.judgements_a_day, few.calls, few.tokens_in, few.record_bytes_a_day) == (1, 2, 1_000, 1_000)
    planned = CapacityTable(CapacityBasis(cases=(CASE,), costs=(COST,), row_bytes=1.0), lambda *_: 0.1, 3.0)
    assert planned.row(1_500, {("bot", "grounding"): 310.0}).judgements_a_day == 310


@pytest.mark.parametrize(
    ("count", "told"),
    [
        *((0, "0"), (999, "999"), (1_000, "1 k"), (999_600, "1 M"), (1_234_567, "1.23 M"), (None, "unknown")),
        *((10**12, "1 T"), (5 * 10**15, "5,000 T")),
    ],
)
def test_numbers_are_short(count: int | None, told: str) -> None:
    assert short(count) == told


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 B"), (999, "999 B"), (1_400, "1.4 kB"), (2 * 10**15, "2,000.0 TB"), (None, "unknown")]
)
def test_sizes_are_told(count: int | None, told: str) -> None:
    assert size(count) == told


def test_what_is_small_is_never_shown_as_nothing_nor_what_is_large_as_all() -> None:
    assert [rate(n) for n in (0.0, 0.0001, 0.0196, 0.347, 0.99, 34.72, None)] == [
        *("0", "< 0.01", "0.02", "0.35", "1.0", "34.7", "unknown")
    ]
    assert [usd(n) for n in (0.0, 0.000_12, 15.27, None)] == ["0.00", "0.000120", "15.27", "unknown"]
    shares = [percent(n) for n in (0.0, 0.000_001, 0.004, 0.2, 0.9996, 0.999_999, 1.0)]
    assert shares == ["0%", "under 0.01%", "0.4%", "20%", "99.96%", "over 99.99%", "100%"]


@pytest.mark.parametrize(
    ("text", "traces"),
    [("0", 0), ("250000", 250_000), ("250,000", 250_000), ("250k", 250_000), ("1.5 M", 1_500_000), ("1e6", 1_000_000)],
)
def test_volumes_are_read_as_people_and_tables_write_them(text: str, traces: int) -> None:
    assert parse_volume(text) == traces


@pytest.mark.parametrize("text", ["-1", "many", "", "nan", "1e13", "9e99", "2 T", "1k5"])
def test_what_is_no_volume_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--traces-a-day: .*; (write|give)"):
        parse_volume(text)
