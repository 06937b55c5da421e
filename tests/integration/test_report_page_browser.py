"""The page of a report in a real browser: headless Chromium, where the machine has one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from assay.worker.reporting.period.answers import MarkedAnswer, Passage
from assay.worker.reporting.period.html.page import report_page
from assay.worker.reporting.period.records import PeriodReport
from tests.integration.test_golden_page_browser import DESKTOP, FOUND, QUIET, Watched, check_looks, serious
from tests.unit.worker.golden.golden_pages import HOSTILE
from tests.unit.worker.reporting.period.history_rows import START, a_row, a_week, read
from tests.waiting import PATIENCE_S

pytestmark = [
    pytest.mark.skipif(FOUND is None, reason="no Chromium on PATH and none named by ASSAY_TEST_BROWSER"),
]

NARROW = ViewportSize(width=360, height=760)
URL = "https://langfuse.example.org/project/p1/traces/8f0c"


def answers(report: PeriodReport, text: str) -> list[MarkedAnswer]:
    """The worst answers of each revision, with one text."""
    told = []
    for case in report.use_cases:
        for row in case.revisions:
            for worst, kind in zip(row.worst, ("contradicted", "not_found", text), strict=False):
                told.append(
                    MarkedAnswer(
                        use_case=case.use_case,
                        rubric=case.rubric,
                        revision=row.revision,
                        worst=worst.model_copy(update={"kind": kind, "url": URL}),
                        question=text,
                        response=f"Before. {text} After.",
                        span=(8, 8 + len(text)),
                        passages=(Passage(number=2, text=text),),
                    )
                )
    return told


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of two use cases, and one in which every foreign word is hostile."""
    home = tmp_path_factory.mktemp("reports")
    heavy = [a_row(5_000 + n, prompt_version="13", input_tokens=5_000 + n) for n in range(40)]
    real = read(*a_week(400), *heavy, *a_week(120, first=9_000, use_case="contracts", calibrated=False), by="release")
    name = HOSTILE.replace("\x00", "")
    foreign = {"use_case": name, "release": name, "prompt_version": name, "judge": name}
    bad = read(*(a_row(n, started_at=START, **foreign) for n in range(30)), by="release")
    cases = [a_row(100 * at + n, use_case=f"case-{at:02}", risk=at / 20) for at in range(12) for n in range(9)]
    many = read(*cases)
    files = {}
    wrong = "The ferry leaves at 9:40."
    for key, report, text in (("real", real, wrong), ("many", many, wrong), ("hostile", bad, name * 3)):
        files[key] = home / f"{key}.html"
        files[key].write_text(report_page(report, answers(report, text)), encoding="utf-8")
    return files


@pytest.fixture(scope="module")
def browser(pages: dict[str, Path]) -> Iterator[Browser]:
    """Started after the pages are made: Playwright's loop runs in this thread from then on."""
    assert pages
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=FOUND, chromium_sandbox=False, args=["--disable-gpu", *QUIET]
        )
        yield launched
        launched.close()


@pytest.fixture
def watched(browser: Browser, pages: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Watched]:
    """The page named by the test's parameter, which must neither complain nor ask for anything."""
    context = browser.new_context(viewport=DESKTOP)
    context.set_default_timeout(1000 * PATIENCE_S)
    tab = Watched(context.new_page(), pages[request.param])
    yield tab
    assert tab.complaints == []
    assert tab.asked == [pages[request.param].as_uri()]
    context.close()


@pytest.mark.parametrize("watched", ["real"], indirect=True)
def test_the_page_is_accessible_and_fits_a_phone(watched: Watched) -> None:
    page = watched.page
    expect(page.locator("svg.trend-chart").first).to_be_visible()
    expect(page.locator("mark.contradicted").first).to_have_text("The ferry leaves at 9:40.")
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    check_looks(page, (DESKTOP, "light"), (DESKTOP, "dark"), (NARROW, "light"), (NARROW, "dark"))


@pytest.mark.parametrize("watched", ["real"], indirect=True)
def test_the_overview_leads_to_each_use_case(watched: Watched) -> None:
    page = watched.page
    link = page.locator(".overview a").last
    link.click()
    expect(page.locator(link.get_attribute("href") or "")).to_be_in_viewport()


@pytest.mark.parametrize("watched", ["many"], indirect=True)
def test_a_line_of_many_use_cases_unfolds_into_all_of_it(watched: Watched) -> None:
    page = watched.page
    expect(page.locator("details.case")).to_have_count(12)
    expect(page.locator(".use-case").first).to_be_hidden()
    check_looks(page, (NARROW, "light"))
    first = page.locator("details.case").first
    first.locator("summary").first.press("Enter")  # by keyboard, as by a click
    expect(first.locator(".use-case")).to_be_visible()
    expect(first.locator("h2 bdi")).to_have_text("case-11")
    check_looks(page, (DESKTOP, "light"), (NARROW, "dark"))


@pytest.mark.parametrize("watched", ["hostile"], indirect=True)
def test_hostile_words_stay_words(watched: Watched) -> None:
    page = watched.page
    assert page.evaluate("window.pwned") is None
    assert page.locator("script, img, iframe").count() == 0
    assert "onerror" in page.locator("mark").first.inner_text()
    check_looks(page, (NARROW, "light"))


@pytest.mark.parametrize("watched", ["real"], indirect=True)
def test_axe_still_finds_what_is_wrong(watched: Watched) -> None:
    """So that the tests above can fail."""
    watched.page.evaluate("document.documentElement.removeAttribute('lang')")
    assert any(line.startswith("html-has-lang") for line in serious(watched.page))
