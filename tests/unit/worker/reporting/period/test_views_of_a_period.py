"""Terminal, Markdown and page: they fit, they say the same, and a trace's words stay words."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from html.parser import HTMLParser
from itertools import islice

import pytest
from rich.console import Console

from assay.worker.ports.call_limits import UnknownEnds
from assay.worker.records.ledger import UnscoredSpend
from assay.worker.reporting.period.answers import MOST_TEXTS, MarkedAnswer, Passage, _asked
from assay.worker.reporting.period.html.bars import overview
from assay.worker.reporting.period.html.chart import trend_of
from assay.worker.reporting.period.html.page import MOST_OPEN, report_page
from assay.worker.reporting.period.markdown import report_markdown
from assay.worker.reporting.period.overview import MOST_USE_CASES
from assay.worker.reporting.period.records import DayRate, PeriodReport
from assay.worker.reporting.period.scale import SCALE_TOPS, scale_top
from assay.worker.reporting.period.words import ALL_JUDGED
from assay.worker.reporting.terminal.report import Scale, report_parts
from assay.worker.signals.rates import Corrected
from assay.worker.signals.reviewed import PeopleRate
from assay.worker.statistics.intervals import Estimate
from tests.unit.worker.golden.golden_pages import HOSTILE
from tests.unit.worker.reporting.period.history_rows import START, a_row, a_week, read


@pytest.fixture(scope="module")
def week() -> PeriodReport:
    return read(*a_week(300), *a_week(60, first=1_000, use_case="contracts", calibrated=False), by="release")


@pytest.fixture(scope="module")
def hostile() -> PeriodReport:
    name = HOSTILE.replace("\x00", "")
    fields = {"use_case": name, "release": name, "prompt_version": name, "prompt_name": name, "judge": name}
    rows = [a_row(number, **fields, reason=name if number else "judged") for number in range(30)]
    return read(*rows, a_row(99, **fields | {"state": "dead", "revision": None, "reason": name}), by="release")


def terminal(report: PeriodReport) -> str:
    out = io.StringIO()
    console = Console(file=out, width=80, color_system=None)
    for part in report_parts(report):
        console.print(part, highlight=False)
    return out.getvalue()


def test_the_terminal_has_eighty_columns(week: PeriodReport) -> None:
    text = terminal(week)
    assert max(map(len, text.splitlines())) <= 80
    for words in ("expected share of answers with a problem", "share flagged, risk ≥ 0.5", "by day", "by release"):
        assert words in text


def test_all_say_the_same_numbers(week: PeriodReport) -> None:
    rate = week.use_cases[0].revisions[0].rates.problem_share
    assert rate is not None
    for text in (terminal(week), report_markdown(week), report_page(week)):
        assert f"{rate.value:.1%}" in text
        assert f"{rate.low:.1%}–{rate.high:.1%}" in text
        assert f"n={rate.n:,}" in text
        assert "Redis does not answer" in text


def test_traffic_that_was_judged_whole_is_told_in_words_and_compared_with_intervals() -> None:
    """Two releases side by side, each judged whole: what they show of themselves is no regression."""
    rows = [a_row(n, pi=1.0, risk=0.9 if n % 7 == 0 else 0.1, release=f"v{n % 2}") for n in range(100)]
    report = read(*rows, by="release")
    (row,) = report.use_cases[0].revisions
    assert row.split is not None
    for text in (terminal(report), report_markdown(report), report_page(report)):
        assert ALL_JUDGED in text
        assert "behind" in text
        for value in row.split.values:
            rate = value.rates.problem_behind
            assert rate is not None
            assert rate.low < rate.value < rate.high
            assert f"{rate.low:.1%}–{rate.high:.1%}" in text
        for own in re.findall(r"(\d+\.\d)%–(\d+\.\d)%", text):
            assert own[0] != own[1]


def test_of_many_use_cases_there_is_a_line_each_the_worst_first() -> None:
    risks = {f"case-{n:02}": n % 10 / 10 for n in range(MOST_USE_CASES + 1)}
    rows = [
        a_row(100 * at + n, use_case=case, risk=risk) for at, (case, risk) in enumerate(risks.items()) for n in (1, 2)
    ]
    report = read(*rows)
    lines = [line.split()[0] for line in terminal(report).splitlines() if line.startswith("case-")]
    assert len(lines) == len(risks)
    assert [risks[name] for name in lines] == sorted(risks.values(), reverse=True)
    assert [risks[bar.name] for bar in overview(report)] == sorted(risks.values(), reverse=True)


def test_days_without_traces_are_no_neighbours() -> None:
    days = (0, 1, 5)
    report = read(*(a_row(n, started_at=START + timedelta(days=days[n % 3])) for n in range(30)))
    assert "… 3 days none" in terminal(report)


def test_a_day_of_one_session_says_why_it_has_no_rate() -> None:
    rows = [a_row(n, session_id=f"s{n // 10}", started_at=START + timedelta(days=n // 10)) for n in range(30)]
    report = read(*rows)
    for text in (terminal(report), report_markdown(report)):
        assert text.count("one session alone") == 3


def test_without_a_risk_nothing_is_drawn() -> None:
    report = read(*(a_row(n, risk=None, calibrated=None) for n in range(30)), by="release")
    for text in (terminal(report), report_markdown(report)):
        assert "none of 30 judged traces has a risk" in text
        assert "2026-11-24" not in text
        assert "flagged" not in text


def test_several_revisions_and_the_dead_are_noted() -> None:
    dead = [a_row(n, state="dead", reason="judge_error", revision=None, risk=None) for n in range(50, 60)]
    report = read(*map(a_row, range(20)), *(a_row(n, revision="f" * 64) for n in range(20, 40)), *dead)
    for text in (terminal(report), report_markdown(report), report_page(report)):
        assert "2 revisions judged" in " ".join(text.split())


def test_an_interval_is_drawn_where_it_lies() -> None:
    rate = Estimate(value=0.25, low=0.1, high=0.45, n=40)
    line = Scale(0.6).drawn(rate)
    assert [line.index(sign) / len(line) * 0.6 for sign in "|•"] == pytest.approx([0.1, 0.25], abs=0.03)
    assert line.rindex("|") / len(line) * 0.6 == pytest.approx(0.45, abs=0.03)
    assert len(line) == len(Scale(0.6).drawn(None))


def test_a_scale_holds_every_interval() -> None:
    for top in SCALE_TOPS:
        assert scale_top([Estimate(value=top / 2, low=0, high=top, n=9), None]) == top
    assert scale_top([]) == 1.0


def test_no_line_is_drawn_over_a_day_without_a_rate() -> None:
    rate = Estimate(value=0.2, low=0.1, high=0.3, n=20)
    days = [
        DayRate(day=(START + timedelta(days=at)).date(), n=20, with_risk=20, rate=None if at == 3 else rate)
        for at in range(7)
    ]
    trend = trend_of(days, days[0].day, days[-1].day, name="share")
    assert trend is not None
    assert (len(trend.points), len(trend.lines), len(trend.bands)) == (6, 2, 2)
    assert trend_of(days[:1], days[0].day, days[-1].day, name="share") is None


class Page(HTMLParser):
    """Collects tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]


