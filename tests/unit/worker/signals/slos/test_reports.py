"""From the record to what is told: windows, budgets, revisions, rubrics, cascades."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import jsonschema
import numpy as np
import pytest

from assay.worker.config.deployment import Deployment
from assay.worker.records.history import HistoryRow
from assay.worker.signals.estimators import flagged_rate
from assay.worker.signals.slos.attainment import BURN_ALPHA
from assay.worker.signals.slos.reading import read_slo_report
from assay.worker.signals.slos.records import SloReport, slo_schema
from assay.worker.state.memory.history import memory_history
from assay.worker.statistics.alarms import exact_lower_bound
from tests.unit.worker.signals.rows import START, row, traffic_of
from tests.unit.worker.signals.slos.slo_rows import (
    NOW,
    attained_in,
    case_of,
    goodput_in,
    lost,
    objectives_in,
    report_of,
    share_in,
    trace,
)


def test_burn_and_budget_are_those_of_their_windows() -> None:
    """10 % wrong in a month are twice what may be; an hour that is all wrong burns twenty times as fast."""
    rows = [trace(f"old{k}", ago=timedelta(days=9), risk=0.9 if k < 8 else 0.05) for k in range(98)]
    rows += [trace(f"new{k}", ago=timedelta(minutes=30), risk=0.9) for k in range(2)]
    case = case_of(rows)
    quality = objectives_in(case)["quality"]
    burns = {name: window.burn.value for name, window in quality.windows.items() if window.burn}
    assert burns == {
        "1h": pytest.approx(20),
        "6h": pytest.approx(20),
        "24h": pytest.approx(20),
        "3d": pytest.approx(20),
        "30d": pytest.approx(2),
    }
    assert quality.budget_left is not None
    assert quality.budget_left.value == pytest.approx(-1)
    assert quality.budget_left.low < -1 < quality.budget_left.high


def test_a_burn_rates_lower_bound_is_exact_and_holds_a_minimum_n_of_its_own() -> None:
    rows = [trace(f"t{k}", ago=timedelta(minutes=30), risk=0.9 if k < 3 else 0.05) for k in range(10)]
    burn = attained_in(case_of(rows), "quality", "1h").burn
    assert burn is not None
    assert burn.value == pytest.approx(6)
    assert burn.low == pytest.approx(exact_lower_bound(3, 10, BURN_ALPHA) / 0.05, rel=1e-6)
    assert burn.low < 1


def test_a_single_session_says_next_to_nothing() -> None:
    rows = [trace(f"t{k}", session_id="s", risk=0.9) for k in range(50)]
    quality = attained_in(case_of(rows), "quality")
    assert quality.good is not None
    assert quality.burn is not None
    assert quality.good.high > 0.7
    assert quality.burn.low < 1


def test_what_another_revision_judged_is_in_no_share_of_quality() -> None:
    """Its latency counts as any other's."""
    rows = [trace(f"a{k}", ago=timedelta(days=5), revision="r1", risk=0.9, duration_s=9.0) for k in range(4)]
    rows += [lost("gone", ago=timedelta(days=5))]
    rows += [trace(f"b{k}", revision="r2") for k in range(4)]
    case = case_of(rows)
    assert (case.other_revisions, case.revisions) == (5, {"grounding": "r2"})
    assert (attained_in(case, "quality").n, share_in(case, "quality"), attained_in(case, "quality").known) == (4, 1, 1)
    assert share_in(case, "latency") == pytest.approx(5 / 9)
    assert goodput_in(case)[0].n == 4


def test_of_several_rubrics_the_worst_word_counts_and_a_trace_counts_once() -> None:
    rows = [trace(f"t{k}") for k in range(4)]
    rows += [trace(f"t{k}", rubric="injection", revision="i1", risk=0.9 if k == 0 else None) for k in range(4)]
    rows += [lost("t4", duration_s=None), trace("t4", rubric="injection", revision="i1", risk=None)]
    case = case_of(rows)
    assert (case.traces, attained_in(case, "quality").n, share_in(case, "quality")) == (5, 4, 0.75)
    assert attained_in(case, "latency").n == 5


