"""The HTML page in a real browser: headless Chromium, where the machine has one.

`ASSAY_TEST_BROWSER` names it, else it is looked for on PATH; without one these tests are skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # ships no types
from playwright.sync_api import Browser, Error, Page, ViewportSize, expect, sync_playwright

from assay.worker.golden.report.html.page import gate_page, run_page
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.runs.run_store import RunSummary
from tests.unit.worker.golden.golden_pages import HOSTILE, hostile_gate, real_gate
from tests.unit.worker.golden.golden_sets import a_set, answers, run_release
from tests.unit.worker.golden.report.test_page import summary
from tests.waiting import PATIENCE_S

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Also the variable, before the suite's clean environment removes it.
FOUND = os.environ.get("ASSAY_TEST_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)  # noqa: TID251  # names a browser

pytestmark = [
    pytest.mark.skipif(FOUND is None, reason="no Chromium on PATH and none named by ASSAY_TEST_BROWSER"),
]

QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)

# Playwright's own five seconds are too few on a busy machine. Every test of a browser imports this module.
expect.set_options(timeout=1000 * PATIENCE_S)


def weeks(gate: GateResult) -> list[RunSummary]:
    """A year's quarter of runs of the gate's candidate that fall at its end, and one of another target."""
    passed = [80, 82, 79, 81, 80, 80, 83, 70, 81, 74, 66, 60]
    mine = {"target": gate.candidate, "set_digest": gate.set_digest, "revision": gate.revision, "origin": "schedule"}
    runs = [summary(7 * week, passed=share, failed=100 - share, **mine) for week, share in enumerate(passed)]
    return sorted([*runs, summary(30, target="another")], key=lambda run: run.finished)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Gates of 200 and of 30 real items, one of hostile texts, and a plain run."""
    home = tmp_path_factory.mktemp("pages")
    real = real_gate(home, 200)
    large, real = real.pairs, real.model_copy(update={"pairs": real.pairs[:30]})
    golden = a_set(home / "run", {"new": answers(bad=2, q9="fail")})
    run = run_release(golden, "new", repeats=2)
    texts = {
        "large": gate_page(real.model_copy(update={"pairs": large})),
        "real": gate_page(real, weeks(real)),
        "hostile": gate_page(hostile_gate(home / "hostile")),
        "run": run_page(run, golden.items),
    }
    files = {name: home / f"{name}.html" for name in texts}
    for name, text in texts.items():
        files[name].write_text(text, encoding="utf-8")
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


class Watched:
    """A tab that writes down every complaint of the console and everything it asks of the network."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.goto(path.as_uri())

    def shown(self) -> list[str]:
        """Ids of the items that are shown, in their order."""
        found = self.page.locator("details.item:not([hidden])")
        ids: list[str] = found.evaluate_all("items => items.map(item => item.id)")
        return ids


@pytest.fixture
def watched(browser: Browser, pages: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Watched]:
    """The page named by the test's parameter, which must neither complain nor ask for anything."""
    name = request.param
    context = browser.new_context(viewport=DESKTOP)
    context.set_default_timeout(1000 * PATIENCE_S)
    tab = Watched(context.new_page(), pages[name])
    yield tab
    assert tab.complaints == []
    assert tab.asked == [pages[name].as_uri()]
    context.close()


