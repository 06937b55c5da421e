"""What a terminal is shown that knows ASCII alone, and what one is shown that is narrow."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Group
from rich.table import Table
from rich.text import Text

from assay.worker.cli.context import PatientConsole, print_json
from assay.worker.cli.plain_text import HANDLER, make_streams_plain


def plain(text: str, encoding: str = "ascii") -> str:
    make_streams_plain()
    return text.encode(encoding, HANDLER).decode(encoding)


@pytest.fixture(autouse=True)
def _streams_as_they_were() -> Iterator[None]:
    before = [(stream, stream.encoding, stream.errors) for stream in (sys.stdout, sys.stderr)]
    yield
    for stream, encoding, errors in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors=errors)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("risk ≥ 0.5 in 61.4% (32.3–84.1) … weighted by 1/π", "risk >= 0.5 in 61.4% (32.3-84.1) ... weighted by 1/pi"),
        ("a → b · c × d − e", "a -> b * c x d - e".replace("*", ".")),
        ("“quoted” ‘so’ – naïve Zürich, Straße", "\"quoted\" 'so' - naive Zurich, Strasse"),
        ("100\u00a0€", "100 EUR"),
        ("中文 🙂", "\\u4e2d\\u6587 \\U0001f642"),
    ],
)
def test_prose_has_a_word_for_every_sign(text: str, words: str) -> None:
    assert plain(text) == words


def test_what_the_encoding_has_stays() -> None:
    assert plain("naïve ≥ 1", "latin-1") == "naïve >= 1"


@given(st.text(st.characters(codec="utf-8", exclude_characters="?？﹖⁇⁈⁉"), max_size=40))
def test_no_text_fails_and_none_becomes_a_question_mark(text: str) -> None:
    assert "?" not in plain(text)


def test_json_loses_nothing_where_the_terminal_knows_ascii_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", errors="strict"))
    make_streams_plain()
    print_json({"text": "≥ 中"})
    sys.stdout.flush()
    assert codecs.decode(raw.getvalue(), "ascii").strip().endswith('"\\u2265 \\u4e2d"\n}')


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"LC_ALL": "", "LC_CTYPE": "POSIX"}, {"LANG": "C"}])
def test_the_locale_c_is_taken_at_its_word(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8"))
    make_streams_plain()
    print("≥ 1", flush=True)
    assert raw.getvalue() == b">= 1\n"


@pytest.mark.parametrize("variables", [{}, {"LC_ALL": "de_DE.UTF-8"}, {"LANG": "C.UTF-8"}])
def test_any_other_locale_keeps_its_signs(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8"))
    make_streams_plain()
    print("≥ 1", flush=True)
    assert raw.getvalue().decode() == "≥ 1\n"


def shown(width: int) -> str:
    table = Table("use case", "seen", "not\ntaken", "selected", "reasons", title="traces")
    table.add_row("support-bot", "1,234", "[red]1,000[/]", Text("234"), "")
    table.add_row("contracts", "56", "0", "56", "2 too_long_for_model")
    console = PatientConsole(file=io.StringIO(), width=width, force_terminal=False)
    console.print(Group(table, "below"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [24, 30, 40, 50])
def test_a_table_that_does_not_fit_becomes_lines_that_hold_every_cell(width: int) -> None:
    lines = shown(width)
    flat = " ".join(lines.split())
    for cell in ("traces", "use case: support-bot", "seen: 1,234", "not taken: 1,000", "selected: 234", "contracts"):
        assert cell in flat
    assert "too_long_for_model" in flat
    assert flat.count("reasons") == 1  # an empty cell takes no line
    assert "…" not in lines
    assert max(map(len, lines.splitlines())) <= width


def test_a_table_that_fits_stays_a_table() -> None:
    assert "│ support-bot" in shown(100)
