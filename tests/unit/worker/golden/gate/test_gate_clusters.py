"""The gate counts clusters: items that share a source are summed before every test."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.golden.gate.detectable_effect import detectable_effect
from assay.worker.golden.report.html.page import gate_page
from assay.worker.golden.report.json_report import gate_json
from assay.worker.golden.report.junit import gate_junit
from assay.worker.golden.report.markdown import gate_markdown
from assay.worker.golden.report.terminal import print_gate
from assay.worker.golden.report.wording.effects import effect_words
from assay.worker.golden.results.gate_result import GateResult, GateVerdict, Pair
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult
from assay.worker.golden.runs.baseline_approval import approve_baseline
from assay.worker.golden.sets.files import GoldenSetError, digest_of
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import freeze, load_golden_set
from assay.worker.statistics.paired import mcnemar_exact
from tests.unit.worker.golden.golden_sets import (
    BAD,
    IDS,
    OK,
    answers,
    compared,
    exam_of,
    frozen_set,
    item,
    rubric_named,
    run_confirmed,
    run_release,
    write_set,
)


def clustered(tmp_path: Path, new: dict[str, str], *, size: int = 4, **rest: Any) -> GoldenSet:
    """Forty items in sources of this size, a baseline in which all pass, and a release."""
    items = [item(name, source_id=f"s{n // size}", tags=[f"doc-{n // size}", "all"]) for n, name in enumerate(IDS)]
    return frozen_set(tmp_path / "gate-v1", items, releases={"old": answers(), "new": new}, **rest)


def gate(golden: GoldenSet, repeats: int = 1) -> GateResult:
    old, new = run_release(golden, "old", repeats=repeats), run_release(golden, "new", repeats=repeats)
    return compared(old, new, golden, exam_of(golden))


def bad(*numbers: int) -> dict[str, str]:
    """Answers of which those to these items are hallucinated."""
    return answers() | {IDS[number]: BAD for number in numbers}


def test_items_of_one_source_count_once_however_many_they_are(tmp_path: Path) -> None:
    """Seven items of two conversations: McNemar would say p = 0.008, two clusters say p = 0.25."""
    result = gate(clustered(tmp_path, bad(*range(7))))
    assert (result.worse, result.better, result.n) == (7, 0, 40)
    assert (result.clusters, result.clusters_worse, result.clusters_better) == (10, 2, 0)
    assert result.p_value == pytest.approx(0.25)
    assert mcnemar_exact(7, 0) < 0.05
    assert result.verdict is GateVerdict.PASS


def test_items_of_five_sources_block_as_five_items_do(tmp_path: Path) -> None:
    result = gate(clustered(tmp_path, bad(0, 4, 8, 12, 16)))
    assert result.p_value == pytest.approx(1 / 32)
    assert result.verdict is GateVerdict.REGRESSED
    assert "exact sign-flip over 10 clusters" in result.reasons[0]


def test_losses_and_gains_within_one_source_cancel(tmp_path: Path) -> None:
    items = [item(name, source_id=f"s{n // 4}") for n, name in enumerate(IDS)]
    old, new = answers() | {IDS[0]: BAD}, answers() | {IDS[1]: BAD}
    golden = frozen_set(tmp_path / "gate-v1", items, releases={"old": old, "new": new})
    result = gate(golden)
    assert (result.worse, result.better, result.clusters_worse, result.clusters_better) == (1, 1, 0, 0)
    assert result.p_value == 1


@pytest.mark.parametrize(
    ("cluster_by", "clusters"), [("source_id", 10), ("item", 40), ("tag:doc-", 10), ("tag:all", 1)]
)
def test_the_manifest_says_what_belongs_together(tmp_path: Path, cluster_by: str, clusters: int) -> None:
    golden = clustered(tmp_path, bad(0, 1, 2, 3, 4), gate={"cluster_by": cluster_by})
    result = gate(golden)
    assert (result.clusters, result.cluster_by) == (clusters, cluster_by)
    if cluster_by == "item":
        assert result.p_value == mcnemar_exact(5, 0)
        assert "exact McNemar" in result.reasons[0]
        rate = result.candidate_pass_rate
        assert rate is not None
        assert rate.n_clusters is None


def test_items_without_a_source_stand_alone_beside_those_with_one(tmp_path: Path) -> None:
    items = [item(name, **({"source_id": "s"} if n < 10 else {})) for n, name in enumerate(IDS)]
    golden = frozen_set(tmp_path / "gate-v1", items, releases={"old": answers(), "new": bad(*range(10), 20, 21)})
    result = gate(golden)
    assert (result.clusters, result.clusters_worse) == (31, 3)
    assert result.p_value == pytest.approx(1 / 8)


def test_a_source_called_like_an_item_is_not_that_item(tmp_path: Path) -> None:
    items = [item(name, **({"source_id": IDS[39]} if n < 2 else {})) for n, name in enumerate(IDS)]
    golden = frozen_set(tmp_path / "gate-v1", items, releases={"old": answers(), "new": answers()})
    assert gate(golden).clusters == 39


@pytest.mark.parametrize(
    ("cluster_by", "words"),
    [
        ("tag:nothing-", "no item has a tag that begins with 'nothing-'"),
        ("tag:", "gate.cluster_by"),
        (
            "conversation",
            "'conversation' is no way to put items together; write one of: source_id, item",
        ),
        ("source", "did you mean 'source_id'"),
        ("items", "did you mean 'item'"),
    ],
)
def test_a_setting_that_names_nothing_is_an_input_error(tmp_path: Path, cluster_by: str, words: str) -> None:
    write_set(tmp_path / "gate-v1", [item("a", tags=["doc-1"])], gate={"cluster_by": cluster_by})
    with pytest.raises(GoldenSetError, match=words):
        read_golden_set(tmp_path / "gate-v1", rubric_named)


def test_an_item_in_two_clusters_is_an_input_error(tmp_path: Path) -> None:
    write_set(tmp_path / "gate-v1", [item("a", tags=["doc-1", "doc-2"])], gate={"cluster_by": "tag:doc-"})
    with pytest.raises(GoldenSetError, match="item 'a' has doc-1, doc-2"):
        read_golden_set(tmp_path / "gate-v1", rubric_named)


def frozen_before(golden: GoldenSet) -> Path:
    """The set's directory with the lock as it was written before there was `cluster_by`."""
    path = golden.directory / "golden.lock"
    lock = yaml.safe_load(path.read_text(encoding="utf-8"))
    lock["settings"]["gate"].pop("cluster_by", None)
    lock["digests"]["gate"] = digest_of(lock["settings"]["gate"])
    path.write_text(yaml.safe_dump(lock), encoding="utf-8")
    return golden.directory


