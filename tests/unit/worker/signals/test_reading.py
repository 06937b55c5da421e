"""From rows to slices: what counts where, and what must never be pooled or lost."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from assay.worker.config.use_cases import Match, Stratum, UseCase
from assay.worker.flow.selection import decide
from assay.worker.records.history import HistoryRow
from assay.worker.signals.rates import rates
from assay.worker.signals.reading import SPLITS, read_traffic
from assay.worker.signals.traffic import SliceKey, Traffic, by_day
from assay.worker.state.memory.history import memory_history
from tests.builders import make_root
from tests.unit.worker.signals.rows import START, WEEK, dead, row, traffic_of

KEY = SliceKey("bot", "grounding", "r1")
PASSED = {"scores": {"hallucination_risk": 0.05}, "pi2": 0.05, "why": "passed", "phase2": False}
ESCALATED = {"scores": {"hallucination_risk": 0.4}, "pi2": 1.0, "why": "escalated", "phase2": True}


def test_revisions_use_cases_and_rubrics_are_never_pooled() -> None:
    rows = [row("t1"), row("t2", revision="r2"), row("t3", use_case="other"), row("t4", rubric="tone")]
    slices = traffic_of(rows)
    assert {(*key[:3], traffic.n) for key, traffic in slices.items()} == {
        ("bot", "grounding", "r1", 1),
        ("bot", "grounding", "r2", 1),
        ("other", "grounding", "r1", 1),
        ("bot", "tone", "r1", 1),
    }


def test_columns_hold_what_the_rows_say() -> None:
    rows = [
        row("t1", risk=0.7, session_id="s", pi=0.1, faithfulness=0.5),
        row("t2", session_id="s"),
        row("t3", risk=None, faithfulness=None, calibrated=None, reason="refusal"),
    ]
    (traffic,) = traffic_of(rows).values()
    assert traffic.risk.tolist()[:2] == [0.7, 0.1]
    assert np.isnan(traffic.risk[2])
    assert np.isnan(traffic.faithfulness[2])
    assert traffic.pi.tolist() == [0.1, 0.5, 0.5]
    assert traffic.clusters[0] == traffic.clusters[1] != traffic.clusters[2]
    assert traffic.states == {"judged": 2, "refusal": 1}
    assert traffic.is_state("refusal").tolist() == [False, False, True]
    assert not traffic.is_state("never").any()
    assert traffic.calibrated
    assert traffic.screened is None


def test_one_risk_that_is_not_calibrated_marks_the_slice() -> None:
    (traffic,) = traffic_of([row("t1"), row("t2", calibrated=False)]).values()
    assert not traffic.calibrated
    (traffic,) = traffic_of([row("t1", risk=None, calibrated=None)]).values()
    assert not traffic.calibrated


def test_a_session_is_the_same_in_every_slice_and_no_trace_is_one_by_its_name() -> None:
    rows = [row("t1", session_id="s", release="a"), row("t2", session_id="s", release="b"), row("s", release="a")]
    slices = traffic_of(rows, by="release")
    first, second = slices[*KEY[:3], "a"].clusters, slices[*KEY[:3], "b"].clusters  # type: ignore[index]
    shared = set(first.tolist()) & set(second.tolist())
    assert len(shared) == 1
    assert len(set(first.tolist())) == 2


def test_what_was_added_for_feedback_counts_in_no_rate() -> None:
    added = {"sample": "boost", "stratum": "feedback"}
    rows = [row("t1"), row("t2", **added, risk=0.9), dead("t3", **added), row("t4", stratum="feedback")]
    (traffic,) = traffic_of(rows).values()
    assert (traffic.n, traffic.boost, traffic.unanswered.pi.size) == (2, 1, 0)


def test_a_raised_stratum_weighs_what_it_weighs_in_the_traffic() -> None:
    """All of the errors are selected, by their stratum's rate, and one in ten of the rest. A fifth are errors."""
    errors = Stratum(name="errors", when=Match(level=("ERROR",)), rate=1.0, allow_rate=True)
    case, rows = UseCase(name="bot", strata=(errors,)), []
    for number in range(4000):
        level = "ERROR" if number % 5 == 0 else "DEFAULT"
        drawn = decide(make_root(f"t{number}", level=level), case, 0.1, "assay")
        if drawn is not None:
            of_draw = {"pi": drawn.pi, "stratum": drawn.stratum, "sample": drawn.sample}
            rows.append(row(f"t{number}", risk=0.9 if level == "ERROR" else 0.1, **of_draw))
    (traffic,) = traffic_of(rows).values()
    assert traffic.n > 1000
    flagged = rates(traffic, 0.5).flagged
    assert flagged is not None
    assert flagged.value == pytest.approx(0.2, abs=0.02)
    assert flagged.low <= 0.2 <= flagged.high


