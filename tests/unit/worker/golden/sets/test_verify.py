"""What freezing looks at, what the lock says of a change, and what is kept of runs over weeks."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.worker.golden.runs.run_store import RunStore, RunSummary
from assay.worker.golden.runs.series import REFERENCE_RUNS, build_series
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import read_golden_set
from assay.worker.golden.sets.lock import load_golden_set
from assay.worker.golden.sets.verify import check_set
from tests.unit.worker.golden.golden_sets import (
    a_set,
    anchors,
    answers,
    compared,
    exam_of,
    frozen_set,
    item,
    rubric_named,
    run_release,
    write_lines,
    write_set,
)

QUESTION = "How many moons does the planet with the great red spot have?"
MANY = [item(f"i{n}", question=f"{QUESTION} ({n})", tags=["moons"]) for n in range(59)]
MANY.append(item("i59", expect="refusal", tags=["moons"]))
TWIN = item("twin", question=f"{QUESTION.upper()}  (7)", tags=["moons"])
FEW_SOURCES = [{**one, "source_id": f"s{n % 3}"} for n, one in enumerate(MANY)]


def different_anchors(n: int = 20) -> list[dict[str, Any]]:
    """Anchors that do not repeat each other."""
    labelled = anchors(n)
    for number, anchor in enumerate(labelled):
        anchor["sample"]["question"] = f"{number}?"
    return labelled


def findings(directory: Path, items: list[dict[str, Any]] = MANY, **rest: Any) -> list[str]:
    rest = {"labelled": different_anchors()} | rest
    write_set(directory, items, **rest)
    return [str(finding) for finding in check_set(read_golden_set(directory, rubric_named))]


def test_a_good_set_has_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path / "set") == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"items": MANY[11:]}, "error: size: 49 items; 50 to 200"),
        ({"items": [*MANY, *[item(f"j{n}", question=f"j{n}", tags=["moons"]) for n in range(141)]]}, "size: 201 items"),
        ({"items": [*MANY, TWIN]}, "duplicates: .*i7 = twin"),
        ({"items": [*MANY, item("bare", question="bare")]}, "warning: tags: 1 of 61 items without a tag .bare."),
        ({"items": [*MANY, item("x", question="x", tags=["rare"])]}, "warning: tags: .* rare .1."),
        ({"items": MANY[:59]}, "warning: labels: no item expects a refusal"),
        ({"items": FEW_SOURCES}, "warning: size: .* from 3 sources"),
        ({"labelled": different_anchors()[5:25]}, "error: labels: 5 marked and 15 unmarked anchors"),
        ({"labelled": different_anchors()[:3], "gate": {"allow_unexamined": True}}, "warning: labels: 0 marked"),
        ({"labels": {"by": "us", "licence": "TODO"}}, "error: licence: labels.licence is 'TODO'"),
        ({"labelled": [*different_anchors(), {"id": "again", "label": 1, "sample": different_anchors()[0]["sample"]}]},
         "error: anchors: one output with both labels: anchor-0-0 ≠ again"),
        ({"labelled": [*different_anchors(), {"id": "again", "label": 0, "sample": different_anchors()[0]["sample"]}]},
         "warning: anchors: one output twice: anchor-0-0 = again"),
    ],
)  # fmt: skip
def test_a_check_says_what_it_found_and_where(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    (found,) = [line for line in findings(tmp_path / "set", **change) if "sources" not in line or "sources" in words]
    assert re.search(words, found), found


@pytest.mark.parametrize(
    ("sources", "gate", "words"),
    [
        (60, {}, None),
        (30, {}, None),
        (9, {}, "60 items from 9 sources (source_id) only; items of one source fail together"),
        (4, {}, "60 items from 4 sources (source_id) only: the smallest p-value is 1/16, above gate.alpha 0.05, so no "
         "gate can show a regression, and each ends inconclusive (exit 3)"),
        (5, {"alpha": 0.01}, "60 items from 5 sources (source_id) only: the smallest p-value is 1/32"),
        (5, {}, "60 items from 5 sources (source_id) only; items"),
        (4, {"cluster_by": "item"}, None),
    ],
)  # fmt: skip
def test_too_few_clusters_for_any_verdict_are_told_before_anything_is_asked(
    tmp_path: Path, sources: int, gate: dict[str, Any], words: str | None
) -> None:
    items = [{**one, "source_id": f"s{n % sources}"} for n, one in enumerate(MANY)]
    found = findings(tmp_path / "set", items, gate=gate)
    assert len(found) == (words is not None)
    assert words is None or words in found[0]
    assert all(line.startswith("warning: size: ") for line in found)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (
            (40,),
            "40 of 60 items are of one source (source_id: s0): if only these fail, no test can tell it",
        ),
        ((16,), "16 of 60 items are of one source"),
        ((15, 15), None),
        ((10,) * 6, "items of one source fail together; drops that take whole sources are caught from"),
        ((12,) * 5, "items of one source fail together; drops that take whole sources are caught from 77% on only"),
        ((4,) * 15, None),
    ],
)
def test_sources_of_which_a_failure_could_not_be_shown_are_told(
    tmp_path: Path, sizes: tuple[int, ...], words: str | None
) -> None:
    source = [f"s{n}" for n, size in enumerate(sizes) for _ in range(size)]
    items = [{**one, **({"source_id": source[n]} if n < len(source) else {})} for n, one in enumerate(MANY)]
    sized = [line for line in findings(tmp_path / "set", items) if "source" in line]
    assert len(sized) == (words is not None)
    assert words is None or words in sized[0]


def turn(number: int, begins: str, **changes: Any) -> dict[str, Any]:
    """A later turn of a conversation that began so."""
    history = [{"role": "user", "content": begins}, {"role": "assistant", "content": "One."}]
    return item(f"t{number}", question=f"And what of number {number}?", history=history, tags=["moons"], **changes)


def test_turns_of_one_conversation_without_a_source_are_named(tmp_path: Path) -> None:
    loose = [*MANY, turn(1, MANY[0]["question"]), turn(2, "Other question?"), turn(3, "other  QUESTION?")]
    (found,) = findings(tmp_path / "set", loose)
    assert "4 items continue a conversation of another item and have no source_id (i0, t1, t2, t3)" in found
    known = [{**MANY[0], "source_id": "c"}, *MANY[1:], turn(1, MANY[0]["question"], source_id="c"), turn(2, "Alone?")]
    assert findings(tmp_path / "known", known) == []


def test_a_manifest_that_was_not_filled_in_cannot_be_frozen(tmp_path: Path) -> None:
    found = findings(tmp_path / "set", labels={"by": "TODO", "licence": "TODO"})
    assert [line.split(";")[0] for line in found] == [
        "error: licence: labels.by is 'TODO'",
        "error: licence: labels.licence is 'TODO'",
    ]


def test_a_waived_check_does_not_block_and_gives_the_reason(tmp_path: Path) -> None:
    write_set(tmp_path / "set", MANY[:10], labelled=different_anchors(), waive={"size": "a pilot"})
    found = check_set(read_golden_set(tmp_path / "set", rubric_named))
    (size,) = [str(one) for one in found if one.check == "size"]
    assert size.startswith("error: size: 10 items; 50 to 200")
    assert size.endswith("(waived: a pilot)")
    assert not any(one.blocks for one in found)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prompt.txt", f"Answer like this.\nQ: {QUESTION.upper()} (7)\nA: 95"),
        ("train.jsonl", json.dumps({"messages": [{"content": f"x\n{QUESTION}  (7)"}]})),
        ("escaped.jsonl", json.dumps({"q": f"{QUESTION} (7)"}).replace("H", "\\u0048")),
    ],
)
def test_an_item_in_a_prompt_or_in_training_data_has_leaked(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / name).write_text(content, encoding="utf-8")
    (found,) = findings(tmp_path / "sets" / "set", not_in=["../../prompts/*"])
    assert found == f"error: leakage: 1 items occur in {name}: i7"


def test_an_anchor_in_training_data_has_leaked(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("The moon of that planet is a large ball of ice and rock. risk=0.9")
    labelled = different_anchors()
    labelled[0]["sample"]["response"] = "The moon of that planet is a large ball of ice and rock. risk=0.9"
    (found,) = findings(tmp_path / "set", labelled=labelled, not_in=["../train.txt"])
    assert "1 anchors occur in train.txt: anchor-0-0" in found


def test_short_questions_occur_anywhere(tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text("Question q1?")
    assert not findings(tmp_path / "set", [*MANY, item("q1", tags=["moons"])], not_in=["../prompt.txt"])


def test_a_pattern_that_names_nothing_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(GoldenSetError, match=r"not_in: '\.\./nope/\*' names no file"):
        findings(tmp_path / "set", not_in=["../nope/*"])


def test_items_of_another_set_are_named(tmp_path: Path) -> None:
    other = frozen_set(tmp_path / "other", MANY[:2])
    write_set(tmp_path / "set", MANY, labelled=different_anchors())
    (found,) = check_set(read_golden_set(tmp_path / "set", rubric_named), [other])
    assert str(found) == "warning: leakage: 2 items are also in golden set other: i0, i1"


# --- the lock says which ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([item("a"), item("b", expect="refusal")], "items .*(changed b)"),
        ([item("a"), item("b"), item("c")], "items .*(added c)"),
        ([item("b")], "items .*(removed a)"),
        ([item("b"), item("a")], "items .*(order or layout of the file)"),
        ([item("a", tags=["x"]), item("c")], "items .*(changed a; added c; removed b)"),
        ([item("a"), *[item(f"n{n}") for n in range(9)]], "added n0, n1, n2, n3, n4 and 4 more; removed b"),
    ],
)
def test_a_changed_item_is_named(tmp_path: Path, items: list[dict[str, Any]], words: str) -> None:
    frozen_set(tmp_path / "set", [item("a"), item("b")])
    write_lines(tmp_path / "set" / "items.jsonl", items)
    with pytest.raises(GoldenSetError, match=words.replace("(", r"\(").replace(")", r"\)")):
        load_golden_set(tmp_path / "set", rubric_named)


def test_a_changed_anchor_and_a_changed_baseline_answer_are_named(tmp_path: Path) -> None:
    frozen_set(tmp_path / "set", [item("a"), item("b")], releases={"r": {"a": "x", "b": "y"}}, baseline="r")
    write_lines(tmp_path / "set" / "releases" / "r.jsonl", [{"id": "a", "response": "z"}, {"id": "b", "response": "y"}])
    changed = anchors()
    changed[3]["label"] = 1
    write_lines(tmp_path / "set" / "anchors.jsonl", changed)
    with pytest.raises(GoldenSetError, match=r"anchors .*\(changed anchor-0-3\); baseline .*\(changed a\)"):
        load_golden_set(tmp_path / "set", rubric_named)


def test_a_changed_rubric_is_told_key_by_key(tmp_path: Path) -> None:
    frozen_set(tmp_path / "set", [item("a")])

    def other(name: str) -> Any:
        rubric = rubric_named(name)
        return rubric.model_copy(update={"risk_labels": rubric.risk_labels.model_copy(update={"high": 0.7})})

    with pytest.raises(GoldenSetError, match=r"rubric .*\(risk_labels\.high: 0\.5 → 0\.7\)"):
        load_golden_set(tmp_path / "set", other)


# --- what is kept -------------------------------------------------------------------------------------------------


def test_runs_and_gates_are_kept_and_told_in_the_history(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(2), "new": answers(9)})
    store = RunStore(tmp_path / "data", golden.name)
    run = run_release(golden, "old", run_id="20261121T060000-00000a")
    store.save_run(run.model_copy(update={"exam": exam_of(golden)}))
    after = run_release(golden, "new", run_id="20261121T060000-00000b")
    store.save_gate(compared(run, after, golden, exam_of(golden)))
    assert store.run("20261121T060000-00000a").items == run.items
    first, second = store.history()
    assert (first.kind, first.passed, first.failed, first.verdict, first.informedness) == ("run", 38, 2, None, 1.0)
    assert (second.kind, second.target, second.failed, second.verdict) == ("gate", "new", 9, "regressed")
    with pytest.raises(GoldenSetError, match="no finished run"):
        store.run("20261121T060000-00000c")


def test_a_torn_history_loses_one_line_and_no_more(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(2)})
    store = RunStore(tmp_path / "data", golden.name)
    assert store.history() == ()
    for n in range(3):
        store.save_run(run_release(golden, "old", run_id=f"20261121T060000-00000{n}"))
    path = store.path / "history.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    assert [run.run_id[-1] for run in store.history()] == ["0", "1"]


def weeks(failed: list[int], **changes: Any) -> list[RunSummary]:
    """A run a week of 100 items."""
    start = datetime(2026, 1, 5, 6, tzinfo=UTC)
    return [
        RunSummary.model_validate(
            {
                "run_id": f"week-{week}",
                "kind": "run",
                "origin": "schedule",
                "finished": start + timedelta(weeks=week),
                "target": "bot",
                "set_digest": "d",
                "revision": "r",
                "repeats": 1,
                "passed": 100 - bad,
                "failed": bad,
                "missing": 0,
            }
            | changes
        )
        for week, bad in enumerate(failed)
    ]


def series(history: list[RunSummary]) -> Any:
    return build_series(history, set_digest="d", target="bot")


def test_a_steady_series_raises_no_alarm() -> None:
    found = series(weeks([10, 12, 9, 11, 10, 12, 11, 9, 10, 13, 10, 11]))
    assert (found.alarm, found.too_few) == (None, None)
    assert len(found.points) == 12 - REFERENCE_RUNS
    assert found.limit > 0.104
    assert found.reference_pass_rate == pytest.approx(0.896)


def test_a_slow_decline_raises_an_alarm_that_no_single_week_would() -> None:
    found = series(weeks([10, 12, 9, 11, 10, 17, 16, 18, 17, 18, 17, 19, 18]))
    assert found.alarm is not None
    assert found.alarm != "week-5"
    assert found.points[-1].e_value >= found.threshold


def test_a_series_takes_only_runs_that_can_be_compared() -> None:
    steady = weeks([10, 12, 9, 11, 10, 11])
    strange = [
        *weeks([90], set_digest="x"),
        *weeks([90], target="y"),
        *weeks([90], missing=1),
        *weeks([90], revision="q"),
    ]
    assert series([*strange, *steady]).points == series(steady).points
    assert "3 comparable scheduled runs" in series(steady[:3]).too_few
    assert "0 comparable" in series([]).too_few
    assert "nothing to lose" in series(weeks([100] * 7)).too_few


def test_unchanged_years_rarely_raise_an_alarm() -> None:
    generator = np.random.default_rng(4)
    pass_at = np.concatenate([np.ones(80), np.full(12, 0.9), np.full(8, 0.5)])
    alarms = 0
    for _ in range(200):
        runs = (generator.random((57, 100)) > pass_at).sum(axis=1)
        alarms += series(weeks(runs.tolist())).alarm is not None
    assert alarms / 200 < 0.1, "fifty-two repeated 5 % tests raise one in 26 to 92 % of years"
