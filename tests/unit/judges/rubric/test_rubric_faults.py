"""Mistakes in a rubric: one line that names the place and the remedy, never a traceback and never a silent pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from assay.judges.checks import check_checks
from assay.judges.errors import RubricError
from assay.judges.rubric import Rubric, load_yaml, parse_rubric
from assay.judges.rules import RuleSet

GRADED = "name: n\nmethod: graded\njudge: {tiers: [llm], llm: {model: m}}\ncriteria: "
LEVELS = "levels: [{label: a, means: y, value: 1}, {label: b, means: n, value: 0}]"
DEEP = "[" * 3_000 + "]" * 3_000


def checked(text: str) -> Rubric:
    """What `assay rubrics lint` does with a file."""
    rubric = parse_rubric("name: n\n" + text if not text.startswith("name: n") else text, source="r.yaml")
    RuleSet(rubric.rules, source="r.yaml")
    check_checks(rubric, "r.yaml")
    assert parse_rubric(rubric.content(), source="again").content_hash() == rubric.content_hash()
    return rubric


def schema(text: str) -> str:
    return "method: checks\nchecks: [{score: a, json_schema: " + text + "}]"


def pattern(expression: str, key: str = "must_not_match") -> str:
    return f"rules: {{patterns: [{{id: a, {key}: {json.dumps(expression)}}}]}}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: {ranges: [{id: a, kind: date, about: x, at_least: 2026-13-01}]}", "line 2: a value cannot be read"),
        ("description: " + "9" * 5_000, "line 2: a value cannot be read (Exceeds the limit"),
        (f"description: {DEEP}", "line 2: nested too deeply; mend the YAML"),
        ("description: &a [*a]", "line 2: an anchor stands inside what it names; mend the YAML"),
        ("rules: &a {values: [number], x: *a}", "line 2: an anchor stands inside what it names"),
        ('description: "\\ud800"', "description: holds half of a surrogate pair"),
        ('rules: {patterns: [{id: "\\udfff", must_match: a}]}', "rules.patterns.0.id: holds half of a surrogate pair"),
        (schema("{maximum: .nan}"), "checks.0.json_schema.maximum: nan is no number"),
        (schema("{enum: [1, .inf]}"), "checks.0.json_schema.enum.1: inf is no number"),
        (schema("{const: 2026-01-01}"), "checks.0.json_schema: holds what JSON does not have"),
        (schema("{properties: {1: {}}}"), "checks.0.json_schema: holds what JSON does not have"),
        ("rules: {ranges: [{id: a, kind: number, about: x, at_least: .nan}]}", "rules.ranges.0.at_least: nan"),
        ("rules: {ranges: [{id: a, kind: number, about: x, at_least: x}]}", "at_least: must be a number, as 0.5"),
        ("judge: {tiers: local}", "judge.tiers: must be a list, as [x]"),
        ("judge:", "judge: must hold keys, as `key: value`; fill it or remove it"),
        ("scores: [a]", "scores: must hold keys"),
        (GRADED + "[{score: a, rank_score: a, per: context, sees: [contexts], question: q, " + LEVELS + "}]", "own"),
        (schema("{$ref: '#/$defs/nope'}"), "checks.a.json_schema: $ref '#/$defs/nope' leads nowhere"),
        (schema("{items: {properties: {x: {$ref: '#no-anchor'}}}}"), "$ref '#no-anchor' leads nowhere"),
        (schema("{$dynamicRef: '#nope'}"), "$dynamicRef '#nope' leads nowhere"),
        (schema("{required: [a], not: {$ref: '#/required/x'}}"), "leads nowhere"),
        (schema("{required: [a], not: {$ref: '#/required'}}"), "leads to no schema"),
        (schema("{$ref: '#/x', x: {type: strng}}"), "is no JSON schema"),
        (schema("{$ref: '#/x', x: {$ref: '#/y'}}"), "$ref '#/y' leads nowhere"),
        (schema("{$ref: 'other.json'}"), "leads out of the schema"),
        (schema("{$ref: '#'}"), "leads back to itself"),
        (schema("{anyOf: [{type: string}, {$ref: '#'}]}"), "leads back to itself"),
        (schema("{$ref: '#/$defs/a', $defs: {a: {allOf: [{$ref: '#/$defs/b'}]}, b: {$ref: '#/$defs/a'}}}"), "itself"),
        (schema("{pattern: '(?ia)(?u)x'}"), "checks.a.json_schema.pattern: not a"),
        (schema("{pattern: '" + "(" * 5_000 + ")" * 5_000 + "'}"), "nested too deeply"),
        (pattern("(?ia)(?u)x"), "rules.patterns.a.must_not_match: not a regular expression (ASCII"),
        (pattern("(" * 5_000 + ")" * 5_000), "rules.patterns.a.must_not_match: not a regular expression (nested"),
        (pattern(""), "rules.patterns.a.must_not_match: '' matches every text"),
        (pattern("x*"), "'x*' matches every text"),
        (pattern("foo|"), "'foo|' matches every text"),
        (pattern("x?", "must_match"), "rules.patterns.a.must_match: 'x?' matches every text"),
        ("method: checks\nchecks: [{score: a, no_match: 'x*'}]", "checks.a.no_match: 'x*' matches every text"),
        ("method: checks\nchecks: [{score: a, any_match: '(?ia)(?u)x'}]", "checks.a.any_match: not a regular"),
        ("judge: {tiers: [local]}\njudge: {}", "line 3: key 'judge' stands twice"),
        ('description: a\n"description": b', "line 3: key 'description' stands twice"),
        ("risk_labels: {<<: 3}", "line 2: expected a mapping or list of mappings for merging"),
        ("risk_labels: {<<: {high: 0.7}, <<: {high: 0.8}}", "key '<<' stands twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_place_and_a_remedy(text: str, said: str) -> None:
    with pytest.raises(RubricError) as caught:
        checked(text)
    message = str(caught.value)
    assert message.startswith("r.yaml: ")
    assert said in message
    assert "\n" not in message
    assert len(message) < 6_000


@pytest.mark.parametrize(
    "text",
    [
        pattern(r"^\s*$"),
        pattern(r"(?=secret)"),
        pattern(r"\bfoo|bar\b", "must_match"),
        schema("{$defs: {node: {anyOf: [{type: string}, {items: {$ref: '#/$defs/node'}}]}}, $ref: '#/$defs/node'}"),
        schema("{properties: {next: {$ref: '#'}}}"),
        schema("{const: {$ref: '#/nothing'}}"),
        schema("{properties: {$ref: {type: string}}}"),
        schema("{$ref: '#name', $defs: {n: {$anchor: name, type: string}}}"),
        schema("{$dynamicAnchor: node, properties: {children: {items: {$dynamicRef: '#node'}}}}"),
        schema("{$schema: 'http://json-schema.org/draft-07/schema#', definitions: {a: {}}, $ref: '#/definitions/a'}"),
        schema("{$schema: 'https://json-schema.org/draft/2019-09/schema', items: {$recursiveRef: '#'}}"),
        schema("{$id: 'http://x/y', $ref: '#/$defs/a', $defs: {a: {$id: z, $ref: '#/$defs/b', $defs: {b: {}}}}}"),
        "rules: {ranges: [{id: a, kind: date, about: x, at_least: 2026-12-01}]}",
        "description: 😀 \U0001d7d7",
    ],
)
def test_what_can_work_is_let_pass(text: str) -> None:
    checked(text)


def test_merge_keys_bring_in_what_the_mapping_does_not_say_itself() -> None:
    text = """name: n