def on(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("watched", [name], indirect=True)


def serious(page: Page) -> list[str]:
    """What axe-core finds serious or critical; it spares itself the details of what is right, most of its time."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def check_looks(page: Page, *looks: tuple[ViewportSize, Literal["light", "dark"]]) -> None:
    """Hold the page, loaded once, against axe-core in each size and colour scheme; nothing may stand off the screen."""
    for viewport, scheme in looks:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], (viewport, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], (viewport, scheme)


@on("real")
def test_page_is_accessible_with_items_open(watched: Watched) -> None:
    page = watched.page
    page.evaluate("document.querySelectorAll('details.item:nth-of-type(-n+5)').forEach(item => { item.open = true })")
    page.evaluate("document.querySelectorAll('details.item[open] details').forEach(one => { one.open = true })")
    page.evaluate("document.querySelector('details.plain').open = true")
    expect(page.locator("svg.evidence .alarm").first).to_be_visible()
    check_looks(page, (DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark"))


@on("real")
def test_axe_still_finds_what_is_wrong(watched: Watched) -> None:
    """So that the test above can fail."""
    watched.page.evaluate("document.querySelector('#f-text').labels[0].replaceWith(document.querySelector('#f-text'))")
    watched.page.evaluate("document.querySelector('#f-text').removeAttribute('placeholder')")
    assert any(line.startswith("label:") for line in serious(watched.page))


@on("large")
def test_page_of_200_items_opens_without_complaint_and_is_accessible(watched: Watched) -> None:
    expect(watched.page.locator("#count")).to_have_text("200 of 200 items shown")
    watched.page.locator("details.item summary").first.click()
    assert serious(watched.page) == []


@on("run")
def test_page_of_a_run_is_accessible(watched: Watched) -> None:
    watched.page.locator("details.item summary").first.click()
    assert serious(watched.page) == []
    expect(watched.page.locator("#item-9").get_by_text("All 2 answers")).to_be_visible()


@on("real")
def test_the_verdict_leads_to_the_items_that_got_worse(watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size(PHONE)
    jump = page.locator(".jumps .change.worse")
    count = int(jump.inner_text().split()[0])
    assert count == page.locator("details.item[data-change=worse]").count() > 0
    bottom = page.locator(".banner").bounding_box()
    place = jump.bounding_box()
    assert bottom is not None
    assert place is not None
    assert 0 < place["y"] - (bottom["y"] + bottom["height"]) < 60
    page.locator(".jumps .to").first.click()
    expect(page.locator("details.item[data-change=worse]").first).to_have_attribute("open", "")
    expect(page.locator("details.item[data-change=worse] summary").first).to_be_in_viewport()


@on("real")
def test_a_link_to_an_item_that_a_filter_hides_shows_it(watched: Watched) -> None:
    page = watched.page
    page.select_option("#f-change", "better")
    link = page.locator(".jumps .to").first
    target = page.locator(link.get_attribute("href") or "")
    expect(target).to_be_hidden()
    link.click()
    expect(target).to_be_in_viewport()


@on("real")
def test_every_number_of_a_metric_is_on_the_screen_of_a_phone(watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size(PHONE)
    cells = page.locator("table.stacks").first.locator("tbody td")
    names = cells.evaluate_all("cells => cells.slice(0, 8).map(cell => getComputedStyle(cell, '::before').content)")
    assert [name.strip('"') for name in names] == [
        *("baseline", "candidate", "change", "n", "test", "p", "Holm p", "shown")
    ]  # fmt: skip
    for cell in cells.all():
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
    page.set_viewport_size(DESKTOP)
    assert page.locator("table.stacks").first.evaluate("table => getComputedStyle(table).display") == "table"


@on("real")
def test_what_says_nothing_takes_no_place(watched: Watched) -> None:
    checks = watched.page.locator(".checks").inner_text()
    assert "must-pass" not in checks
    expect(watched.page.locator("footer")).to_contain_text("the set names none")


@on("hostile")
def test_hostile_answers_stay_text(watched: Watched) -> None:
    page = watched.page
    page.locator("#b-open").click()
    assert page.evaluate("window.pwned") is None
    first = page.locator("details.item .answer").nth(1)
    assert '<img src=x onerror="window.pwned=1">' in first.inner_text()
    assert page.locator("img, iframe, main script").count() == 0
    assert page.locator("mark.contradicted").count() > 0
    check_looks(page, (DESKTOP, "light"), (PHONE, "dark"))


@on("hostile")
def test_policy_stops_script_and_style_that_somebody_adds(watched: Watched) -> None:
    page = watched.page
    for attack, refused in (
        ("document.body.innerHTML = '<p>x</p>'", "TrustedHTML"),
        ("document.body.setAttribute('onclick', 'window.pwned = 1')", "TrustedScript"),
        ("document.createElement('script').text = 'window.pwned = 1'", "TrustedScript"),
    ):
        with pytest.raises(Error, match=refused):
            page.evaluate(attack)
    page.evaluate(
        """() => {
            const style = document.createElement('style');
            style.append('body { display: none }');
            document.head.append(style);
        }"""
    )
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in complaint for complaint in watched.complaints)
    watched.complaints.clear()


@on("real")
def test_items_can_be_filtered_and_sorted(watched: Watched) -> None:
    page = watched.page
    assert len(watched.shown()) == 30
    page.select_option("#f-change", "worse")
    worse = watched.shown()
    assert 0 < len(worse) < 30
    expect(page.locator("#count")).to_have_text(f"{len(worse)} of 30 items shown")
    page.select_option("#f-tag", label="several-passages")
    tagged = watched.shown()
    assert 0 < len(tagged) < len(worse)
    page.select_option("#f-tag", "")
    page.fill("#f-text", "river SYSTEMS")
    assert set(watched.shown()) < set(worse)
    page.fill("#f-text", "no such words anywhere")
    expect(page.locator("#none")).to_be_visible()
    page.locator("#f-text").press("Escape")
    assert watched.shown() == worse
    page.select_option("#f-change", "")
    page.select_option("#f-sort", "order")
    assert watched.shown() == [f"item-{n}" for n in range(30)]
    page.select_option("#f-sort", "risk")
    risks = page.locator("details.item").evaluate_all("items => items.map(item => Number(item.dataset.risk))")
    assert risks == sorted(risks, reverse=True)


@on("real")
def test_a_claim_leads_to_its_words_and_its_evidence(watched: Watched) -> None:
    page = watched.page
    item = page.locator("details.item").first
    item.locator("summary").first.click()
    mark = item.locator("mark.not_found").first
    mark.hover(position={"x": 4, "y": 4})
    label = mark.get_attribute("data-c")
    row = item.locator(f"li.claim[data-c='{label}']")
    assert "lit" in (row.get_attribute("class") or "")
    assert "not in the evidence" in (mark.get_attribute("title") or "")
    mark.locator("a.ref").last.click()
    expect(row).to_be_in_viewport()
    row.locator("a", has_text="passage").first.click()
    expect(item.locator(".evidence details:target")).to_be_in_viewport()
    supported = item.locator("mark.supported a.ref").first
    target = page.locator(supported.get_attribute("href") or "")
    expect(target).to_be_hidden()
    supported.click()
    expect(target).to_be_in_viewport()


@on("real")
def test_page_is_usable_by_keyboard_alone(watched: Watched) -> None:
    page = watched.page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "f-text"
    page.keyboard.type("j")
    assert page.input_value("#f-text") == "j"
    page.keyboard.press("Escape")
    page.locator("#h-checks").click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("details.item").first).to_have_attribute("open", "")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page.locator("details.item").nth(1)).to_have_attribute("open", "")


@on("real")
def test_page_prints_the_verdict_and_open_items_without_controls(watched: Watched) -> None:
    page = watched.page
    page.locator("details.item summary").first.click()
    page.emulate_media(media="print")
    expect(page.locator(".banner")).to_be_visible()
    expect(page.locator("#controls")).to_be_hidden()
    expect(page.locator("details.item .answer").first).to_be_visible()
    assert page.pdf()[:5] == b"%PDF-"


def test_page_shows_everything_without_script(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["real"].as_uri())
    expect(page.locator("#controls")).to_be_hidden()
    page.locator("details.item summary").first.click()
    expect(page.locator("details.item .answer").first).to_be_visible()
    context.close()


def test_the_hostile_text_is_hostile(browser: Browser, tmp_path: Path) -> None:
    """So that the tests above can fail: the same text as markup does run."""
    path = tmp_path / "raw.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><script>'{HOSTILE}</script>", encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.evaluate("window.pwned") == 1
    page.close()
