"""Every pattern says what it is for by an example, and the example is one: the first text in backticks is matched."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

import assay.judges

JUDGES = Path(assay.judges.__path__[0])
FENCED = "```json\n{}\n```"
IN_BACKTICKS = re.compile(r"`([^`]+)`")
ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|([ntr]))")


class Described(NamedTuple):
    """A pattern of a module, and what its docstring says."""

    module: str
    name: str
    doc: str

    @property
    def example(self) -> str:
        """The first text in backticks, with its escapes read."""
        first = IN_BACKTICKS.search(self.doc)
        return ESCAPE.sub(_read_escape, first.group(1)) if first else ""

    @property
    def pattern(self) -> re.Pattern[str] | re.Pattern[bytes]:
        compiled = getattr(import_module(self.module), self.name)
        assert isinstance(compiled, re.Pattern)
        return compiled


def _read_escape(match: re.Match[str]) -> str:
    code, letter = match.groups()
    return chr(int(code, 16)) if code else {"n": "\n", "t": "\t", "r": "\r"}[letter]


def patterns() -> Iterator[Described]:
    """Every pattern compiled at the top of a module."""
    for path in sorted(JUDGES.rglob("*.py")):
        module = ".".join(("assay.judges", *path.relative_to(JUDGES).with_suffix("").parts))
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for statement, following in zip(body, [*body[1:], None], strict=True):
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(attr="compile"))):
                    yield Described(module, name, _text(following))


def _text(statement: ast.stmt | None) -> str:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
        case _:
            return ""


ALL = list(patterns())


def test_the_patterns_are_found() -> None:
    assert len(ALL) > 90


@pytest.mark.parametrize("described", ALL, ids=lambda described: f"{described.module[13:]}.{described.name}")
def test_a_pattern_matches_its_example(described: Described) -> None:
    example = FENCED if described.name == "_FENCED" else described.example
    assert example, "give one text that it matches, in backticks, in a docstring below the pattern"
    if isinstance(described.pattern.pattern, bytes):
        assert re.compile(described.pattern.pattern).search(example.encode())
    else:
        assert re.compile(described.pattern.pattern, described.pattern.flags).search(example), example


@pytest.mark.parametrize(
    ("module", "name", "matched", "not_matched"),
    [
        (
            "values.value_pattern",
            "VALUE",
            ["$2.5 million", "5 %", "3 km", "RFC-9110", "twenty-five"],
            ["word", "Mr", "-"],
        ),
        ("values.extract", "_ORDINARY_CODE", ["21st", "3pm", "covid-19"], ["RFC9110", "A4b"]),
        ("values.index", "_GROUPS", ["1 000 000", "555-1234"], ["1000", "a b"]),
        ("values.index", "_SEASON", ["2020-21", "1999/00"], ["2020-2021", "12-13"]),
        ("values.bounds", "_APPROXIMATE", ["about ", "roughly "], ["about it "]),
        ("values.numbers", "_GROUPED", ["1,000.50", "12,34,567"], ["1,00", "1.000"]),
        ("values.dates", "_TIME", ["5:30 pm", "17:00"], ["pm"]),
        ("rules.reading", "_CUT", [", ", ";", "but", " – "], ["1,000", "butter", "so-so"]),
        ("rules.reading", "_JOINS", ["-", " to ", " and "], [",", "but"]),
        ("text.refusals.english", "DECLINES", ["We do not have it", "cannot be determined"], ["It does not rain"]),
        ("text.form.courtesy", "_COURTESY", ["Of course!", "Have a nice day"], ["Of course it rains."]),
        ("local.checkworthy", "_HEADING", ["**Opening hours**", "Ingredients:"], ["It rains."]),
        ("local.fields", "_LINE", ["- Wheelchair access: yes"], ["- Wheelchair access: ramp"]),
        ("local.hours", "_OPEN", ["9:0-17:30"], ["9-17"]),
        ("text.sentences", "_STOP", ["It rains. ", "雨。", 'Why?" '], ["3.5", "rains"]),
        ("text.sentences", "_LIST_MARKER", ["1. ", "- ", "## "], ["1.5 ", "word "]),
        ("price_names", "_SNAPSHOT", ["m-2024-08-06", "m-20240806"], ["m-2024", "m-4"]),
        ("rubric.selectors", "_FORM", ["root.input", "tool[name=s-*].output"], ["root", "root.colour"]),
        ("lexical_overlap", "_UNSPACED_RUN", ["東京", "ไทย"], ["Tokyo", "Москва"]),
    ],
)
def test_patterns_match_what_they_should_and_nothing_else(
    module: str, name: str, matched: list[str], not_matched: list[str]
) -> None:
    pattern: re.Pattern[str] = getattr(import_module(f"assay.judges.{module}"), name)
    search = pattern.fullmatch if name in {"_ORDINARY_CODE", "_GROUPED", "_JOINS", "_FORM"} else pattern.search
    assert [text for text in matched if not search(text)] == []
    assert [text for text in not_matched if search(text)] == []
