"""What answered in two weeks: models, prompts, releases by their share, which are new or gone, and costs by feature."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from assay.worker.alerts.digest.records import DigestLine
from assay.worker.alerts.wording import money_words
from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import Floats, rows_alike
from assay.worker.records.history import HistoryQuery
from assay.worker.signals.once import TRACE, EachOnce, trace_numbers
from assay.worker.signals.survey_design import DRAWN, drawn_rows
from assay.worker.signals.traffic import Bools

_NAMES = ("use_case", "model_served", "prompt_name", "prompt_version", "release", "revision", "feature")

_READ = (*TRACE, *DRAWN, "started_at", "changed_at", "judge_cost_usd", "cost_usd", "pi")

LEAST_SHARE = 0.02
"""Of a week's traces: a rarer name is no change."""

LEAST_TRACES = 5
LEAST_BEFORE = 20
"""Traces of the week before, for a name that was not among them to be new."""

COST_CHANGE = 1.25
"""A feature's cost that is so many times that of the week before, or was so many times it, is told."""

LEAST_FEATURE = 30
"""Traces of a feature with a known cost, in both weeks, for its cost to be compared."""

MOST_NAMES = 4
"""New or gone names of one kind that are told one by one."""

_KINDS = {"model": "model", "prompt": "prompt", "release": "release", "revision": "evaluator revision"}


class FeatureCost(NamedTuple):
    """What a feature's traces cost, each standing for 1/π, and how many tell it."""

    usd: float
    traces: int


class Week(NamedTuple):
    """Traces by (kind, name), of revisions the judgements; what judging took, and costs by feature.

    `traces` counts them all.
    """

    names: Mapping[tuple[str, str], int]
    traces: int
    judge_usd: float | None
    features: Mapping[str, FeatureCost]


class Weeks(NamedTuple):
    """This week and the one before, by use case."""

    now: Mapping[str, Week]
    before: Mapping[str, Week]


class _Sums(NamedTuple):
    """Of rows that agree in all of `_NAMES`. A trace counts once, however many rubrics judged it.

    Attributes:
        usd: what the traces cost, each standing for 1/π; `known` of them tell it.
    """

    judgements: int
    traces: int
    judge_usd: float
    usd: float
    known: int


class _Counting:
    """One week's sums by use case, filled block by block."""

    def __init__(self) -> None:
        self.names: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self.traces: Counter[str] = Counter()
        self.usd: dict[str, float] = defaultdict(float)
        self.features: dict[str, dict[str, FeatureCost]] = defaultdict(dict)

    def add(self, names: Sequence[Any], rows: _Sums) -> None:
        """Add rows that agree in all of `_NAMES`."""
        use_case, *others, revision, feature = names
        self.traces[use_case] += rows.traces
        if rows.traces:
            self.names[use_case].update(dict.fromkeys(_keys(*others), rows.traces))
        if revision:
            self.names[use_case]["revision", revision[:12]] += rows.judgements
        self.usd[use_case] += rows.judge_usd
        if feature:
            known = self.features[use_case].get(feature, FeatureCost(0.0, 0))
            self.features[use_case][feature] = FeatureCost(known.usd + rows.usd, known.traces + rows.known)

    def weeks(self) -> dict[str, Week]:
        """By use case."""
        return {
            name: Week(self.names[name], traces, self.usd[name], self.features[name])
            for name, traces in self.traces.items()
        }


async def read_weeks(reader: HistoryReader, query: HistoryQuery) -> Weeks:
    """What the record has of a period and the one before it.

    Raises:
        HistoryUnavailable
    """
    both = query.model_copy(update={"since": query.before().since})
    now, before = _Counting(), _Counting()
    once = EachOnce()
    async for block in reader.blocks(both, (*_NAMES, *_READ)):
        if len(block["use_case"]):
            is_now = block["started_at"].integers() >= int(query.since.timestamp() * 1_000_000)
            first = once.of(trace_numbers(block), ~np.isnan(block["cost_usd"].floats()), block["changed_at"].integers())
            _count(block, is_now, first, now)
            _count(block, ~is_now, first, before)
    return Weeks(now.weeks(), before.weeks())


def _count(block: Block, rows: Bools, first: Bools, counting: _Counting) -> None:
    """Add the chosen rows of a block: what judging took of all, what traces tell of themselves of each trace once."""
    codes, alike = rows_alike([block[name] for name in _NAMES])
    costs, drawn = block["cost_usd"].floats() / block["pi"].floats(), drawn_rows(block)

    def sums(which: Bools, values: Floats | None = None) -> list[Any]:
        weights = None if values is None else np.nan_to_num(values[which])
        numbers: list[Any] = np.bincount(codes[which], weights=weights, minlength=len(alike)).tolist()
        return numbers

    told = rows & first & drawn & ~np.isnan(costs)
    columns = (sums(rows), sums(rows & first), sums(rows, block["judge_cost_usd"].floats()), sums(told, costs))
    for names, own in zip(alike, map(_Sums._make, zip(*columns, sums(told), strict=True)), strict=True):
        if own.judgements:
            counting.add(names, own)


def _keys(model: str | None, prompt: str | None, version: str | None, release: str | None) -> Iterator[tuple[str, str]]:
    if model:
        yield "model", model
    if prompt or version:
        yield "prompt", " ".join(part for part in (prompt, version and f"version {version}") if part)
    if release:
        yield "release", release


def name_changes(now: Week | None, before: Week | None) -> Iterator[DigestLine]:
    """What is new, and what is gone."""
    if now is None or before is None or before.traces < LEAST_BEFORE or now.traces < LEAST_TRACES:
        return
    for kind, word in _KINDS.items():
        new = [(name, n) for name, n in _of(now, kind) if (kind, name) not in before.names]
        gone = [(name, n) for name, n in _of(before, kind) if (kind, name) not in now.names]
        if new:
            yield DigestLine(label=f"new {word}", text=_told(new, now.traces, "of traces"))
        if gone:
            yield DigestLine(label=f"no more {word}", text=_told(gone, before.traces, "of traces the week before"))


def feature_changes(now: Week | None, before: Week | None) -> Iterator[DigestLine]:
    """Features that cost much more, or much less, than in the week before."""
    for feature, cost in sorted((now.features if now else {}).items(), key=lambda pair: -pair[1].usd):
        then = before.features.get(feature) if before else None
        if then is None or min(cost.traces, then.traces) < LEAST_FEATURE or not then.usd or not cost.usd:
            continue
        times = cost.usd / then.usd
        if max(times, 1 / times) >= COST_CHANGE:
            told = f"{money_words(cost.usd)}, {times:.2g} times the {money_words(then.usd)} of the week before"
            text = f"{feature}: {told} (estimated from n={cost.traces:,} and {then.traces:,})"
            yield DigestLine(label="cost by feature", text=text, tone="open" if times > 1 else "")


def _of(week: Week, kind: str) -> list[tuple[str, int]]:
    """Names of a kind that are no rarity, the commonest first."""
    least = max(LEAST_TRACES, LEAST_SHARE * week.traces)
    own = [(name, n) for (each, name), n in week.names.items() if each == kind and n >= least]
    return sorted(own, key=lambda pair: (-pair[1], pair[0]))


def _told(names: list[tuple[str, int]], traces: int, of_what: str) -> str:
    told = [f"{name} ({n / traces:.0%} {of_what}, n={n:,})" for name, n in names[:MOST_NAMES]]
    more = len(names) - MOST_NAMES
    return "; ".join([*told, *([f"{more} more"] if more > 0 else [])])
