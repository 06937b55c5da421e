"""The table of verdicts: what decides first, for every combination of what can be seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.golden.results.gate_result import EXIT_CODES, GateVerdict
from assay.worker.reporting.compare.shares import ShareKind
from assay.worker.reporting.compare.verdict import (
    LEAST_COMPARED,
    CompareRules,
    Grounds,
    Reason,
    overall,
    row_verdict,
)

P_VALUES = st.floats(0.0, 1.0)
SIZES = st.one_of(st.none(), st.floats(0.0, 1.0))
GAPS = (Reason.TOO_FEW, Reason.NOT_JUDGED, Reason.OTHER_REVISIONS, Reason.NO_RATE)
GROUNDS = st.builds(Grounds, p_value=P_VALUES, at_worst=st.floats(-1.0, 1.0), visible=SIZES)
RULES = st.builds(
    CompareRules,
    alpha=st.floats(0.001, 0.2),
    must_see=st.floats(0.01, 0.5),
    margin=st.one_of(st.none(), st.floats(0.001, 0.5)),
)
VERDICTS = st.lists(st.sampled_from(GateVerdict), max_size=6)


@given(grounds=GROUNDS, rules=RULES, gap=st.sampled_from(GAPS))
def test_what_was_not_compared_neither_passes_nor_blocks(grounds: Grounds, rules: CompareRules, gap: Reason) -> None:
    verdict = row_verdict(grounds.model_copy(update={"gap": gap}), rules)
    assert verdict == (GateVerdict.INCONCLUSIVE, gap)


@given(grounds=GROUNDS, rules=RULES)
def test_only_a_proven_worsening_blocks(grounds: Grounds, rules: CompareRules) -> None:
    verdict, reason = row_verdict(grounds, rules)
    if verdict is GateVerdict.REGRESSED:
        assert grounds.p_value <= rules.alpha
        assert reason is Reason.SHOWN_WORSE
    elif rules.margin is None:
        assert grounds.p_value > rules.alpha


@given(grounds=GROUNDS, rules=RULES)
def test_nothing_passes_that_could_not_have_been_seen(grounds: Grounds, rules: CompareRules) -> None:
    verdict, _ = row_verdict(grounds, rules)
    if verdict is GateVerdict.PASS and rules.margin is None:
        assert grounds.visible is not None
        assert grounds.visible <= rules.must_see
    if verdict is GateVerdict.PASS and rules.margin is not None:
        assert grounds.at_worst < rules.margin


@given(
    grounds=GROUNDS,
    rules=RULES,
    risen=st.lists(st.sampled_from(ShareKind)),
    hides=st.booleans(),
    compared=st.floats(0.0, 1.0),
)
def test_nothing_passes_that_tells_of_too_little(
    grounds: Grounds, rules: CompareRules, risen: list[ShareKind], hides: bool, compared: float
) -> None:
    more = grounds.model_copy(update={"risen": tuple(risen), "hides": hides, "compared": compared})
    (by_rate, _), (verdict, reason) = row_verdict(grounds, rules), row_verdict(more, rules)
    if by_rate is GateVerdict.REGRESSED or ShareKind.EMPTY in risen:
        assert verdict is GateVerdict.REGRESSED
    elif by_rate is GateVerdict.PASS and (risen or hides or compared < LEAST_COMPARED):
        assert (verdict, reason) == (GateVerdict.INCONCLUSIVE, reason)
        assert reason is not row_verdict(grounds, rules)[1]
    else:
        assert verdict is by_rate


@given(grounds=GROUNDS, rules=RULES, other=P_VALUES)
def test_more_evidence_against_b_never_makes_it_better(grounds: Grounds, rules: CompareRules, other: float) -> None:
    rank = {GateVerdict.PASS: 0, GateVerdict.INCONCLUSIVE: 1, GateVerdict.REGRESSED: 2}
    weak, strong = sorted((grounds.p_value, other), reverse=True)
    verdicts = [row_verdict(grounds.model_copy(update={"p_value": p}), rules)[0] for p in (weak, strong)]
    assert rank[verdicts[0]] <= rank[verdicts[1]]


@pytest.mark.parametrize(
    ("over", "margin", "expected"),
    [
        ({"p_value": 0.05, "visible": 0.04}, None, (GateVerdict.REGRESSED, Reason.SHOWN_WORSE)),
        ({"p_value": 0.0501, "visible": 0.1}, None, (GateVerdict.PASS, Reason.NOT_SHOWN_WORSE)),
        ({"p_value": 0.9, "visible": 0.11}, None, (GateVerdict.INCONCLUSIVE, Reason.BLIND)),
        ({"p_value": 0.9, "visible": None}, None, (GateVerdict.INCONCLUSIVE, Reason.BLIND)),
        ({"p_value": 0.01, "visible": None}, None, (GateVerdict.REGRESSED, Reason.SHOWN_WORSE)),
        ({"p_value": 0.01, "at_worst": 0.019}, 0.02, (GateVerdict.PASS, Reason.SHOWN_NO_WORSE)),
        ({"p_value": 0.01, "at_worst": 0.02}, 0.02, (GateVerdict.REGRESSED, Reason.SHOWN_WORSE)),
        ({"p_value": 0.3, "at_worst": 0.02}, 0.02, (GateVerdict.INCONCLUSIVE, Reason.NOT_SHOWN_NO_WORSE)),
    ],
)
def test_the_table(over: dict[str, float], margin: float | None, expected: tuple[GateVerdict, Reason]) -> None:
    assert row_verdict(Grounds.model_validate(over), CompareRules(margin=margin)) == expected


@given(verdicts=VERDICTS)
def test_the_worst_row_counts(verdicts: list[GateVerdict]) -> None:
    worst = overall(verdicts)
    assert (worst is GateVerdict.REGRESSED) == (GateVerdict.REGRESSED in verdicts)
    assert (worst is GateVerdict.PASS) == (bool(verdicts) and set(verdicts) == {GateVerdict.PASS})
    assert worst is overall(reversed(verdicts))


def test_pipelines_are_told_by_the_gates_codes() -> None:
    assert [EXIT_CODES[overall([verdict])] for verdict in GateVerdict] == [0, 1, 3]
    assert EXIT_CODES[overall([])] == 3
