"""The golden set that ships: complete, as frozen, and what the build script makes of the demo's data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.lock import load_golden_set
from assay.worker.golden.sets.manifest import Release
from assay.worker.golden.targets import RecordedTarget, target_for
from benchmarks import build_golden_set
from benchmarks.split_demo_data import OUT as DEMO_DATA
from benchmarks.split_demo_data import read_rows


@pytest.fixture(scope="module")
def golden() -> GoldenSet:
    return load_golden_set(build_golden_set.OUT, build_golden_set.grounding_rubric)


def test_the_set_is_frozen_and_complete(golden: GoldenSet) -> None:
    assert len(golden.items) == 88
    assert len({item.source_id for item in golden.items}) == 13
    assert all(item.question and item.contexts and item.expect == "answer" for item in golden.items)
    assert [anchor.label for anchor in golden.anchors].count(1) == 32
    assert len(golden.anchors) == 176
    assert golden.releases() == ("gpt-4o", "human-reference", "llama-3.1-405b")


def test_every_release_answers_every_item(golden: GoldenSet) -> None:
    for release in golden.releases():
        target = target_for(golden, release=release)
        assert isinstance(target, RecordedTarget)
        lines = _lines(golden.release_path(release))
        assert [Release.model_validate(line).id for line in lines] == [item.id for item in golden.items]
        assert all(line["response"].strip() for line in lines)


def test_the_files_are_what_the_build_script_makes() -> None:
    rows = read_rows(DEMO_DATA / "mtrag.jsonl.gz")
    items = [build_golden_set.build_item(row) for row in rows if row["model"] == "reference"]
    assert _lines(build_golden_set.OUT / "items.jsonl") == items
    anchors = [
        build_golden_set.build_anchor(row) for model in build_golden_set.MODELS for row in rows if row["model"] == model
    ]
    assert _lines(build_golden_set.OUT / "anchors.jsonl") == anchors


def test_no_answer_by_a_person_is_an_anchor(golden: GoldenSet) -> None:
    assert not [anchor.id for anchor in golden.anchors if anchor.id.endswith("-reference")]


def test_the_source_is_named_and_the_set_is_small() -> None:
    text = (build_golden_set.OUT / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert "MTRAG" in text
    assert "Apache License 2.0" in text
    assert sum(path.stat().st_size for path in build_golden_set.OUT.rglob("*") if path.is_file()) < 2_500_000


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
