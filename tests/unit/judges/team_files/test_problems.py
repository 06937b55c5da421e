"""What a validation finds, in plain words: the line, the key that was meant, and what to write instead."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, Field, JsonValue, ValidationError, model_validator

from assay.judges.schema import Record
from assay.judges.team_files.problems import first_problem
from assay.judges.team_files.reading import parse_document


class Http(Record):
    kind: Literal["http"]
    url: str
    headers: dict[str, str] = Field(default_factory=dict)


class Recorded(Record):
    kind: Literal["recorded"] = "recorded"


class Case(Record):
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    rate: float = Field(default=0.1, gt=0, le=1)
    tags: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    limit: float | date | None = None
    extra: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _rate_is_usual(self) -> Case:
        if self.rate == 0.99:
            raise ValueError("rate: 0.99 is nearly all; write 1")
        return self


class Defaults(Record):
    quiet_seconds: int = Field(default=60, ge=0, le=86_400)
    share: float = Field(default=0.1, ge=0.05, le=0.3)
    loud: bool = False
    mode: Literal["standard", "high"] = "standard"
    start: AwareDatetime | None = None


class File(Record):
    defaults: Defaults = Defaults()
    cases: tuple[Case, ...] = Field(default=(), max_length=2)
    target: Annotated[Http | Recorded, Field(discriminator="kind")] = Recorded()


def problem(text: str) -> str:
    document = parse_document(text)
    with pytest.raises(ValidationError) as caught:
        File.model_validate(document.value)
    return str(document.problem(caught.value, File))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("defaults:\n  share: 10", "line 2: defaults.share: 10 is too much, the most is 0.3; a share is written as"),
        ('defaults:\n  share: "10%"', "line 2: defaults.share: '10%' is no number; write 0.1 for 10 per cent"),
        ("defaults:\n  share: 12,5 %", "'12,5 %' is no number; write 0.125 for 12.5 per cent"),
        ("defaults: {share: '0,1'}", "line 1: defaults.share: '0,1' is no number; write 0.1"),
        ("defaults: {share: 0.01}", "0.01 is too little; the least is 0.05"),
        ("defaults: {share: .nan}", "nan is no number that can be compared; write a finite one"),
        ("defaults: {share: ten}", "must be a number, as 0.5, not 'ten'; mend it"),
        ("defaults:\n  share:", "line 2: defaults.share: is empty; write a number, as 0.5, or remove the key"),
        ("defaults: {quiet_seconds: 1.5}", "must be a whole number, as 10, not 1.5; mend it"),
        ("defaults: {quiet_seconds: 100000}", "100000 is too much; the most is 86400"),
        ("defaults: {loud: maybe}", "must be true or false, not 'maybe'; mend it"),
        ("defaults: {mode: hihg}", "'hihg' is unknown; did you mean 'high'? possible: 'standard', 'high'"),
        ("defaults: {mode: 7}", "7 is unknown; possible: 'standard', 'high'"),
        ("defaults: {start: 2026-12-01 10:00:00}", "a time without an offset; add one, as in 2026-11-21T10:00:00Z"),
        ("defalts: {}", "line 1: defalts: unknown key; did you mean 'defaults'? keys here: defaults, cases, target"),
        ("quiet_seconds: 3", "line 1: quiet_seconds: unknown key here; it belongs under defaults"),
        ("cases:\n  - name: a\n    env: [x]", "line 3: cases.a.env: unknown key; did you mean 'environment'?"),
        ("cases:\n  - nmae: a", "line 2: cases.0.nmae: unknown key; did you mean 'name'?"),
        ("cases:\n  - rate: 1", "line 2: cases.0.name: missing; add it"),
        ("cases:\n  - name: a\n  - name: Support Bot", "line 3: cases.1.name: 'Support Bot' must begin with small"),
        ("cases: [{name: Support Bot}]", "write 'support-bot'"),
        ("cases: [{name: no}]", "YAML reads yes, no, on and off as true or false; put the word in quotes"),
        ("cases: [{name: 7}]", "YAML reads 7 as a number, and this must be text; put it in quotes"),
        ("cases: [{name: 2026-01-01}]", "YAML reads it as a day, and this must be text; put it in quotes"),
        ("cases: [{name: [a]}]", "must be text, not a list; write one text"),
        ("cases: [{name: a, tags: x}]", "cases.a.tags: must be a list, as [x]; put brackets around it"),
        ("cases: {name: a}", "cases: must be a list, as [x]; put brackets around it"),
        ("cases: [{name: a}, {name: b}, {name: c}]", "cases: has too many; 2 at most"),
        ("cases: [{name: a, limit: x}]", "cases.a.limit: must be a number, as 0.5 or a day, as 2026-12-01, not 'x'"),
        ("cases: [{name: a, extra: {when: 2026-01-01}}]", "cases.a.extra.when: holds what JSON does not have"),
        ("cases:\n  - name: a\n    rate: 0.99", "line 3: cases.a.rate: 0.99 is nearly all; write 1"),
        ("defaults: [a]", "defaults: must hold keys, as `key: value`; fill it or remove it"),
        ("target: {kind: htp}", "target: 'htp' is unknown; did you mean 'http'? possible: 'http', 'recorded'"),
        ("target: {url: x}", "kind is missing; add it"),
        ("target:\n  kind: http\n  ulr: x", "line 3: target.ulr: unknown key; did you mean 'url'?"),
        ("target: {kind: http, url: x, headers: {Authorization: [s3cret]}}", "headers.Authorization: must be text"),
        ("1: x", "1: 1 is a key that is no text; put it in quotes"),
        ("on: x", "file: YAML reads the keys yes, no, on and off as true or false; put the key in quotes"),
        ("- a", "must hold keys"),
    ],
)  # fmt: skip
def test_a_problem_is_told_with_its_line_its_key_and_a_remedy(text: str, words: str) -> None:
    told = problem(text)
    assert words in told
    assert "\n" not in told


@pytest.mark.parametrize("value", ["123456789", "2026-11-11", "true"])
def test_a_value_that_may_be_secret_is_not_shown(value: str) -> None:
    assert "must be text" in problem("target: {kind: http, url: x, headers: {Authorization: [9]}}")
    document = parse_document("target: {kind: http, url: 5555555}")
    with pytest.raises(ValidationError) as caught:
        File.model_validate(document.value)
    assert document.problem(caught.value, File).key == "target.url"
    with pytest.raises(ValidationError) as caught:
        File.model_validate({"target": {"kind": "http", "url": "x", "headers": {"Authorization": {"k": value}}}})
    assert value not in first_problem(caught.value)[1]


def test_json_is_told_in_words_of_json() -> None:
    for value, words in (
        ({"cases": [{"name": None}]}, "must be a string, not null; mend it"),
        ({"cases": [{"name": True}]}, "must be a string, not true; mend it"),
        ({"cases": {}}, "must be an array, as [x], not keys; mend it"),
        ({"defaults": 3}, 'must be an object, as {"key": value}, not 3; mend it'),
    ):
        with pytest.raises(ValidationError) as caught:
            File.model_validate(value)
        assert first_problem(caught.value, value, File)[1] == words


def test_without_the_value_the_place_is_as_pydantic_tells_it() -> None:
    with pytest.raises(ValidationError) as caught:
        File.model_validate({"cases": [{"name": "a", "limit": "x"}]})
    assert first_problem(caught.value)[0] == "cases.0.limit"


PYDANTIC = ("Input should", "Field required", "Value error", "Extra inputs", "String should", "Tuple should", "type=")
KEYS = st.text(max_size=4) | st.integers(0, 3)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
DEFAULTS = st.fixed_dictionaries({}, optional=dict.fromkeys(Defaults.model_fields, JUNK))
CASES = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(Case.model_fields, JUNK)), max_size=3)
TARGET = st.fixed_dictionaries({}, optional={"kind": JUNK | st.just("http"), "url": JUNK, "headers": JUNK})
SHAPES = st.fixed_dictionaries(
    {}, optional={"defaults": JUNK | DEFAULTS, "cases": JUNK | CASES, "target": JUNK | TARGET, "other": JUNK}
)


@given(SHAPES)
def test_whatever_is_wrong_the_words_are_ours(value: dict[str, object]) -> None:
    try:
        File.model_validate(value)
    except ValidationError as exc:
        for is_json in (True, False):
            key, remedy = first_problem(exc, value, File, is_json=is_json)
            assert key
            assert not any(words in remedy for words in PYDANTIC), remedy
            assert len(remedy) < 500