def hostile_answers(report: PeriodReport) -> list[MarkedAnswer]:
    case = report.use_cases[0]
    row = case.revisions[0]
    worst = row.worst[0].model_copy(update={"kind": HOSTILE, "trace_id": HOSTILE})
    fields = {"use_case": case.use_case, "rubric": case.rubric, "revision": row.revision, "worst": worst}
    texts = {"question": HOSTILE, "response": HOSTILE * 30, "passages": (Passage(number=1, text=HOSTILE),)}
    return [MarkedAnswer.model_validate({**fields, **texts, "span": (10, 60), "note": HOSTILE})]


def test_a_page_of_hostile_words_has_no_markup_of_theirs(hostile: PeriodReport) -> None:
    page = Page(report_page(hostile, hostile_answers(hostile)))
    assert not page.tags & {"script", "img", "iframe", "b"}
    assert not {name for name in page.attributes if name.startswith("on")} | (page.attributes & {"style"})
    assert all(address.startswith("#") for address in page.addresses)
    assert "mark" in page.tags


def test_hostile_words_drive_no_terminal_and_no_markdown(hostile: PeriodReport) -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e\u2066]", terminal(hostile))
    markdown = report_markdown(hostile)
    outside = re.sub(r"(`+).*?\1", "", markdown)
    assert "<" not in outside.replace("<br>", "")
    assert "javascript:" not in outside
    bars = [len(re.findall(r"(?<!\\)\|", line)) for line in markdown.splitlines()]
    assert set(bars) == {0, 3, 4}


