"""The page of the fleet in a real browser: headless Chromium, where the machine has one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from pydantic import SecretStr

from assay.worker.serving.app import FleetPages
from assay.worker.serving.entrance import Entrance
from assay.worker.serving.kept_figures import KeptFigures
from tests.integration.test_golden_page_browser import DESKTOP, FOUND, PHONE, QUIET, check_looks, serious
from tests.servers.page_process import TOKEN
from tests.unit.worker.serving.fleets import NAME, SENTENCE, KeptAnswers, figures, older, worst_of
from tests.waiting import PATIENCE_S, until

pytestmark = [
    pytest.mark.skipif(FOUND is None, reason="no Chromium on PATH and none named by ASSAY_TEST_BROWSER"),
]

NARROW = ViewportSize(width=360, height=760)
LOOKS = ((DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (NARROW, "dark"))


@dataclass
class Served:
    """Pages that are served to a browser, where they lead, and the clock of their figures."""

    url: str
    use_case: str
    answer: str
    kept: KeptFigures
    now: list[float]


@contextmanager
def pages_of(*, hostile: bool) -> Iterator[Served]:
    """Pages over figures that are there at once, on a port of their own."""
    name = NAME if hostile else "support"
    these, now = figures(hostile=hostile), [0.0]
    kept = KeptFigures(lambda _tell: older(these, 30), now=lambda: now[0])
    kept.latest()
    until(lambda: kept.latest() is not None and not kept.is_reading)
    app = FleetPages(kept, KeptAnswers(NAME if hostile else SENTENCE), Entrance(SecretStr(TOKEN))).app()
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as sock:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        until(lambda: server.started)
        use_case, answer = urlencode({"name": name}), urlencode(worst_of(these, name))
        yield Served(
            url=f"http://127.0.0.1:{sock.getsockname()[1]}/",
            use_case=f"use-case?{use_case}",
            answer=f"answer?{answer}",
            kept=kept,
            now=now,
        )
        server.should_exit = True
        thread.join(PATIENCE_S)


@pytest.fixture(scope="module")
def served() -> Iterator[dict[str, Served]]:
    """Usual figures, and some in which every foreign word is hostile."""
    with pages_of(hostile=False) as usual, pages_of(hostile=True) as hostile:
        yield {"usual": usual, "hostile": hostile}


@pytest.fixture(scope="module")
def browser(served: dict[str, Served]) -> Iterator[Browser]:
    """Started after the figures are made: Playwright's loop runs in this thread from then on."""
    assert served
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=FOUND, chromium_sandbox=False, args=["--disable-gpu", *QUIET]
        )
        yield launched
        launched.close()


@contextmanager
def reader(browser: Browser, place: Served) -> Iterator[Page]:
    """A tab that has logged in, must not complain, and must ask nobody but the server."""
    context = browser.new_context(viewport=DESKTOP)
    context.set_default_timeout(1000 * PATIENCE_S)
    page, complaints, asked = context.new_page(), list[str](), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(place.url)
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Rates")).to_be_visible()
    yield page
    assert complaints == []
    assert [url for url in asked if not url.startswith(place.url)] == []
    context.close()


def open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")


def test_every_page_is_accessible_on_a_desk_and_on_a_phone_in_light_and_dark(
    browser: Browser, served: dict[str, Served]
) -> None:
    place = served["usual"]
    with reader(browser, place) as page:
        open_all(page)
        check_looks(page, *LOOKS)  # type: ignore[arg-type]
        page.goto(place.url + place.use_case)
        expect(page.locator("svg.trend-chart")).to_be_visible()
        open_all(page)
        check_looks(page, *LOOKS)  # type: ignore[arg-type]
        page.goto(place.url + place.answer)
        expect(page.locator("mark.contradicted").first).to_have_text(SENTENCE)
        check_looks(page, *LOOKS)  # type: ignore[arg-type]
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Token")).to_be_focused()
        check_looks(page, *LOOKS)  # type: ignore[arg-type]


def test_a_reader_gets_from_the_fleet_to_the_sentence_and_back(browser: Browser, served: dict[str, Served]) -> None:
    with reader(browser, served["usual"]) as page:
        page.get_by_role("link", name="support", exact=True).first.click()
        expect(page.get_by_role("heading", name="support", level=1)).to_be_visible()
        page.get_by_role("link", name="read question and answer").first.click()
        expect(page.locator("mark.contradicted").first).to_have_text(SENTENCE)
        page.get_by_role("link", name="← support").click()
        page.get_by_role("link", name="← the whole fleet").click()
        expect(page.get_by_role("heading", name="Rates")).to_be_visible()


def test_hostile_words_stay_words(browser: Browser, served: dict[str, Served]) -> None:
    place = served["hostile"]
    with reader(browser, place) as page:
        for path in ("", place.use_case, place.answer):
            page.goto(place.url + path)
            assert page.evaluate("window.pwned") is None
            assert page.locator("img, iframe").count() == 0
            assert page.locator("script").count() == 1
            assert page.locator("a[href^='javascript:']").count() == 0
            check_looks(page, (NARROW, "light"))


def test_newer_figures_come_by_themselves_where_nobody_reads(browser: Browser, served: dict[str, Served]) -> None:
    place = served["usual"]
    with reader(browser, place) as page:
        page.clock.install()
        page.goto(place.url)
        before = page.locator(".age").inner_text()
        place.now[0] += 1_000
        page.locator("details summary").first.click()
        page.clock.run_for(21_000)
        until(lambda: not place.kept.is_reading)
        page.clock.run_for(21_000)
        expect(page.get_by_role("link", name="Show newer figures")).to_be_visible()
        assert before.split(";", maxsplit=1)[0] in page.locator(".age").inner_text()
        page.get_by_role("link", name="Show newer figures").click()
        expect(page.get_by_role("link", name="Show newer figures")).to_be_hidden()


def test_axe_still_finds_what_is_wrong(browser: Browser, served: dict[str, Served]) -> None:
    """So that the tests above can fail."""
    with reader(browser, served["usual"]) as page:
        page.evaluate("document.documentElement.removeAttribute('lang')")
        assert any(line.startswith("html-has-lang") for line in serious(page))
