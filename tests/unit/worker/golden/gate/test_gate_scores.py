"""A score as the primary metric: what has no score must not make a release look better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.schema import GroundingState, Outcome, Sample
from assay.worker.golden.gate.metric_tests import gate_tests
from assay.worker.golden.results.gate_result import GateResult, Pair
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import ItemResult
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GateSettings, GoldenItem, Labels, Manifest, Threshold
from assay.worker.golden.sets.target_settings import RecordedTargetSettings
from tests.unit.worker.golden.golden_sets import (
    BAD,
    IDS,
    OK,
    WrittenJudge,
    a_set,
    answers,
    compared,
    exam_of,
    frozen_set,
    item,
    rubric_named,
    run_release,
)

GROUNDED: dict[str, Any] = {"groundedness": {"at_least": 0.3}}


def gate(golden: GoldenSet, judge: WrittenJudge | None = None) -> GateResult:
    judge = judge or WrittenJudge()
    return compared(
        run_release(golden, "old", judge), run_release(golden, "new", judge), golden, exam_of(golden, judge)
    )


class Quiet(WrittenJudge):
    """Passes answers that say `silent`, with a groundedness and without a risk."""

    def _judged(self, sample: Sample) -> Outcome:
        if sample.response == "silent":
            return self._scored({"groundedness": 0.9}, GroundingState.EVIDENCE_SILENT)
        return super()._judged(sample)


def down(n: int) -> dict[str, str]:
    """Answers of which the judge judges all but n."""
    return answers() | dict.fromkeys(IDS[:n], "fail")


PRIMARIES = pytest.mark.parametrize("primary", ["pass_rate", "groundedness", "hallucination_risk"])


@PRIMARIES
def test_tolerated_missing_answers_count_against_the_candidate(tmp_path: Path, primary: str) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": down(8)}, gate={"primary": primary, "min_completed": 0.8})
    result = gate(golden)
    assert result.primary.n == 40
    assert (result.exit_code, result.primary.shown_worse) == (1, True)


@PRIMARIES
@pytest.mark.parametrize(("bad", "code"), [(0, 0), (4, 0), (5, 1)])
def test_an_answer_the_baseline_lacks_costs_the_candidate_only_where_its_own_fails(
    tmp_path: Path, primary: str, bad: int, code: int
) -> None:
    golden = a_set(tmp_path, {"old": down(8), "new": answers(bad)}, gate={"primary": primary, "min_completed": 0.8})
    result = gate(golden)
    assert (result.exit_code, result.primary.n) == (code, 40)


def test_answers_missing_on_both_sides_count_for_neither(tmp_path: Path) -> None:
    settings = {"primary": "groundedness", "min_completed": 0.8}
    result = gate(a_set(tmp_path, {"old": down(8), "new": down(8)}, gate=settings))
    assert (result.exit_code, result.primary.n, result.p_value) == (0, 32, 1.0)


@pytest.mark.parametrize(("allowed", "code"), [(False, 3), (True, 1)])
def test_uncalibrated_risk_as_the_primary_decides_nothing_unless_allowed(
    tmp_path: Path, allowed: bool, code: int
) -> None:
    settings = {"primary": "hallucination_risk", "allow_uncalibrated": allowed}
    golden = a_set(tmp_path, {"old": answers(), "new": answers(9)}, pass_when=GROUNDED, gate=settings)
    result = gate(golden, WrittenJudge(calibrated=False))
    assert result.exit_code == code
    assert ("hallucination_risk is not calibrated" in result.reasons[0]) is not allowed


def test_uncalibrated_risk_does_not_matter_to_another_primary(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, pass_when=GROUNDED, gate={"primary": "groundedness"})
    assert gate(golden, WrittenJudge(calibrated=False)).exit_code == 0


def refusing(tmp_path: Path, old: str, new: str, **settings: Any) -> GateResult:
    """Half of the items expect a refusal; how both releases answer those."""
    items = [item(name, **({"expect": "refusal"} if n < 20 else {})) for n, name in enumerate(IDS)]
    sides = {side: dict.fromkeys(IDS[:20], answer) | dict.fromkeys(IDS[20:], OK) for side, answer in
             (("old", old), ("new", new))}  # fmt: skip
    return gate(frozen_set(tmp_path / "set", items, releases=sides, gate=settings))


@pytest.mark.parametrize("primary", ["groundedness", "hallucination_risk"])
@pytest.mark.parametrize("answer", [BAD, OK, "small talk"])
def test_answering_what_should_be_refused_is_a_regression_of_the_score(
    tmp_path: Path, primary: str, answer: str
) -> None:
    result = refusing(tmp_path, "refuse", answer, primary=primary)
    assert (result.exit_code, result.primary.n) == (1, 40)


@pytest.mark.parametrize(("old", "new"), [("refuse", "refuse"), (BAD, "refuse"), (BAD, BAD)])
def test_refusing_as_expected_is_none(tmp_path: Path, old: str, new: str) -> None:
    result = refusing(tmp_path, old, new, primary="groundedness")
    assert (result.exit_code, result.primary.n) == (0, 40)


@pytest.mark.parametrize("side", ["old", "new"])
@pytest.mark.parametrize(("silent", "tolerated", "code"), [(0, 1.0, 0), (1, 1.0, 3), (1, 0.9, 0), (5, 0.9, 3)])
def test_a_score_that_one_side_lacks_is_a_gap(
    tmp_path: Path, side: str, silent: int, tolerated: float, code: int
) -> None:
    """The judge gives `silent` answers groundedness and no risk, and they pass."""
    settings = {"primary": "hallucination_risk", "min_completed": tolerated}
    releases = {"old": answers(), "new": answers()} | {side: answers() | dict.fromkeys(IDS[:silent], "silent")}
    result = gate(a_set(tmp_path, releases, pass_when=GROUNDED, gate=settings), Quiet())
    assert result.exit_code == code
    assert (f"hallucination risk of {silent} of 40 items is not known on both sides" in result.reasons[0]) is bool(code)


def test_a_score_that_neither_side_has_is_no_gap(tmp_path: Path) -> None:
    quiet = answers() | dict.fromkeys(IDS[:5], "silent")
    settings = {"primary": "hallucination_risk"}
    releases = {"old": quiet, "new": quiet}
    result = gate(a_set(tmp_path, releases, pass_when=GROUNDED, gate=settings), Quiet())
    assert (result.exit_code, result.primary.n) == (0, 35)


def test_a_baseline_whose_score_cannot_fall_is_no_baseline(tmp_path: Path) -> None:
    rotten = dict.fromkeys(IDS, "risk=1.0")
    result = gate(a_set(tmp_path, {"old": rotten | {"q0": OK}, "new": rotten}, gate={"primary": "groundedness"}))
    assert result.exit_code == 3
    assert result.reasons[0].startswith("baseline: groundedness 0.022 over 40 items, so no regression could be shown")


results = st.tuples(st.sampled_from(list(ItemStatus)), st.none() | st.floats(0, 1))


@given(st.lists(st.tuples(st.booleans(), results, results), min_size=1, max_size=12))
def test_a_ruined_candidate_never_has_a_smaller_drop(
    rows: list[tuple[bool, tuple[ItemStatus, float | None], tuple[ItemStatus, float | None]]],
) -> None:
    """Answers that fail with the worst score or with none, or do not come at all, never make the drop look smaller."""
    golden = _scored_set([refusal for refusal, _, _ in rows])
    pairs = [_pair(str(n), before, after) for n, (_, before, after) in enumerate(rows)]
    half = {item for gap in gate_tests(pairs, golden).gaps for item in gap.items}
    known = [pair for pair in pairs if not pair.both_missing and pair.id not in half]
    test = gate_tests(known, golden).primary
    for ruined in ((ItemStatus.MISSING, None), (ItemStatus.FAILED, None), (ItemStatus.FAILED, 0.0)):
        worse = gate_tests([_ruined(pair, *ruined) for pair in known], golden).primary
        if test.candidate is not None and test.n == worse.n:
            assert worse.baseline is not None
            assert test.baseline is not None
            assert worse.candidate is not None
            assert worse.baseline - worse.candidate >= test.baseline - test.candidate - 1e-12


def _scored_set(refusals: list[bool]) -> GoldenSet:
    manifest = Manifest(
        name="m",
        target=RecordedTargetSettings(kind="recorded"),
        pass_when={"groundedness": Threshold(at_least=0.5)},
        gate=GateSettings(primary="groundedness"),
        labels=Labels(by="x", licence="y"),
    )
    items = tuple(
        GoldenItem(id=str(n), question="?", expect="refusal" if refusal else "answer")
        for n, refusal in enumerate(refusals)
    )
    return GoldenSet(
        directory=Path(), manifest=manifest, rubric=rubric_named("grounding"), items=items, anchors=(), digests={}
    )


def _pair(name: str, before: tuple[ItemStatus, float | None], after: tuple[ItemStatus, float | None]) -> Pair:
    old, new = (_result(name, *side) for side in (before, after))
    return Pair(id=name, baseline=(old,), candidate=(new,))


def _ruined(pair: Pair, status: ItemStatus, score: float | None) -> Pair:
    return pair.model_copy(update={"candidate": (_result(pair.id, status, score),)})


def _result(name: str, status: ItemStatus, score: float | None) -> ItemResult:
    has_score = score is not None and status is not ItemStatus.MISSING
    return ItemResult(id=name, status=status, scores={"groundedness": score} if has_score and score is not None else {})