def test_a_trace_counts_under_each_of_its_tags() -> None:
    rows = [row("t1", tags=("legal", "vip")), row("t2", tags=("legal",)), row("t3"), dead("t4", tags=("vip", "vip"))]
    slices = {key.value: traffic for key, traffic in traffic_of(rows, by="tag").items()}
    assert {value: traffic.n for value, traffic in slices.items()} == {None: 1, "legal": 2, "vip": 1}
    assert slices["vip"].unanswered.reasons == {"dead: age": 1}


def row_of_a_cascade(number: int, chance: random.Random) -> HistoryRow:
    """With up to three tags, scored, lost by the later tier, or ended for another reason."""
    more: dict[str, Any] = {"tags": chance.sample(["a", "b", "c"], chance.randrange(4)), "pi": chance.choice([0.1, 1])}
    if chance.random() < 0.3:
        silent = {"revision": chance.choice(["r1", "r2"]), "screening": ESCALATED}
        return dead(f"t{number}", **more, **chance.choice([{}, {"reason": "poison", "unanswered": silent}]))
    screening = chance.choice([None, PASSED, ESCALATED])
    boosted = {"sample": "boost", "stratum": "feedback"} if chance.random() < 0.1 else {}
    return row(f"t{number}", risk=chance.random(), screening=screening, **more, **boosted)


@pytest.mark.parametrize("seed", range(3))
def test_the_slice_of_a_tag_is_that_of_the_traces_which_have_it(seed: int) -> None:
    chance = random.Random(seed)
    rows = [row_of_a_cascade(number, chance) for number in range(60)]
    slices = traffic_of(rows, by="tag")
    for tag in ("a", "b", "c"):
        alone = traffic_of([known for known in rows if tag in known.tags])
        assert {key.revision for key in slices if key.value == tag} == {key.revision for key in alone}
        for key, traffic in alone.items():
            of_tag = slices[key._replace(value=tag)]
            assert len(traffic.unanswered.pi) + traffic.n > 3
            assert slices.scored[of_tag.key] == of_tag.n
            for name, expected in columns_of(traffic).items():
                np.testing.assert_array_equal(columns_of(of_tag)[name], expected, err_msg=name)


def columns_of(traffic: Traffic) -> dict[str, Any]:
    """All that a slice holds but its key, with names in place of their codes."""
    told = {name: value for name, value in vars(traffic).items() if name not in {"key", "screened", "unanswered"}}
    told["states"] = np.array(told.pop("state_names"))[told.pop("state_codes")]
    silent = {f"unanswered {name}": value for name, value in vars(traffic.unanswered).items()}
    silent["reasons"] = np.array(silent.pop("unanswered reason_names"))[silent.pop("unanswered reason_codes")]
    screened = {f"screened {name}": value for name, value in vars(traffic.screened).items()} if traffic.screened else {}
    return {**told, **silent, **screened}


def test_a_slice_that_is_not_there_is_told_by_its_key() -> None:
    slices = traffic_of([row("t1", tags=("a", "b"))], by="tag")
    assert KEY not in slices
    with pytest.raises(KeyError):
        slices[KEY]


def test_the_model_that_served_comes_before_the_one_that_was_asked() -> None:
    rows = [row("t1", model_asked="m", model_served="m-2026"), row("t2", model_asked="m"), row("t3")]
    assert {key.value for key in traffic_of(rows, by="model")} == {"m-2026", "m", None}


