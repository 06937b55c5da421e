"""Which facts traces tell: shares that lack one, from the record where it has rows, else from a look at traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from assay.judges.prices import PriceTable
from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.extraction.facts import facts_of
from assay.worker.ports.health import Check
from assay.worker.ports.history import HistoryReader
from assay.worker.records.history import HistoryQuery
from assay.worker.setup.trace_sample import TraceSample

LOOK_BACK = timedelta(days=7)
MOST_ROWS = 50_000
"""Rows of the record that are looked at."""

BEFORE_LAUNCH = "Before launch"


class Fact(NamedTuple):
    """A fact that traces should tell.

    Attributes:
        name: what it is called.
        columns: any of these tells it, by their names in `TraceFacts` and in the record.
        tolerated: share of traces that may lack it.
        needs: what is not possible without it.
        remedy: how traces come to tell it.
    """

    name: str
    columns: tuple[str, ...]
    tolerated: float
    needs: str
    remedy: str


FACTS = (
    Fact(
        "tokens",
        ("input_tokens", "output_tokens"),
        0.05,
        "cost and token jumps",
        "record gen_ai.usage.input_tokens and gen_ai.usage.output_tokens on model calls",
    ),
    Fact(
        "cost",
        ("cost_usd",),
        0.05,
        "budgets of the application",
        "record the cost, or write the model's price into prices.yaml (ASSAY_PRICES_FILE)",
    ),
    Fact(
        "prompt version",
        ("prompt_version",),
        0.2,
        "comparing prompts",
        "link the prompt and its version to the model call in your tracing SDK",
    ),
    Fact(
        "model",
        ("model_served", "model_asked"),
        0.05,
        "telling a change of model",
        "record gen_ai.request.model and gen_ai.response.model on model calls",
    ),
    Fact(
        "retrieved text",
        ("passages",),
        0.5,
        "groundedness and faithfulness",
        "record the passages as output of a retriever step; `assay doctor --fix` looks for them elsewhere",
    ),
    Fact(
        "time to first token",
        ("first_token_s",),
        0.5,
        "the objective first_token",
        "record when the first token of a streamed answer came (gen_ai.response.time_to_first_chunk)",
    ),
    Fact(
        "session",
        ("session_id",),
        0.5,
        "intervals that know which turns belong together",
        "record session.id (or gen_ai.conversation.id) on the trace",
    ),
)
FEATURE = "feature"
"""Is told too, for reviews of cost."""

COLUMNS = (*(column for fact in FACTS for column in fact.columns), FEATURE)


class Told(NamedTuple):
    """What one trace tells: its use case, and the facts by name."""

    use_case: str
    facts: frozenset[str]


async def told_by_record(reader: HistoryReader, now: datetime) -> list[Told]:
    """What traces of the last seven days tell, each counted once.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    told: dict[str, Told] = {}
    query = HistoryQuery(since=now - LOOK_BACK, until=now)
    async for block in reader.blocks(query, ("trace_id", "use_case", "state", *COLUMNS)):
        rows = zip(*(block[name] for name in ("trace_id", "use_case", "state", *COLUMNS)), strict=True)
        for trace_id, use_case, state, *values in rows:
            if state != "dead":  # what died before it was read tells nothing
                told[trace_id] = Told(use_case, _named(dict(zip(COLUMNS, values, strict=True))))
        if len(told) >= MOST_ROWS:
            break
    return list(told.values())


def told_by_traces(sample: TraceSample, paths: Mapping[str, SamplePaths], prices: PriceTable | None) -> list[Told]:
    """What the traces of a look tell.

    Args:
        sample: the traces by use case.
        paths: where the parts of a sample are, by use case.
        prices: for traces that do not say their cost.
    """
    return [
        Told(case.use_case, _named(facts_of(trace, extract(trace, paths[case.use_case]), prices).model_dump()))
        for case in sample.cases
        if case.use_case in paths
        for trace in case.traces
    ]


def fact_checks(told: list[Told], source: str) -> Iterator[Check]:
    """A check of each fact.

    Args:
        told: what traces tell.
        source: where they come from, in words, e.g. `the record, 7 days`.
    """
    if not told:
        yield Check(
            name="facts",
            group=BEFORE_LAUNCH,
            status="warn",
            message="no trace to look at",
            remedy="send traces, or take some in, and run doctor again",
        )
        return
    for fact in FACTS:
        yield _check(fact, told, source)


def _check(fact: Fact, told: list[Told], source: str) -> Check:
    lacking = sum(fact.name not in each.facts for each in told)
    by_case = dict(_by_use_case(fact, told))
    worst = max(share for share, _ in by_case.values())
    is_well = worst <= fact.tolerated
    message = f"{lacking / len(told):.0%} of {len(told):,} traces lack it ({source})"
    return Check(
        name=f"fact: {fact.name}",
        group=BEFORE_LAUNCH,
        status="ok" if is_well else "warn",
        message=message if is_well else f"{message}; needed for {fact.needs}",
        remedy="" if is_well else fact.remedy,
        lines=tuple(_lines(by_case)) if len(by_case) > 1 and not is_well else (),
        details={
            "lacking": lacking,
            "traces": len(told),
            "source": source,
            "use_cases": {name: {"lacking": share, "traces": n} for name, (share, n) in by_case.items()},
        },
    )


def _by_use_case(fact: Fact, told: Iterable[Told]) -> Iterator[tuple[str, tuple[float, int]]]:
    counts: dict[str, list[int]] = {}
    for each in told:
        own = counts.setdefault(each.use_case, [0, 0])
        own[0] += fact.name not in each.facts
        own[1] += 1
    yield from ((name, (lacking / n, n)) for name, (lacking, n) in counts.items())


def _lines(by_case: Mapping[str, tuple[float, int]]) -> Iterator[str]:
    for name, (share, n) in sorted(by_case.items(), key=lambda each: -each[1][0])[:5]:
        yield f"{name}: {share:.0%} of {n:,}"


def _named(values: Mapping[str, object]) -> frozenset[str]:
    """The facts that are told. No passage at all is no retrieved text; a cost of 0 is none."""
    told = {fact.name for fact in FACTS if any(values.get(column) for column in fact.columns)}
    return frozenset(told | ({FEATURE} if values.get(FEATURE) else set()))