judge:
  tiers: [llm, panel]
  llm: &usual {model: a, max_tokens: 512}
  panel:
    models:
      - &second {model: b, endpoint: gateway}
      - {<<: *second, model: c}
      - {<<: [*second, {model: ignored}], model: d}
"""
    rubric = checked(text)
    assert rubric.judge.panel is not None
    assert [(one.model, one.endpoint) for one in rubric.judge.panel.members] == [(m, "gateway") for m in "bcd"]
    written_out = text.replace("<<: *second", "endpoint: gateway").replace(
        "<<: [*second, {model: ignored}]", "endpoint: gateway"
    )
    assert rubric.content_hash() == checked(written_out.replace("&second", "")).content_hash()


def test_merged_mappings_may_be_named_before_and_after_they_are_used() -> None:
    text = "a: {x: &x {k: 1, l: 2}, y: &y {<<: *x, l: 3}}\nb: {<<: *y, k: 4}\nc: *y\nd: *x"
    assert load_yaml(text) == {
        "a": {"x": {"k": 1, "l": 2}, "y": {"k": 1, "l": 3}},
        "b": {"k": 4, "l": 3},
        "c": {"k": 1, "l": 3},
        "d": {"k": 1, "l": 2},
    }
    with pytest.raises(yaml.YAMLError, match="stands twice"):
        load_yaml("a: &a {k: 1}\nb: {<<: *a, k: 2, k: 3}")


@pytest.mark.parametrize("content", [b'{"maximum": NaN}', b'{"enum": ["\\ud800"]}', b'{"a": 1, "a": 2}', b"\xff"])
def test_a_schema_file_that_could_not_travel_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.json").write_bytes(content)
    with pytest.raises(RubricError, match=r"s\.json: "):
        parse_rubric(
            "name: n\nmethod: checks\nchecks: [{score: a, schema_file: s.json}]", source="r.yaml", directory=tmp_path
        )