def test_links_are_where_the_store_has_pages(week: PeriodReport) -> None:
    url = "https://langfuse.example.org/project/p1/traces/8f0c"
    case = week.use_cases[0]
    row = case.revisions[0]
    linked = row.model_copy(update={"worst": tuple(worst.model_copy(update={"url": url}) for worst in row.worst)})
    report = week.model_copy(update={"use_cases": (case.model_copy(update={"revisions": (linked,)}),)})
    assert f"[open](<{url}>)" in report_markdown(report)
    assert url in terminal(report).splitlines()[-1]


def test_nothing_in_the_record_is_said(week: PeriodReport) -> None:
    empty = week.model_copy(update={"use_cases": ()})
    assert "has no trace of this period" in report_page(empty)


def many_cases(count: int) -> PeriodReport:
    """Use cases of which the last by name has the highest rate."""
    rows = [
        a_row(100 * at + n, use_case=f"case-{at:03}", risk=at / count, session_id=f"s{at}-{n}")
        for at in range(count)
        for n in range(3)
    ]
    return read(*rows)


def test_many_use_cases_are_folded_and_what_is_worst_comes_first() -> None:
    few, many = report_page(many_cases(MOST_OPEN)), report_page(many_cases(MOST_OPEN + 1))
    assert 'class="case"' not in few
    assert many.count('<details class="case">') == MOST_OPEN + 1
    names = re.findall(r"<bdi>(case-\d+)</bdi>", many[many.index('<details class="case">') :])
    assert names[::2] == sorted(names[::2], reverse=True)  # each stands in its line, and above its rates


def test_texts_are_read_of_what_is_most_urgent() -> None:
    report = many_cases(60)
    asked = list(dict.fromkeys(answer.use_case for answer in islice(_asked(report), MOST_TEXTS)))
    assert asked == [f"case-{at:03}" for at in range(59, 59 - len(asked), -1)]
    # The others show which answers are meant, without texts.
    assert report_page(report).count('class="answer-card"') == 3 * 60


def test_the_overview_of_a_terminal_cuts_no_number() -> None:
    then, now = START - timedelta(days=7), START
    rows = [
        a_row(
            10_000 * case + 1_000 * week + n,
            use_case=f"a-support-assistant-with-a-long-name-{case:02}",
            risk=0.6 if week else 0.1,
            started_at=(now if week else then) + timedelta(hours=n),
        )
        for case in range(MOST_USE_CASES + 1)
        for week in (0, 1)
        for n in range(40)
    ]
    text = terminal(read(*rows))
    assert text.count("worse") == MOST_USE_CASES + 1
    assert text.count("n=40") == MOST_USE_CASES + 1
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    # A folded name is all there.
    assert "-name-25" in re.sub(r"\s{3,}.*?\n|\n", "", text)


