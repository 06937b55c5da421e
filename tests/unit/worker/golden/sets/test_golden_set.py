"""Golden sets on disk: what loads, what is refused with which words, and that nothing changes silently."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.golden.sets.files import GoldenSetError, read_records
from assay.worker.golden.sets.golden_set import read_golden_set
from assay.worker.golden.sets.lock import changes_since_lock, freeze, load_golden_set
from assay.worker.golden.sets.manifest import GoldenItem
from tests.unit.worker.golden.golden_sets import anchors, frozen_set, item, rubric_named, write_lines, write_set

ITEMS = [item("a"), item("b", tags=["x"])]
RELEASES = {"old": {"a": "risk=0.1", "b": "risk=0.1"}, "new": {"a": "risk=0.1", "b": "risk=0.9"}}


def test_a_frozen_set_loads(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "demo-v1", ITEMS, releases=RELEASES, baseline="old")
    assert golden.name == "demo-v1"
    assert [entry.id for entry in golden.items] == ["a", "b"]
    assert golden.releases() == ("new", "old")
    assert set(golden.digests) == {"items", "anchors", "pass_when", "gate", "rubric", "baseline"}


def test_a_set_that_was_never_frozen_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path / "demo-v1", ITEMS)
    with pytest.raises(GoldenSetError, match=r"golden\.lock.*never frozen.*assay golden freeze demo-v1"):
        load_golden_set(tmp_path / "demo-v1", rubric_named)


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "part"),
    [
        ("items.jsonl", "Question a?", "Question A?", "items"),
        ("anchors.jsonl", '"label": 0', '"label": 1', "anchors"),
        ("manifest.yaml", "at_most: 0.5", "at_most: 0.9", "pass_when"),
        ("manifest.yaml", "alpha: 0.05", "alpha: 0.01", "gate"),
        ("manifest.yaml", "rubric: grounding", "rubric: strict", "rubric"),
        ("releases/old.jsonl", "risk=0.1", "risk=0.2", "baseline"),
    ],
)
def test_a_changed_part_is_named_with_the_remedy(tmp_path: Path, file: str, old: str, new: str, part: str) -> None:
    directory = tmp_path / "demo-v1"
    settings = {"baseline": "old", "gate": {"alpha": 0.05}, "rubric": "grounding"}
    frozen_set(directory, ITEMS, releases=RELEASES, **settings)
    _edit(directory / file, old, new)
    with pytest.raises(GoldenSetError, match=rf"golden\.lock: {part} \w{{12}} → \w{{12}}.*assay golden freeze demo-v1"):
        load_golden_set(directory, rubric_named)
    changes = freeze(read_golden_set(directory, rubric_named))
    assert [change.part for change in changes] == [part]
    assert load_golden_set(directory, rubric_named).digests[part] == changes[0].new


def test_a_rubric_edited_in_place_breaks_the_lock(tmp_path: Path) -> None:
    frozen_set(tmp_path / "demo-v1", ITEMS)

    def edited(name: str) -> Rubric:
        return parse_rubric(f"name: {name}\nclosed_book: score", source=name)

    with pytest.raises(GoldenSetError, match="rubric"):
        load_golden_set(tmp_path / "demo-v1", edited)


def test_freezing_shows_changed_thresholds_in_clear(tmp_path: Path) -> None:
    directory = tmp_path / "demo-v1"
    frozen_set(directory, ITEMS)
    _edit(directory / "manifest.yaml", "at_most: 0.5", "at_most: 0.9")
    (change,) = freeze(read_golden_set(directory, rubric_named))
    assert "hallucination_risk.at_most: 0.5 → 0.9" in str(change)


def test_anchors_that_disappear_break_the_lock(tmp_path: Path) -> None:
    directory = tmp_path / "demo-v1"
    frozen_set(directory, ITEMS)
    (directory / "anchors.jsonl").unlink()
    with pytest.raises(GoldenSetError, match=r"anchors \w{12} → nothing"):
        load_golden_set(directory, rubric_named)


def test_a_release_that_is_not_the_baseline_may_come_and_go(tmp_path: Path) -> None:
    directory = tmp_path / "demo-v1"
    frozen_set(directory, ITEMS, releases=RELEASES, baseline="old")
    (directory / "releases" / "new.jsonl").unlink()
    assert load_golden_set(directory, rubric_named).releases() == ("old",)


def test_freezing_twice_changes_nothing(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "demo-v1", ITEMS)
    lock = tmp_path / "demo-v1" / "golden.lock"
    before = lock.stat().st_mtime_ns
    assert changes_since_lock(golden) == ()
    assert freeze(golden) == ()
    assert lock.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "text", ["", "- a list", "schema: 2\ndigests: {}", "digests: [1]", "a: {", "schema: 1\ndigests: {x: 1}"]
)
def test_a_broken_lock_is_refused(tmp_path: Path, text: str) -> None:
    frozen_set(tmp_path / "demo-v1", ITEMS)
    (tmp_path / "demo-v1" / "golden.lock").write_text(text, encoding="utf-8")
    with pytest.raises(GoldenSetError, match=r"golden\.lock"):
        load_golden_set(tmp_path / "demo-v1", rubric_named)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nmae": 1}, "nmae: unknown key"),
        ({"pass_when": {}}, "pass_when"),
        ({"pass_when": {"halucination_risk": {"at_most": 0.5}}}, "pass_when.halucination_risk"),
        ({"pass_when": {"hallucination_risk": {}}}, "exactly one of at_most and at_least"),
        ({"pass_when": {"hallucination_risk": {"at_most": 0.5, "at_least": 0.1}}}, "exactly one"),
        ({"pass_when": {"hallucination_risk": {"at_most": float("nan")}}}, "pass_when"),
        ({"pass_when": {"hallucination_risk": {"at_most": 50}}}, "is too much, the most is 1"),
        ({"gate": {"must_pass": ["zzz"]}}, "gate.must_pass: no item 'zzz'"),
        ({"gate": {"alpha": 0}}, "gate.alpha"),
        ({"gate": {"min_completed": 0}}, "gate.min_completed"),
        ({"gate": {"primary": "vibes"}}, "gate.primary"),
        ({"name": "other"}, "the directory is 'demo-v1'"),
        ({"target": {"kind": "carrier pigeon"}}, "target"),
        ({"baseline": "gone"}, "gone.jsonl: file: cannot be read"),
        ({"baseline": "../../etc/passwd"}, "baseline"),
        ({"labels": {"by": "us"}}, "labels.licence: missing"),
    ],
)
def test_a_wrong_manifest_names_file_key_and_remedy(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    write_set(tmp_path / "demo-v1", ITEMS, **change)
    with pytest.raises(GoldenSetError, match=re.escape(words)) as caught:
        read_golden_set(tmp_path / "demo-v1", rubric_named)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ConfigurationError)


def test_a_score_the_rubric_does_not_give_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path / "demo-v1", ITEMS, pass_when={"faithfulness": {"at_least": 0.9}})

    def risk_only(name: str) -> Rubric:
        return parse_rubric(f"name: {name}\nscores: {{hallucination_risk: minimize}}", source=name)

    with pytest.raises(GoldenSetError, match=r"pass_when\.faithfulness: rubric 'grounding' gives no such score"):
        read_golden_set(tmp_path / "demo-v1", risk_only)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([item("a"), item("a")], "line 2: id 'a': already used on line 1"),
        ([], "is empty"),
        ([{"id": "a"}], "line 1: question: missing"),
        ([item("a", expect="anything")], "line 1: expect"),
        ([item("a", cotnexts=[])], "line 1: cotnexts: unknown key"),
        ([item("")], "line 1: id"),
    ],
)
def test_wrong_items_name_the_line(tmp_path: Path, lines: list[dict[str, Any]], words: str) -> None:
    write_set(tmp_path / "demo-v1", lines, labelled=anchors(1))
    with pytest.raises(GoldenSetError, match=re.escape(words)):
        read_golden_set(tmp_path / "demo-v1", rubric_named)


@pytest.mark.parametrize(
    "anchor",
    [
        {"id": "x", "label": 1},
        {"id": "x", "label": 1, "item": "a"},
        {"id": "x", "label": 1, "response": "r"},
        {"id": "x", "label": 2, "item": "a", "response": "r"},
        {"id": "x", "label": 1, "item": "nobody", "response": "r"},
        {"id": "x", "label": 1, "item": "a", "response": "r", "sample": {"id": "s", "response": "r"}},
    ],
)
def test_wrong_anchors_are_refused(tmp_path: Path, anchor: dict[str, Any]) -> None:
    write_set(tmp_path / "demo-v1", ITEMS, labelled=[anchor])
    with pytest.raises(GoldenSetError, match=r"anchors\.jsonl"):
        read_golden_set(tmp_path / "demo-v1", rubric_named)


@pytest.mark.parametrize(
    "raw", [b"not json\n", b"[1]\n", b'{"id": "a", "question": "\xff"}\n', b"\x00\n", b'{"id":1e999}\n']
)
def test_garbage_is_one_clear_line(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "items.jsonl"
    path.write_bytes(raw)
    with pytest.raises(GoldenSetError, match="line 1") as caught:
        read_records(path, GoldenItem)
    assert "\n" not in str(caught.value)


def test_line_separators_inside_a_string_do_not_end_the_record(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"id": "a", "question": "one\u2028two\u0085three"}\r\n\n', encoding="utf-8")
    (only,) = read_records(path, GoldenItem)
    assert only.question == "one\u2028two\u0085three"


@pytest.mark.parametrize("text", ["a: {", "", "- x", "name: [", "\x00"])
def test_a_manifest_that_is_not_a_mapping_is_refused(tmp_path: Path, text: str) -> None:
    write_set(tmp_path / "demo-v1", ITEMS)
    (tmp_path / "demo-v1" / "manifest.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(GoldenSetError, match=r"manifest\.yaml"):
        read_golden_set(tmp_path / "demo-v1", rubric_named)


def test_a_missing_directory_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(GoldenSetError, match=r"manifest\.yaml: file: cannot be read"):
        read_golden_set(tmp_path / "nowhere", rubric_named)


def test_an_anchor_takes_question_and_evidence_from_its_item(tmp_path: Path) -> None:
    labelled = [{"id": "x", "label": 1, "item": "a", "response": "Cheese."}]
    write_set(tmp_path / "demo-v1", ITEMS, labelled=labelled)
    golden = read_golden_set(tmp_path / "demo-v1", rubric_named)
    sample = golden.anchor_sample(golden.anchors[0])
    assert (sample.question, sample.contexts, sample.response) == ("Question a?", ("The moon is rock.",), "Cheese.")


def test_the_lock_is_readable_yaml(tmp_path: Path) -> None:
    frozen_set(tmp_path / "demo-v1", ITEMS)
    lock = yaml.safe_load((tmp_path / "demo-v1" / "golden.lock").read_text(encoding="utf-8"))
    assert lock["schema"] == 1
    assert lock["settings"]["pass_when"] == {"hallucination_risk": {"at_most": 0.5}}


def test_a_set_that_cannot_be_written_to_is_a_clear_error(tmp_path: Path) -> None:
    write_set(tmp_path / "demo-v1", ITEMS)
    (tmp_path / "demo-v1" / "golden.lock.new").mkdir()
    with pytest.raises(GoldenSetError, match="cannot be written"):
        freeze(read_golden_set(tmp_path / "demo-v1", rubric_named))


def test_one_byte_more_in_items_changes_the_sets_digest(tmp_path: Path) -> None:
    before = frozen_set(tmp_path / "demo-v1", ITEMS).digest
    write_lines(tmp_path / "demo-v1" / "items.jsonl", [*ITEMS, item("c")])
    assert read_golden_set(tmp_path / "demo-v1", rubric_named).digest != before