def test_a_use_case_without_a_trace_has_objectives_and_no_share() -> None:
    case = case_of([])
    assert case.traces == 0
    assert case.goodput == {}
    assert {each.note for each in case.objectives} == {"no trace was selected"}
    assert all(each.budget_left is None for each in case.objectives)


def test_a_period_of_its_own_is_a_window_of_its_own() -> None:
    rows = [trace("a"), trace("b", ago=timedelta(days=8), risk=0.9)]
    report = report_of(rows, days=7)
    (case,) = report.use_cases
    assert (report.period, report.until - report.since) == ("7d", timedelta(days=7))
    assert share_in(case, "quality", "7d") == 1.0
    short = report_of(rows, days=1)
    assert (short.period, short.use_cases[0].traces) == ("1d", 1)
    assert share_in(short.use_cases[0], "quality", "3d") == 1.0


def test_the_data_meets_its_schema_and_carries_its_version() -> None:
    data = report_of([trace("a"), trace("b", risk=0.9), lost("c")]).model_dump(mode="json")
    jsonschema.validate(data, slo_schema())
    assert data["schema"] == 1


def cascade(n: int, seed: int) -> list[HistoryRow]:
    """A screen flags a fifth wrongly; what it is sure of goes on one time in ten."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(n):
        first = float(rng.choice([0.05, 0.4, 0.9], p=[0.7, 0.1, 0.2]))
        final = 0.9 if rng.random() < {0.05: 0.05, 0.4: 0.5, 0.9: 0.5}[first] else 0.05
        must = first == 0.4
        goes_on = must or rng.random() < 0.1
        screening: dict[str, Any] = {
            "scores": {"hallucination_risk": first},
            "pi2": 1.0 if must else 0.1,
            "why": "escalated" if must else "audited" if goes_on else "passed",
            "phase2": goes_on,
        }
        start = START + timedelta(hours=k % 160)
        rows.append(
            row(f"t{k}", started_at=start, risk=final if goes_on else first, screening=screening, pi2=screening["pi2"])
        )
    return rows


def test_what_a_cascade_passed_is_corrected_by_its_audit() -> None:
    """The share of good answers is one less the flagged share that a report tells, which holds the audit's findings."""
    rows = cascade(4000, 3)
    case = case_of(rows)
    (traffic,) = traffic_of(rows).values()
    flagged = flagged_rate(traffic, 0.15, "behind")
    assert flagged is not None
    published = np.mean([each.risk is not None and each.risk >= 0.15 for each in rows])
    truth = 0.7 * 0.05 + 0.1 * 0.5 + 0.2 * 0.5
    good = attained_in(case, "quality").good
    assert good is not None
    assert good.value == pytest.approx(1 - flagged.value, abs=1e-9)
    assert good.low < 1 - truth < good.high
    assert abs(published - truth) > 0.05
    _, goodput = goodput_in(case, "30d")
    assert goodput <= good.value + 1e-9


def test_the_report_ends_now() -> None:
    rows = [trace("a"), trace("later", ago=-timedelta(minutes=30))]
    assert report_of(rows).until == NOW
    assert report_of(rows).use_cases[0].traces == 2


def test_use_cases_tell_together_what_each_tells_alone() -> None:
    """Several are read in the order of time with all others, one by its own index."""
    names = ("bot", "desk", "mail")
    given = Deployment.model_validate({"use_cases": [{"name": name} for name in names], "slos": {"profile": "rag"}})
    draw = random.Random(7)
    rows = [
        trace(
            f"t{number % 140}",
            ago=timedelta(minutes=1 + number * 3),
            use_case=draw.choice([*names, "unknown"]),
            rubric=draw.choice(["grounding", "tone"]),
            session_id=f"s{draw.randrange(40)}",
            risk=draw.choice([None, 0.05, 0.9]),
            pi=draw.choice([0.1, 0.5, 1.0]),
            duration_s=draw.choice([None, 1.0, 90.0]),
        )
        for number in range(400)
    ]

    async def told(*of: str) -> SloReport:
        history = memory_history()
        await history.writer.write(rows)
        return await read_slo_report(history.reader, given, of, NOW, timedelta(days=30))

    together = asyncio.run(told(*names))
    assert min(case.traces for case in together.use_cases) > 20
    for case in together.use_cases:
        assert asyncio.run(told(case.use_case)).use_cases == [case]
