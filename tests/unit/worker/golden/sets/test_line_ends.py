"""What an editor or a checkout adds to a file (a byte order mark, CRLF line ends) changes nothing."""

from __future__ import annotations

import asyncio
import codecs
from pathlib import Path

import pytest

from assay.worker.golden.runs.baseline_approval import approve_baseline
from assay.worker.golden.runs.run import run_golden
from assay.worker.golden.sets.files import GoldenSetError, read_plain, read_prompt
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import freeze, load_golden_set
from assay.worker.golden.targets import RecordedTarget
from tests.unit.worker.golden.golden_sets import WrittenJudge, a_set, answers, exam_of, rubric_named, run_release

FILES = ("items.jsonl", "anchors.jsonl", "releases/old.jsonl", "manifest.yaml", "golden.lock")


def as_windows(path: Path) -> None:
    """What git's autocrlf and an editor make of a file."""
    raw = path.read_bytes()
    path.write_bytes(codecs.BOM_UTF8 + raw.replace(b"\n", b"\r\n"))


@pytest.fixture
def golden(tmp_path: Path) -> GoldenSet:
    return a_set(tmp_path, {"old": answers(), "new": answers()}, baseline="old")


@pytest.mark.parametrize("name", FILES)
def test_a_frozen_set_is_as_frozen_with_other_line_ends(golden: GoldenSet, name: str) -> None:
    as_windows(golden.directory / name)
    again = load_golden_set(golden.directory, rubric_named)
    assert again.digests == golden.digests
    assert (again.items, again.anchors) == (golden.items, golden.anchors)


def test_a_set_that_was_frozen_with_other_line_ends_has_the_same_digest(golden: GoldenSet) -> None:
    for name in FILES[:3]:
        as_windows(golden.directory / name)
    (golden.directory / "golden.lock").unlink()
    freeze(read_golden_set(golden.directory, rubric_named))
    assert load_golden_set(golden.directory, rubric_named).digest == golden.digest


def test_a_changed_text_still_changes_the_digest(golden: GoldenSet) -> None:
    path = golden.directory / "items.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Question q7?", b"Question q7 !", 1))
    as_windows(path)
    with pytest.raises(GoldenSetError, match="changed q7"):
        load_golden_set(golden.directory, rubric_named)


def test_a_reviewed_baseline_is_as_frozen_with_other_line_ends(golden: GoldenSet) -> None:
    run = run_release(golden, "old", repeats=5).model_copy(update={"run_id": "r1", "exam": exam_of(golden)})
    approve_baseline(golden, [run], by="Ada", why="release 1")
    freeze(read_golden_set(golden.directory, rubric_named))
    for path in (golden.directory / "baseline").iterdir():
        as_windows(path)
    again = load_golden_set(golden.directory, rubric_named)
    assert again.baseline is not None
    assert len(again.baseline.record.outputs) == 5


def test_a_recorded_release_answers_the_same_and_is_called_the_same(golden: GoldenSet) -> None:
    path = golden.release_path("new")
    plain = RecordedTarget(path)
    as_windows(path)
    windows = RecordedTarget(path)
    assert windows.identity == plain.identity
    first, second = (asyncio.run(run_golden(golden, target, WrittenJudge())).items for target in (plain, windows))
    assert [item.response for item in first] == [item.response for item in second]


def test_a_prompt_is_sent_and_noted_without_them(tmp_path: Path) -> None:
    path = tmp_path / "answer.md"
    path.write_text("Answer.\n{contexts}\n", encoding="utf-8")
    plain = read_prompt(tmp_path, "answer.md")
    as_windows(path)
    assert read_prompt(tmp_path, "answer.md") == plain


def test_utf_16_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_bytes('{"id": "a"}\n'.encode("utf-16"))
    with pytest.raises(GoldenSetError, match=r"items\.jsonl: file: is UTF-16; save it as UTF-8"):
        read_plain(path)