def test_markdown_of_very_many_use_cases_fits_a_comment() -> None:
    markdown = report_markdown(many_cases(400))
    assert len(markdown) < 65_536
    assert "100 more lines are not shown" in markdown
    assert markdown.index("case-399") < markdown.index("case-398")


def test_each_of_two_revisions_says_which_days_it_judged() -> None:
    first = [a_row(n, started_at=START + timedelta(days=1, hours=n % 20)) for n in range(40)]
    later = [a_row(100 + n, revision="f" * 64, started_at=START + timedelta(days=4, hours=n % 20)) for n in range(30)]
    report = read(*first, *later)
    for text in (terminal(report), report_markdown(report), report_page(report)):
        flat = " ".join(text.split())
        assert "revision 904b364ef0f5, of traces from 2026-11-24 to 2026-11-24" in flat
        assert "revision ffffffffffff, of traces from 2026-11-27 to 2026-11-27" in flat


def test_a_flagged_share_beside_an_expected_share_says_so(week: PeriodReport) -> None:
    bars = {bar.name: bar.about for bar in overview(week)}
    assert bars == {"bot": "", "contracts": "flagged share"}


def test_answers_without_a_risk_are_counted_among_the_judged() -> None:
    rows = [a_row(n) for n in range(20)]
    without = [a_row(100 + n, reason="language_unsupported", risk=None, groundedness=None) for n in range(9)]
    report = read(*rows, *without)
    for text in (terminal(report), report_markdown(report), report_page(report)):
        assert "29: 20 judged, 9 language unsupported; 9 of them have no risk" in " ".join(text.split())


def test_a_foreign_name_starts_no_line_and_no_markup() -> None:
    name = "x\n\n# head\n- [a](http://h) | <b>"
    fields = {"release": name, "prompt_version": name, "judge": name, "scores": {name: name}}
    report = read(*(a_row(n, **fields) for n in range(30)), by="release")
    assert not [line for line in terminal(report).splitlines() if line.lstrip().startswith(("# head", "- ["))]
    outside = re.sub(r"(`+).*?\1", "", report_markdown(report))
    assert not {"<b>", "# head", "[a]"} & {word for word in ("<b>", "\n# head", "[a]") if word in outside}
    assert "# head" not in outside


def test_what_gave_no_score_and_what_people_say_is_in_every_form(week: PeriodReport) -> None:
    people = PeopleRate(
        share=Estimate(value=0.048, low=0.029, high=0.076, n=58),
        certain_sent=31,
        certain_reviewed=28,
        drawn_sent=32,
        drawn_reviewed=30,
        bad=7,
    )
    case = week.use_cases[0]
    rates = case.revisions[0].rates.model_copy(
        update={
            "corrected": Corrected(
                share=Estimate(value=0.051, low=0.03, high=0.082, n=280),
                by="reviews",
                labels=132,
                since=START - timedelta(days=80),
                until=START,
            )
        }
    )
    row = case.revisions[0].model_copy(update={"people": people, "rates": rates})
    report = week.model_copy(
        update={
            "use_cases": (case.model_copy(update={"revisions": (row,)}),),
            "spent_without_score": UnscoredSpend(calls=7, cost_usd=0.5, unpriced_calls=1),
            "unknown_ends": UnknownEnds(calls=3, cost_usd=0.25),
        }
    )
    for text in (terminal(report), report_markdown(report), report_page(report)):
        flat = " ".join(text.split())
        assert "spent without a score: 7 model calls, 0.5000 USD, and 1 calls of unknown price" in flat
        assert "3 model calls without a known end, charged 0.2500 USD" in flat
        assert "4.8% (2.9%–7.6%, n=58): 58 answers reviewed, 28 of 31 that all go to people, 30 of 32" in flat
        assert "30 of 32 drawn by chance" in flat
        assert "errors taken out, by 132 reviews of 2026-09-04 to 2026-11-23" in flat.replace("&#39;", "'")
