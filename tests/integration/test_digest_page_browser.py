"""The page of a weekly digest in a real browser: headless Chromium, where the machine has one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from assay.worker.alerts.digest.html.page import digest_page
from tests.integration.test_golden_page_browser import DESKTOP, FOUND, QUIET, Watched, check_looks
from tests.unit.worker.alerts.digests import digests
from tests.unit.worker.golden.golden_pages import HOSTILE
from tests.unit.worker.reporting.period.history_rows import START, a_row
from tests.waiting import PATIENCE_S

pytestmark = [
    pytest.mark.skipif(FOUND is None, reason="no Chromium on PATH and none named by ASSAY_TEST_BROWSER"),
]

NARROW = ViewportSize(width=360, height=760)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three teams' digests, and one in which every foreign word is hostile."""
    home = tmp_path_factory.mktemp("digests")
    name = HOSTILE.replace("\x00", "")
    foreign = {"use_case": name, "release": name, "prompt_version": name, "model_served": name, "flagged_kind": name}
    rows = [a_row(n, started_at=START, **foreign) for n in range(30)]
    told = {"real": digests(), "hostile": digests(*rows, owners={name: name})}
    files = {key: home / f"{key}.html" for key in told}
    for key, path in files.items():
        path.write_text(digest_page(told[key]), encoding="utf-8")
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
    expect(page.locator(".banner.regressed .big")).to_have_text("42.8%")
    expect(page.get_by_role("link", name="open in the trace store").first).to_be_visible()
    check_looks(page, (DESKTOP, "light"), (DESKTOP, "dark"), (NARROW, "light"), (NARROW, "dark"))


@pytest.mark.parametrize("watched", ["hostile"], indirect=True)
def test_hostile_words_stay_words(watched: Watched) -> None:
    page = watched.page
    assert page.evaluate("window.pwned") is None
    assert page.locator("script, img, iframe").count() == 0
    assert "onerror" in page.locator("h1").inner_text()
