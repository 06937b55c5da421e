"""The files of a new set: a manifest for any target, schemas where its hint points, labels kept one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml

from assay.judges.errors import ConfigurationError
from assay.worker.golden.sets.files import GoldenSetError, read_records, write_text
from assay.worker.golden.sets.golden_set import read_golden_set
from assay.worker.golden.sets.manifest import Anchor, Manifest
from assay.worker.golden.sets.verify import check_set
from assay.worker.setup.golden_set.content import EXAMPLE, SetContent
from assay.worker.setup.golden_set.labelling import keep_label, read_waiting
from assay.worker.setup.golden_set.manifest_text import FILL_IN, FirstManifest, TargetKind
from assay.worker.setup.golden_set.writing import SCHEMAS, TO_LABEL, new_set_directory, schema_text, write_set
from tests.unit.worker.golden.golden_sets import rubric_named


def manifest(target: TargetKind = "recorded", **rest: str) -> FirstManifest:
    told = {"by": "", "licence": "", "source": 'a "table": #1', **rest}
    return FirstManifest(name="faq-v1", target=target, baseline=None, **told)


@pytest.mark.parametrize("target", get_args(TargetKind))
def test_a_manifest_is_valid_as_it_is_written_whatever_the_target(tmp_path: Path, target: TargetKind) -> None:
    directory = new_set_directory(tmp_path, "faq-v1")
    write_set(directory, EXAMPLE, manifest(target, by="Ada", licence="MIT"))
    golden = read_golden_set(directory, rubric_named)
    assert golden.manifest.target.kind == {"openai": "model"}.get(target, target)
    assert golden.manifest.labels.source == 'a "table": #1'
    text = (directory / "manifest.yaml").read_text(encoding="utf-8")
    hint = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    schema = json.loads((directory / hint).resolve().read_text(encoding="utf-8"))
    jsonschema.validate(yaml.safe_load(text), schema)
    assert schema == Manifest.model_json_schema()
    assert (text.count(FILL_IN) > 1) == (target != "recorded")
    assert max(map(len, text.splitlines())) <= 120


def test_what_was_not_filled_in_is_refused_at_freezing(tmp_path: Path) -> None:
    directory = new_set_directory(tmp_path, "faq-v1")
    write_set(directory, EXAMPLE, manifest())
    found = {str(finding).split(";")[0] for finding in check_set(read_golden_set(directory, rubric_named))}
    assert {"error: licence: labels.by is 'TODO'", "error: licence: labels.licence is 'TODO'"} <= found


@pytest.mark.parametrize("name", ["", "a/b", "../up", ".hidden", "x" * 64, "a b"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="no name of a golden set"):
        new_set_directory(tmp_path, name)


def test_a_set_that_exists_is_never_touched(tmp_path: Path) -> None:
    directory = new_set_directory(tmp_path, "faq-v1")
    write_set(directory, EXAMPLE, manifest())
    with pytest.raises(ConfigurationError, match="exists already"):
        new_set_directory(tmp_path, "faq-v1")


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_file_of_a_set_has_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text(name)))


def waiting(count: int) -> SetContent:
    """A set whose answers nobody has labelled."""
    items = [{"id": f"q{n}", "question": f"{n}?", "contexts": ["E"]} for n in range(count)]
    answers = [
        {"id": f"q{n}-a1", "label": None, "item": f"q{n}", "response": f"R{n}", "note": "mine"} for n in range(count)
    ]
    return SetContent(items=items, unlabelled=answers)


def test_a_label_makes_an_anchor_at_once_and_takes_the_answer_away(tmp_path: Path) -> None:
    directory = new_set_directory(tmp_path, "faq-v1")
    write_set(directory, waiting(3), manifest())
    left = read_waiting(directory)
    left = keep_label(directory, left, left[1], 1)
    assert [answer["id"] for answer in read_waiting(directory)] == ["q0-a1", "q2-a1"]
    left = keep_label(directory, left, left[0], 0)
    left = keep_label(directory, left, left[0], 1)
    assert left == []
    assert not (directory / TO_LABEL).exists()
    anchors = read_records(directory / "anchors.jsonl", Anchor)
    assert [(anchor.id, anchor.label) for anchor in anchors] == [("q1-a1", 1), ("q0-a1", 0), ("q2-a1", 1)]
    with pytest.raises(GoldenSetError, match="no answers wait for a label"):
        read_waiting(directory)


def test_what_is_added_while_a_person_labels_stays(tmp_path: Path) -> None:
    directory = tmp_path / "golden_sets" / "faq-v1"
    write_set(directory, waiting(2), manifest())
    first, *_ = answers = read_waiting(directory)
    path = directory / TO_LABEL
    more = {"id": "later", "label": None, "item": "q1", "response": "Another."}
    path.write_text(path.read_text(encoding="utf-8") + json.dumps(more) + "\n", encoding="utf-8")
    keep_label(directory, answers, first, 1)
    assert "later" in [answer["id"] for answer in read_waiting(directory)]
    assert first["id"] not in [answer["id"] for answer in read_waiting(directory)]


def test_an_anchors_file_without_a_last_line_end_is_not_torn(tmp_path: Path) -> None:
    directory = new_set_directory(tmp_path, "faq-v1")
    write_set(directory, waiting(2), manifest())
    first = {"id": "old", "label": 1, "item": "q0", "response": "R"}
    (directory / "anchors.jsonl").write_text(json.dumps(first), encoding="utf-8")
    left = read_waiting(directory)
    keep_label(directory, left, left[0], 0)
    assert [anchor.id for anchor in read_records(directory / "anchors.jsonl", Anchor)] == ["old", "q0-a1"]


@pytest.mark.parametrize("line", ["[]", '{"id": "a"}', "{", '{"id": 1, "item": "q0", "response": "R"}'])
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / TO_LABEL).write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(GoldenSetError, match="line 2: holds no"):
        read_waiting(tmp_path)


def test_a_text_that_no_file_can_hold_leaves_nothing_behind(tmp_path: Path) -> None:
    directory = new_set_directory(tmp_path, "faq-v1")
    items = [{"id": "a", "question": "Q"}]
    broken = SetContent(items=items, answers=[{"id": "a", "response": "half \ud83d of it"}])
    with pytest.raises(GoldenSetError, match=r"line 1: would hold half a character \('\\ud83d'"):
        write_set(directory, broken, manifest())
    assert not directory.exists() or not any(directory.rglob("*"))
    assert new_set_directory(tmp_path, "faq-v1") == directory


def test_what_cannot_be_put_in_place_leaves_no_scratch_file(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(GoldenSetError, match="cannot be written"):
        write_text(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
