"""A list in every format: hostile text of a trace drives no terminal, no spreadsheet and no page."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from assay.worker.cli.flagged_output import JsonWriter
from assay.worker.reporting.flagged.answers import FlaggedAnswer
from assay.worker.reporting.flagged.csv_file import COLUMNS, answer_line, harmless, header_line
from assay.worker.reporting.flagged.markdown import answer_markdown, code
from assay.worker.reporting.flagged.problem import Problem
from assay.worker.reporting.flagged.ranking import FlaggedCounts
from assay.worker.reporting.flagged.wording import heading, notes, why_command
from assay.worker.reporting.terminal.flagged import answer_block
from tests.unit.worker.reporting.flagged.lines import RISK, query

HOSTILE = (
    "\x1b[31mred\x1b]52;c;aGk=\x07 \x9b2J",
    '=HYPERLINK("http://evil.example","x")',
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+1",
    "a;=1+1",
    "＝1+1",
    "[click](http://evil.example) ![i](http://evil.example/a.png) www.evil.example a@evil.example @all #1",
    "<script>alert(1)</script> | ` `` ``` \n# heading\n---",
    "שלום \u202eevil\u202c \u200f\u2066 \u200b\ufeff",
    "x" * 100_000,
    "\U000e0041\U000e0042 hidden in tags",
)


def answer(text: str = "Dogs travel free.", **over: Any) -> FlaggedAnswer:
    fields: dict[str, Any] = {
        "use_case": "bot",
        "trace_id": text[:200],
        "observation_id": None,
        "started": datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
        "rubric": "grounding",
        "score": "hallucination_risk",
        "value": 0.93,
        "stratum": "standard",
        "sample": "base",
        "pi": 0.25,
        "is_written": True,
        "told_by": "verdict",
        "problem": Problem(sentence=text, verdict="not_found", reason=text, needs_evidence=True),
        "evidence": (),
        "evidence_note": "nothing in the evidence",
        "comment": text,
        "judge": "llm",
        "tier": "llm",
        "model": text[:50],
        "revision": "904b364ef0f5aa",
        "url": None,
        "outcome": None,
        **over,
    }
    return FlaggedAnswer.model_validate(fields)


def printed(subject: FlaggedAnswer, width: int = 80) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False)
    for part in answer_block(subject, 1, width=width):
        console.print(part, highlight=False, markup=False, soft_wrap=getattr(part, "no_wrap", False))
    return out.getvalue()


def hidden(text: str) -> list[str]:
    """Characters that a terminal obeys or does not show."""
    kinds = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    return [char for char in text if char not in "\n\u200c\u200d" and unicodedata.category(char) in kinds]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("told_by", ["verdict", "comment"])
def test_no_format_holds_a_character_that_a_terminal_obeys(text: str, told_by: str) -> None:
    subject = answer(text, told_by=told_by)
    out = io.StringIO()
    JsonWriter(out).add(subject, 1)
    for shown in (printed(subject), answer_line(subject), answer_markdown(subject, 1), out.getvalue()):
        assert hidden(shown) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_json_holds_all_of_it_as_it_is(text: str) -> None:
    out = io.StringIO()
    JsonWriter(out).add(answer(text), 1)
    assert json.loads(out.getvalue())["problem"]["sentence"] == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_row_is_one_line_and_no_cell_begins_a_formula(text: str) -> None:
    line = answer_line(answer(text))
    assert line.count("\n") == 1
    (row,) = csv.reader(io.StringIO(line))
    assert len(row) == len(COLUMNS)
    assert not [cell for cell in row if re.match(r"\s*[=+\-@\t\r＝＋－＠]", cell)]


@given(st.text(max_size=60), st.sampled_from("=+-@\ufe66\u2212"))
def test_whatever_stands_before_it_no_cell_begins_a_formula(text: str, sign: str) -> None:
    cell = harmless(text.strip()[:0] + sign + text)
    assert cell.startswith("'")
    assert not re.search(r"[;\t]\s*[=+\-@]", harmless(f"{text};{sign}1"))


@pytest.mark.parametrize("text", ["It costs 5-6 euros.", "a=b", "mail a@b.example", "1+1", "Größe: 5 µm", "10 %"])
def test_plain_text_in_a_cell_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_the_header_names_every_column() -> None:
    assert next(csv.reader([header_line()])) == list(COLUMNS)


@given(st.text(alphabet="`ab [](<>)|\n", min_size=1, max_size=60))
def test_text_of_a_trace_stays_within_its_code_span(text: str) -> None:
    if not text.strip():
        return
    span = code(text, 500)
    fence = re.match(r"`+", span)
    assert fence is not None
    inner = span[len(fence.group()) : -len(fence.group())]
    assert span.endswith(fence.group())
    assert fence.group() not in re.findall(r"`+", inner.strip()), "no run of the fence's length within"


def test_markdown_has_no_link_but_ours() -> None:
    text = HOSTILE[6]
    shown = answer_markdown(answer(text, url="https://store.test/p/t%20x"), 1)
    without_code = re.sub(r"(`+).*?\1", "", shown)
    assert re.findall(r"\]\(<?([^)>]*)>?\)", without_code) == ["https://store.test/p/t%20x"]
    assert "evil" not in without_code


@pytest.mark.parametrize("width", [20, 30, 49, 50, 80, 200])
def test_any_width_shows_every_part_and_breaks_no_address(width: int) -> None:
    url = "https://store.test/project/p/traces/" + "a" * 64
    subject = answer("Yes, within 90 days.", trace_id="t-" + "b" * 64, url=url)
    shown = printed(subject, width)
    assert url in shown
    assert subject.trace_id in shown
    for word in ("sentence", "verdict", "evidence", "judged", "Yes,", "days", "nothing"):
        assert word in shown


def test_an_id_passes_for_no_line_of_ours() -> None:
    shown = printed(answer(trace_id="t-1\n  see       https://evil.example"))
    assert not [line for line in shown.splitlines() if line.strip().startswith("see")]
    assert "t-1⟨U+000A⟩" in shown
    assert len(printed(answer(trace_id="i" * 100_000))) < 3_000


def test_a_sentence_of_100_kb_takes_a_few_lines_and_says_how_long_it_is() -> None:
    shown = printed(answer("y" * 100_000, trace_id="t"))
    assert "(100,000 characters)" in shown
    assert len(shown) < 3_000
    assert len(answer_line(answer("y" * 100_000, trace_id="t"))) < 25_000


@pytest.mark.parametrize("trace_id", ["a b", "-x", "$(rm)", "`x`", "a;b", "", "a\nb", "ü", "~x", "a=~b"])
def test_no_command_is_offered_that_a_shell_would_take_apart(trace_id: str) -> None:
    assert why_command(trace_id) == ""


def test_command_is_offered_for_a_trace_of_any_store() -> None:
    assert why_command("rag~x") == "assay why rag~x"


def test_the_denominator_is_said() -> None:
    counts = FlaggedCounts(judged=240, with_score=228, flagged=12, boosted=30, in_flight=4, unanswered=2, forgotten=9)
    said = heading(query([RISK], use_cases=("bot",)), counts)
    assert said.startswith("12 flagged of 240 judged answers (228 have the score): hallucination_risk 0.5 or more")
    assert said.endswith("use case bot")
    lines = "\n".join(notes(counts, Counter(verdict=7, comment=3), ""))
    for part in (
        "10 worst of 12",
        "3 told by the comment",
        "30 judged by a stratum",
        "4 in flight, 2 skipped",
        "9 scored",
    ):
        assert part in lines


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (FlaggedCounts(judged=240, with_score=240), "nothing flagged of 240 judged answers: "),
        (FlaggedCounts(), "no answer was judged: "),
    ],
)
def test_nothing_flagged_is_said(counts: FlaggedCounts, expected: str) -> None:
    assert heading(query([RISK]), counts).startswith(expected)
    assert notes(counts, Counter(), "") == []


def test_days_that_the_ledger_has_forgotten_are_not_said_to_be_without_judged_answers() -> None:
    counts = FlaggedCounts(forgotten=574)
    assert heading(query([RISK]), counts).startswith("no answer that was judged is in the ledger (any more): ")
    (line,) = notes(counts, Counter(), "")
    assert line.startswith("574 scored answers of these days are not in the ledger")