def test_a_set_that_was_frozen_before_its_sources_were_summed_is_not_as_frozen(tmp_path: Path) -> None:
    directory = frozen_before(clustered(tmp_path, answers()))
    with pytest.raises(GoldenSetError, match=r"items of one source are now summed .*cluster_by: item.*freeze gate-v1"):
        load_golden_set(directory, rubric_named)
    freeze(read_golden_set(directory, rubric_named))
    assert load_golden_set(directory, rubric_named).manifest.gate.cluster_by == "source_id"


def test_the_old_test_can_be_kept_and_the_new_lock_says_so(tmp_path: Path) -> None:
    directory = frozen_before(clustered(tmp_path, answers()))
    path = directory / "manifest.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "gate: {cluster_by: item}\n", encoding="utf-8")
    with pytest.raises(GoldenSetError, match="cluster_by: unset → item"):
        load_golden_set(directory, rubric_named)
    freeze(read_golden_set(directory, rubric_named))
    assert "cluster_by: item" in (directory / "golden.lock").read_text(encoding="utf-8")
    load_golden_set(directory, rubric_named)


def test_other_changes_beside_it_are_still_a_persons(tmp_path: Path) -> None:
    directory = frozen_before(clustered(tmp_path, answers()))
    path = directory / "manifest.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "gate: {alpha: 0.01}\n", encoding="utf-8")
    with pytest.raises(GoldenSetError, match="gate changed since the set was frozen; undo it") as refused:
        load_golden_set(directory, rubric_named)
    assert "are now summed" not in str(refused.value)


