from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from assay.judges.errors import RubricError
from assay.judges.rubric import Rubric, load_rubric, parse_rubric
from assay.judges.rules import RuleSet

RUBRICS = Path(__file__).parents[4] / "rubrics"
FILES = sorted(RUBRICS.glob("*.yaml"))
VARIABLES = {"ASSAY_JUDGE_MODEL": "some-model"}


def test_rubric_schema_is_current() -> None:
    """To renew it: `assay rubrics schema > rubrics/rubric.schema.json`."""
    assert json.loads((RUBRICS / "rubric.schema.json").read_text()) == Rubric.model_json_schema()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rubric_files_load_and_meet_the_schema(path: Path) -> None:
    rubric = load_rubric(path, VARIABLES)
    assert rubric.name == path.stem
    RuleSet(rubric.rules, str(path))
    jsonschema.validate(yaml.safe_load(path.read_text()), Rubric.model_json_schema())
    assert path.read_text().startswith("# yaml-language-server: $schema=./rubric.schema.json\n")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("name: a\nscoers: {}", "scoers"),
        ("name: a\nscores: {groundedness: minimize}", "scores"),
        ("name: a\nscores: {}", "scores"),
        ("name: A b", "name"),
        ("scores: {groundedness: maximize}", "name"),
        ("name: a\nrules: {values: [colour]}", "rules.values.0"),
        ("name: a\nrules: {patterns: [{id: x}]}", "rules.patterns.0"),
        ("name: a\nrules: {patterns: [{id: x, must_match: a}, {id: x, must_match: b}]}", "rules.patterns"),
        ("name: a\nrisk_labels: {medium: 0.6, high: 0.5}", "risk_labels"),
        ("name: a\njudge: {tiers: [llm]}", "judge"),
        ("name: a\njudge: {tiers: [llm], llm: {model: '${NO_SUCH}'}}", "model"),
        ("name: [", "line"),
        ("- a", "file"),
        ("", "file"),
    ],
)
def test_parse_rubric_names_file_and_key_when_it_is_wrong(text: str, key: str) -> None:
    with pytest.raises(RubricError) as caught:
        parse_rubric(text, source="r.yaml")
    assert caught.value.file == "r.yaml"
    assert caught.value.key.startswith(key)
    assert "\n" not in str(caught.value)


def test_rubric_version_changes_with_content_and_not_with_layout() -> None:
    one = parse_rubric("name: a\nclosed_book: skip", source="a")
    same = parse_rubric("# words\nclosed_book:   skip\nname: a", source="b")
    other = parse_rubric("name: a\nclosed_book: score", source="a")
    assert one.content_hash() == same.content_hash() != other.content_hash()
    assert parse_rubric(one.content(), source="c") == one


def test_rubric_version_changes_with_the_model_a_variable_names() -> None:
    text = "name: a\njudge: {tiers: [llm], llm: {model: '${M}'}}"
    one, two = (parse_rubric(text, source="a", variables={"M": model}) for model in ("x", "y"))
    assert one.content_hash() != two.content_hash()


def test_the_examples_of_the_docs_load(tmp_path: Path) -> None:
    text = (RUBRICS.parent / "docs" / "reference" / "rubrics.md").read_text()
    keys, rules, graded, written = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "plans.csv").write_text("product,also,price,seats\nBasic,Starter|Small,19,5\n")
    (tmp_path / "facts.csv").write_text("key,attribute,value\nBerlin,population,3.9 million\n")
    path = tmp_path / "r.yaml"
    path.write_text(keys)
    assert load_rubric(path, VARIABLES).name == "grounding"
    path.write_text(f"name: r\n{written}")
    assert load_rubric(path).write.named("answer_check") == "assay_answer_check"
    path.write_text(f"name: r\n{rules}")
    RuleSet(load_rubric(path).rules, "r")
    path.write_text(graded)
    assert load_rubric(path, VARIABLES).scores == {"politeness": "maximize"}