@pytest.mark.parametrize("by", SPLITS)
def test_every_split_keeps_every_trace(by: str) -> None:
    slices = traffic_of([row("t1"), row("t2", release="a", tags=("b",)), dead("t3")], by=by)
    assert sum(traffic.n for traffic in slices.values()) == 2
    assert sum(traffic.unanswered.pi.size for traffic in slices.values()) == 1


def test_it_cannot_be_split_by_what_is_no_fact() -> None:
    history = memory_history()
    with pytest.raises(ValueError, match="choose one of prompt_version"):
        asyncio.run(read_traffic(history.reader, WEEK, by="colour"))
    assert asyncio.run(read_traffic(history.reader, WEEK)) == {}


# --- what got no verdict -------------------------------------------------------------------------------------------


def test_unanswered_traces_go_where_the_same_versions_judged() -> None:
    later = START + timedelta(days=3)
    rows = [
        row("t1", revision="r1", rubric_hash="a"),
        row("t2", revision="r2", rubric_hash="b", changed_at=later),
        dead("t3", rubric_hash="a"),
        dead("t4", rubric_hash="c"),
        dead("t5", state="skipped", reason="too_long", rubric_hash="b"),
        dead("t6", state="skipped", reason="no_response"),
    ]
    slices = traffic_of(rows)
    assert slices[KEY].unanswered.reasons == {"dead: age": 1}
    assert slices[KEY._replace(revision="r2")].unanswered.reasons == {"dead: age": 1, "skipped: too_long": 1}


def test_where_nothing_was_scored_the_unanswered_are_still_told() -> None:
    slices = traffic_of([dead("t1", use_case="broken"), row("t2")])
    lost = slices[SliceKey("broken", "grounding", "")]
    assert (lost.n, lost.unanswered.pi.tolist()) == (0, [0.5])


def test_unanswered_ones_stay_with_their_value() -> None:
    rows = [row("t1", release="a"), row("t2", release="b"), dead("t3", release="b")]
    slices = {key.value: traffic for key, traffic in traffic_of(rows, by="release").items()}
    assert slices["a"].unanswered.pi.size == 0
    assert slices["b"].unanswered.pi.size == 1


# --- cascades ------------------------------------------------------------------------------------------------------


def test_a_cascade_keeps_its_first_phase_and_those_it_lost() -> None:
    lost = {"revision": "r1", "screening": {**ESCALATED, "phase2": False}}
    rows = [
        row("t1", risk=0.05, screening=PASSED, session_id="s"),
        row("t2", risk=0.9, screening=ESCALATED, session_id="s"),
        dead("t3", unanswered=lost, pi=0.25),
        dead("t4", unanswered={**lost, "revision": "r9"}),
    ]
    (traffic,) = traffic_of(rows).values()
    screened = traffic.screened
    assert screened is not None
    assert screened.first.tolist() == [0.05, 0.4, 0.4]
    assert screened.seen.tolist() == [False, True, False]
    assert screened.chosen.tolist() == [False, True, True]
    assert screened.final[1] == 0.9
    assert screened.pi.tolist() == [0.5, 0.5, 0.25]
    assert screened.pi2.tolist() == [0.05, 1.0, 1.0]
    assert screened.clusters[0] == screened.clusters[1]
    assert traffic.unanswered.pi.size == 2


# --- days ----------------------------------------------------------------------------------------------------------


def test_the_days_of_a_slice_add_up_to_it() -> None:
    moments = [START + timedelta(hours=hours) for hours in (0, 23.9, 24, 100)]
    rows = [row(f"t{k}", started_at=at, screening=PASSED if k < 2 else None) for k, at in enumerate(moments)]
    (traffic,) = traffic_of([*rows, dead("t9", started_at=moments[3])]).values()
    days = by_day(traffic)
    first = START.toordinal()
    assert {day - first: (part.n, part.unanswered.pi.size) for day, part in days.items()} == {
        0: (2, 0),
        1: (1, 0),
        4: (1, 1),
    }
    screened = days[first].screened
    assert screened is not None
    assert screened.pi.size == 2
    assert days[first + 1].screened is None


def test_the_calibration_that_judged_last_is_named() -> None:
    rows = [row("t1", calibration_hash="old"), row("t2", calibration_hash="new", changed_at=START + timedelta(days=1))]
    (traffic,) = traffic_of(rows).values()
    assert traffic.calibration == "new"