def test_a_set_whose_items_stand_alone_is_still_as_frozen(tmp_path: Path) -> None:
    golden = clustered(tmp_path, answers(), size=1)
    assert "cluster_by" not in (golden.directory / "golden.lock").read_text(encoding="utf-8")


def test_a_packaged_rubric_that_a_new_version_changed_is_told_as_such(tmp_path: Path) -> None:
    golden = clustered(tmp_path, answers())

    def newer(name: str) -> Rubric:
        return parse_rubric(f"name: {name}\nrisk_labels: {{high: 0.9}}", source=name)

    with pytest.raises(GoldenSetError, match=r"packaged rubric 'grounding' changed with Assay's version.*freeze"):
        load_golden_set(golden.directory, newer, lambda _: True)
    with pytest.raises(GoldenSetError, match="rubric changed since the set was frozen; undo it"):
        load_golden_set(golden.directory, newer, lambda _: False)


# --- too few clusters ---------------------------------------------------------------------------------------------


def test_too_few_clusters_are_inconclusive_and_never_a_pass(tmp_path: Path) -> None:
    golden = clustered(tmp_path, answers(), size=14)
    result = gate(golden)
    assert (result.verdict, result.exit_code) == (GateVerdict.INCONCLUSIVE, 3)
    assert "40 items in 3 clusters (source_id) are too few to show a regression" in result.reasons[0]
    assert "p would be 0.125 > 0.05" in result.reasons[0]
    assert "five clusters are the fewest" in result.next_steps[0]


def test_even_a_release_that_fails_everything_cannot_be_blocked_by_three_clusters(tmp_path: Path) -> None:
    assert gate(clustered(tmp_path, dict.fromkeys(IDS, BAD), size=14)).exit_code == 3


def test_a_must_pass_item_blocks_whatever_the_clusters(tmp_path: Path) -> None:
    golden = clustered(tmp_path, bad(0), size=14, gate={"must_pass": ["q0"]})
    old, new = run_release(golden, "old"), run_confirmed(golden, "new")
    assert compared(old, new, golden, exam_of(golden)).verdict is GateVerdict.REGRESSED


def test_clusters_in_which_nothing_passed_before_cannot_get_worse(tmp_path: Path) -> None:
    """Six clusters, of which only four have something to lose."""
    items = [item(name, source_id=f"s{n // 7}") for n, name in enumerate(IDS)]
    old = {name: (OK if n < 28 else BAD) for n, name in enumerate(IDS)}
    golden = frozen_set(tmp_path / "gate-v1", items, releases={"old": old, "new": old})
    result = gate(golden)
    assert result.clusters == 6
    assert result.exit_code == 3
    assert "p would be 0.0625" in result.reasons[0]


# --- repeats, secondaries, non-inferiority ------------------------------------------------------------------------


def test_with_repeats_the_passes_lost_are_summed_by_cluster(tmp_path: Path) -> None:
    result = gate(clustered(tmp_path, bad(*range(8))), repeats=3)
    assert result.p_value == pytest.approx(0.25)
    assert result.primary.test == "exact sign-flip over 10 clusters"


