"""The HTML page without a browser: nothing loads, nothing judged becomes markup, and it stays small."""

from __future__ import annotations

import itertools
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assay.judges.schema import ClaimVerdict
from assay.worker.golden.report.html.chart import history_chart
from assay.worker.golden.report.html.highlights import Mark, cut
from assay.worker.golden.report.html.items import share_out
from assay.worker.golden.report.html.page import gate_page, run_page
from assay.worker.golden.report.html.safetext import plain, shown
from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.golden.runs.run_store import RunSummary
from tests.unit.worker.golden.golden_pages import HOSTILE, hostile_gate, real_gate, stuffed_gate
from tests.unit.worker.golden.golden_sets import a_set, answers, compared, exam_of, run_confirmed, run_release

MB = 1_000_000
VOID = {"meta", "input", "line", "circle", "rect", "path", "polyline"}


class Page(HTMLParser):
    """A page taken apart: its tags with attributes, and the text in it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @property
    def text(self) -> str:
        """All text, that of script and style too."""
        return "".join(self.parts)

    def all(self, tag: str, **attrs: str) -> list[dict[str, str | None]]:
        wanted = {key.rstrip("_"): value for key, value in attrs.items()}
        return [found for name, found in self.tags if name == tag and wanted.items() <= found.items()]


def page_of(html: str) -> Page:
    """The page, after checking that every element is closed and every id is unique."""
    page = Page(html)
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    return page


def test_judged_text_never_becomes_markup(tmp_path: Path) -> None:
    html = gate_page(hostile_gate(tmp_path))
    page = page_of(html)
    assert len(page.all("script")) == 1
    assert len(page.all("style")) == 1
    assert not page.all("img")
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") or name == "style" for name in attrs)]
    links = {attrs.get("href") or "" for attrs in page.all("a")}
    assert links
    assert all(re.fullmatch(r"#[A-Za-z0-9-]+", link) for link in links)
    assert "window.pwned = 1" in page.text
    assert HOSTILE[:150] in page.text  # reasons are shown in full, though the answers are short
    assert "49" not in re.findall(r"\{\{.*?\}\}", page.text)
    for hidden in "\u2028\u2029\u202e\u2066\U000e0041\ufeff\x00\x1b\U000e0101":
        assert hidden not in html
        assert f"U+{ord(hidden):04X}" in page.text
    assert "👩\u200d💻" in html


def test_the_page_allows_nothing_but_itself(tmp_path: Path) -> None:
    html = gate_page(hostile_gate(tmp_path))
    page = page_of(html)
    (policy,) = [attrs for attrs in page.all("meta") if attrs.get("http-equiv") == "Content-Security-Policy"]
    content = policy["content"] or ""
    assert content.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in content
    assert not re.search(r"(?:src|href|action|data|poster)=[\"']?(?:https?:)?//", html)
    for tag in ("link", "iframe", "object", "embed", "base"):
        assert not page.all(tag)


def test_the_page_says_everything_a_decision_rests_on(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(bad=9, q20="fail")}, gate={"must_pass": ["q3"]})
    result = compared(run_release(golden, "old"), run_confirmed(golden, "new"), golden, exam_of(golden))
    text = " ".join(page_of(gate_page(result)).text.split())
    for part in (
        "regressed · exit 1",
        "must-pass item failed: q3",
        "100.0% 95 % interval [91.2%, 100.0%], n = 40",
        "−25.0 points 90 % interval −",
        "10 worse, 0 better of 40 compared",
        "smallest drop it can see",
        "? open everything ran baseline 0, candidate 1 answers missing",
        "judge exam passed",
        "sensitivity 100.0% [",
        "exact McNemar",
        "Holm p",
        result.revision,
        result.set_digest[:12],
        "judge is down",
    ):
        assert part in text, part


def test_items_stand_in_the_order_of_what_changed(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(bad=2), "new": answers(q5="risk=0.9", q7="fail", q0="risk=0.1")})
    result = compared(run_release(golden, "old"), run_release(golden, "new"), golden, exam_of(golden))
    items = page_of(gate_page(result)).all("details", class_="item")
    assert [item["data-change"] for item in items[:5]] == ["worse", "missing", "better", "better", "passing"]
    assert [item["id"] for item in items[:2]] == ["item-5", "item-7"]
    assert items[0]["data-delta"] == "0.8"


def test_a_run_has_a_page_too(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"new": answers(bad=2, q9="fail")})
    run = run_release(golden, "new", repeats=2)
    page = page_of(run_page(run, golden.items))
    text = " ".join(page.text.split())
    assert "Not every item has a result." in text
    assert "Question q0?" in text
    assert "0 of 2 passed" in text
    assert [item["data-change"] for item in page.all("details", class_="item")][:4] == [
        "missing",
        "failing",
        "failing",
        "passing",
    ]


def test_a_page_of_200_real_items_is_under_3_mb_and_complete(tmp_path: Path) -> None:
    result = real_gate(tmp_path, 200)
    html = gate_page(result)
    assert len(html.encode()) < 3 * MB
    page = page_of(html)
    assert len(page.all("details", class_="item")) == 200
    assert page.text.count("characters not shown") < 50
    assert page.all("mark", class_="not_found")


def test_a_page_stays_under_3_mb_whatever_the_answers_are(tmp_path: Path) -> None:
    for number, text in enumerate(("<&>'\"" * 20_000, "\x00\u202e" * 30_000, "語" * 200_000)):
        html = gate_page(stuffed_gate(tmp_path / str(number), text))
        assert len(html.encode()) < 3 * MB
        assert "characters not shown" in page_of(html).text


spans = st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from(list(ClaimVerdict)))


@given(st.text(max_size=50), st.lists(spans, max_size=6), st.integers(1, 60))
def test_cutting_loses_no_character_and_marks_what_was_claimed(
    text: str, ranges: list[tuple[int, int, ClaimVerdict]], limit: int
) -> None:
    marks = [Mark(min(a, b), max(a, b), f"C{n}", verdict) for n, (a, b, verdict) in enumerate(ranges)]
    position = 0
    for run in cut(text, marks, limit=limit):
        assert text[position : position + len(run.text)] == run.text
        for offset in range(position, position + len(run.text)):
            assert {mark.label for mark in marks if mark.start <= offset < mark.end} == set(run.labels)
        assert (run.verdict is None) == (not run.labels)
        position += len(run.text) + run.left_out
    assert position == len(text)


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=12), st.integers(0, 8_000))
def test_the_budget_is_shared_and_short_texts_stay_whole(lengths: list[int], budget: int) -> None:
    limits = share_out(lengths, budget)
    assert all(limit <= length for limit, length in zip(limits, lengths, strict=True))
    if sum(lengths) <= budget:
        assert limits == lengths
    assert sum(limits) <= max(budget, 0) + 200 * len(lengths)


@given(st.text())
def test_shown_text_holds_no_hidden_character_and_no_markup_of_its_own(text: str) -> None:
    markup = str(shown(text))
    page = Page(markup)
    assert {tag for tag, _ in page.tags} <= {"span"}
    for char in markup:
        assert char in "\n\t\u200c\u200d" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    if all(char.isalnum() for char in text):
        assert plain(text) == text


def summary(day: int, **changes: Any) -> RunSummary:
    base = {
        "run_id": f"r{day}",
        "kind": "gate",
        "finished": datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=day),
        "target": "bot",
        "set_digest": "d",
        "revision": "rev",
        "repeats": 1,
        "passed": 80,
        "failed": 20,
        "missing": 0,
        "verdict": GateVerdict.PASS,
    }
    return RunSummary.model_validate(base | changes)


def test_the_chart_joins_only_what_can_be_compared() -> None:
    history = [summary(1), summary(2), summary(3, revision="new"), summary(4, revision="new"), summary(5, target="x")]
    chart = history_chart(history, run_id="r4", target="bot")
    assert chart is not None
    assert [len(line.split()) for line, _ in chart.lines] == [2, 2]
    assert [label for _, label in chart.breaks] == ["judge changed", "judge changed"]
    crowded = history_chart([summary(day, revision=f"rev{day}") for day in range(12)], run_id="", target="bot")
    assert crowded is not None
    assert len(crowded.breaks) == 11
    said = [x for x, label in crowded.breaks if label]
    assert len(said) > 1
    assert all(after - before > 160 for before, after in itertools.pairwise(said)), "no words on each other"
    assert [(point.mine, point.current) for point in chart.points] == [(True, False)] * 3 + [
        (True, True),
        (False, False),
    ]
    assert all(point.high < point.y < point.low for point in chart.points)


def test_the_chart_needs_two_runs_and_shows_the_latest_forty() -> None:
    assert history_chart([summary(1)], run_id="r1", target="bot") is None
    assert history_chart([summary(1), summary(2, passed=0, failed=0)], run_id="r1", target="bot") is None
    chart = history_chart([summary(day) for day in range(60)], run_id="r59", target="bot")
    assert chart is not None
    assert (len(chart.points), chart.left_out) == (40, 20)
    worst = history_chart([summary(1, passed=0, failed=9), summary(2, passed=9, failed=0)], run_id="", target="bot")
    assert worst is not None
    assert all(chart.top <= point.y <= chart.bottom for point in worst.points)


def test_the_history_is_on_the_page_and_cannot_inject(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers()})
    run = run_release(golden, "old")
    page = page_of(run_page(run, golden.items, [summary(1, target=HOSTILE), summary(2)]))
    assert len(page.all("svg", role="img")) == 1
    assert len(page.all("script")) == 1