def test_secondaries_are_summed_too_and_corrected_over_all(tmp_path: Path) -> None:
    """All answers of two conversations have a higher risk, and still pass."""
    result = gate(clustered(tmp_path, answers() | {IDS[n]: "risk=0.4" for n in range(8)}))
    risk = next(test for test in result.secondaries if test.metric == "hallucination_risk")
    assert (risk.n, risk.clusters) == (40, 10)
    assert risk.p_value == pytest.approx(0.25)
    assert not risk.shown_worse
    assert risk.adjusted_p is not None
    assert risk.adjusted_p >= 0.25
    everywhere = gate(clustered(tmp_path / "all", dict.fromkeys(IDS, "risk=0.4")))
    shown = [test.metric for test in everywhere.secondaries if test.shown_worse]
    assert shown == ["groundedness", "hallucination_risk"]


@pytest.mark.parametrize("size", [1, 4])
def test_a_score_as_primary_is_summed_by_cluster(tmp_path: Path, size: int) -> None:
    shaken = answers() | {IDS[n]: "risk=0.4" for n in range(8)}
    result = gate(clustered(tmp_path, shaken, size=size, gate={"primary": "groundedness"}))
    assert result.primary.p_value == pytest.approx(0.5 ** (8 // size))
    assert result.verdict is (GateVerdict.REGRESSED if size == 1 else GateVerdict.PASS)


def test_a_margin_is_held_against_an_interval_of_clusters(tmp_path: Path) -> None:
    wide = {"mode": "non_inferiority", "margin": 0.1}
    alone = gate(clustered(tmp_path / "a", answers(), size=1, gate=wide))
    four = gate(clustered(tmp_path / "b", answers(), size=4, gate=wide))
    assert alone.verdict is GateVerdict.PASS
    assert (four.verdict, four.exit_code) == (GateVerdict.INCONCLUSIVE, 3)
    assert alone.primary.drop_interval is not None
    assert four.primary.drop_interval is not None
    assert four.primary.drop_interval.high == pytest.approx(0.213, abs=0.001)
    assert four.primary.drop_interval.high > 3 * alone.primary.drop_interval.high


def test_what_an_unchanged_release_can_show_is_told_by_clusters(tmp_path: Path) -> None:
    wide = {"mode": "non_inferiority", "margin": 0.25}
    alone = clustered(tmp_path / "a", answers(), size=1, gate=wide)
    four = clustered(tmp_path / "b", answers(), size=4, gate=wide)
    effects = [detectable_effect(golden, repeats=1) for golden in (alone, four)]
    assert [(effect.n, effect.clusters) for effect in effects] == [(40, 40), (40, 10)]
    chances = [int(re.findall(r"probability of (\d+)%", effect_words(effect))[0]) for effect in effects]
    assert chances[0] > chances[1] > 0


# --- property -----------------------------------------------------------------------------------------------------


def result_of(name: str, status: ItemStatus) -> ItemResult:
    return ItemResult(id=name, status=status)


@given(
    st.lists(
        st.tuples(st.sampled_from(list(ItemStatus)), st.sampled_from(list(ItemStatus)), st.integers(0, 4)),
        min_size=1,
        max_size=30,
    )
)
@settings(deadline=None)
def test_a_pair_without_a_cluster_is_its_own(rows: list[tuple[ItemStatus, ItemStatus, int]]) -> None:
    pairs = [
        Pair(id=f"q{n}", baseline=(result_of(f"q{n}", old),), candidate=(result_of(f"q{n}", new),))
        for n, (old, new, _) in enumerate(rows)
    ]
    assert len({pair.cluster_key for pair in pairs}) == len(pairs)


# --- what reports say ---------------------------------------------------------------------------------------------


def terminal(result: GateResult) -> str:
    console = Console(width=100, file=io.StringIO(), record=True)
    print_gate(result, console)
    return " ".join(console.export_text().split())


def test_every_report_says_how_many_clusters_carry_the_result(tmp_path: Path) -> None:
    result = gate(clustered(tmp_path, bad(*range(8))))
    words = "40 items in 10 clusters (source_id), each summed before the tests: 2 clusters worse, 0 better"
    assert words in terminal(result)
    assert "40 items in 10 clusters" in gate_markdown(result)
    assert "| 40 in 10 |" in gate_markdown(result)
    assert "of 40 items in 10 clusters; 2 clusters worse, 0 better" in gate_page(result)
    (out,) = [suite.findtext("system-out") or "" for suite in ElementTree.fromstring(gate_junit(result))][:1]
    assert words in out
    data = json.loads(gate_json(result))
    assert (data["schema"], data["clusters"], data["clusters_worse"]) == (3, 10, 2)
    assert data["primary"]["clusters"] == 10


def test_a_set_of_items_that_stand_alone_says_nothing_of_clusters(tmp_path: Path) -> None:
    items = [item(name) for name in IDS]
    golden = frozen_set(tmp_path / "gate-v1", items, releases={"old": answers(), "new": answers(5)})
    result = gate(golden)
    assert result.clusters == result.n == 40
    for text in (terminal(result), gate_markdown(result), gate_page(result)):
        assert "cluster" not in text.replace("clusters of", "")


# --- how often items flip -----------------------------------------------------------------------------------------


def test_without_repeats_the_flips_are_assumed_and_it_is_said(tmp_path: Path) -> None:
    result = gate(clustered(tmp_path, answers()))
    assert (result.flips_measured, result.flip_rate) == ("assumed", 0.02)
    assert "(assumed: no repeats of the baseline tell it)" in terminal(result)


def with_flips(run: GoldenRun, flipped: set[tuple[str, int]]) -> GoldenRun:
    """The run after some of its answers went the other way."""
    items = [
        result.model_copy(update={"status": ItemStatus.FAILED}) if (result.id, result.repeat) in flipped else result
        for result in run.items
    ]
    return run.model_copy(update={"items": tuple(items)})


def test_the_baselines_repeats_measure_the_flips(tmp_path: Path) -> None:
    golden = clustered(tmp_path, answers())
    old, new = run_release(golden, "old", repeats=4), run_release(golden, "new", repeats=4)
    shaken = with_flips(old, {(name, 0) for name in IDS[:4]})
    result = compared(shaken, new, golden, exam_of(golden))
    assert result.flips_measured == "repeats"
    assert result.flip_rate == pytest.approx(4 / 40 * (4 / 3) * (1 / 4) * (3 / 4))
    assert result.flips_together == 1  # the four are one conversation
    calm = compared(old, new, golden, exam_of(golden))
    assert (calm.flip_rate, calm.flips_measured) == (0, "repeats")
    assert calm.minimum_detectable_drop is not None
    assert result.minimum_detectable_drop is not None
    assert calm.minimum_detectable_drop < result.minimum_detectable_drop
    assert "2.5% of the items flip each way by chance, 100% of them with their whole cluster" in terminal(result)


def test_a_reviewed_baseline_keeps_how_often_its_outputs_flip(tmp_path: Path) -> None:
    golden = clustered(tmp_path, answers())
    run = run_release(golden, "old", repeats=5).model_copy(update={"run_id": "r1", "exam": exam_of(golden)})
    record = approve_baseline(golden, [with_flips(run, {("q0", 1), ("q9", 2)})], by="Ada", why="release 1")
    assert record.flips is not None
    assert record.flips.rate == pytest.approx(2 / 40 * (5 / 4) * (1 / 5) * (4 / 5))
    freeze(read_golden_set(golden.directory, rubric_named))
    golden = load_golden_set(golden.directory, rubric_named)
    effect = detectable_effect(golden, repeats=1)
    assert (effect.measured, effect.flips) == ("baseline", record.flips)
    assert effect.drop is not None
    assumed = detectable_effect(golden.model_copy(update={"baseline": None}), repeats=1)
    assert assumed.drop is not None
    assert effect.drop < assumed.drop
