"""The documentation as a site: it builds strictly, loses nothing of the pages, and reads well in a real browser."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Literal

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from docs.site.repository_links import turned
from tests.integration.test_golden_page_browser import DESKTOP, FOUND, PHONE, QUIET, serious
from tests.servers.listening import ListeningServer
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS) for path in DOCS.rglob("*.md"))
TAKEN_IN = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "judges/local/CARD.md",
    "benchmarks/README.md",
]
"""Pages of the repository that the navigation names."""
COUNTED = frozenset({"h1", "h2", "h3", "h4", "ul", "ol", "li", "table", "tr", "pre", "img", "blockquote"})
"""What a page is made of. A list that follows its sentence without an empty line would be missing."""
ENV = {"PATH": os.environ["PATH"], "NO_MKDOCS_2_WARNING": "1"}  # noqa: TID251  # a child's PATH

in_a_browser = pytest.mark.skipif(FOUND is None, reason="no Chromium on PATH and none named by ASSAY_TEST_BROWSER")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make check` builds it: a page outside the navigation or a dead link is an error.

    Never with `--quiet`: MkDocs then counts no warning, and nothing is strict.
    """
    home = tmp_path_factory.mktemp("docs") / "site"
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(home)]
    done = subprocess.run(build, cwd=ROOT, env=ENV, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return home


def file_of(page: Path) -> Path:
    """Where a page lies in the site: `how-to/calibrate.md` is `how-to/calibrate/index.html`."""
    return page.parent / "index.html" if page.name == "README.md" else page.with_suffix("") / "index.html"


class Article(HTMLParser):
    """Counts what the text of a page is made of, and gathers the links of its navigation."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.navigation: set[str] = set()
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside |= tag == "article"
        if self._inside and tag in COUNTED:
            self.counts[tag] += 1
        attributes = dict(attrs)
        if tag == "a" and "md-nav__link" in (attributes.get("class") or ""):
            self.navigation.add(attributes.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "article"


def test_every_page_is_reached_from_the_navigation(site: Path) -> None:
    home = Article((site / "index.html").read_text(encoding="utf-8"))
    for page in [*PAGES, *(Path("repository") / name for name in TAKEN_IN)]:
        link = file_of(page).parent.as_posix() + "/"
        assert page == Path("README.md") or link in home.navigation, f"{page} is in no section of mkdocs.yml"


@pytest.mark.parametrize("page", [*PAGES, *(Path("repository") / name for name in TAKEN_IN)], ids=str)
def test_a_page_has_all_that_a_code_host_shows(site: Path, page: Path) -> None:
    source = ROOT / page.relative_to("repository") if page.parts[0] == "repository" else DOCS / page
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(source.read_text(encoding="utf-8"))
    built = Article((site / file_of(page)).read_text(encoding="utf-8"))
    assert built.counts == Article(f"<article>{shown}</article>").counts


def test_the_pages_name_no_file_of_another_host(site: Path) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for tag in ('<script src="http', '<link rel="stylesheet" href="http', '<img src="http', "fonts.googleapis"):
            assert tag not in text, f"{path.relative_to(site)} asks another host: {tag}"


@pytest.mark.parametrize(
    ("src_uri", "text", "expected"),
    [
        ("how-to/a.md", "[card](../../judges/local/CARD.md#x)", "[card](../repository/judges/local/CARD.md#x)"),
        ("repository/README.md", "![w](docs/images/how-it-works.svg)", "![w](../images/how-it-works.svg)"),
        ("repository/judges/local/CARD.md", "[b](../../benchmarks/README.md)", "[b](../../benchmarks/README.md)"),
        ("how-to/a.md", "[rubrics](../../rubrics)", "rubrics"),
        ("how-to/a.md", "[b](b.md), [c](#c), [d](https://example.com/d)", None),
        ("how-to/a.md", "```\n[card](../../judges/local/CARD.md)\n```\n", None),
    ],
)
def test_links_into_the_repository_are_turned(src_uri: str, text: str, expected: str | None) -> None:
    assert turned(text, src_uri) == (text if expected is None else expected)


def test_the_tutorial_prints_what_it_shows(tmp_path: Path) -> None:
    tutorial = (DOCS / "tutorial" / "five-minutes.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^```(json|console|python)\n(.*?)^```", tutorial, re.MULTILINE | re.DOTALL))
    (tmp_path / "own.jsonl").write_text(blocks["json"], encoding="utf-8")
    command, _, shown = blocks["console"].partition("\n")
    for words, expected in (
        (["-P", "-m", "assay.worker.cli", *shlex.split(command.removeprefix("$ assay "))], shown),
        (["-P", "-c", blocks["python"]], "high\ncontradicted: “Parking costs 14 euros a day.” – '14 euros' where "),
    ):
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=ENV, capture_output=True, text=True, check=False,
            timeout=PATIENCE_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout + done.stderr


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site as any server of files serves it."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
            """Say nothing."""

    server = ListeningServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    """Started after the site is built: Playwright's loop runs in this thread from then on."""
    assert address
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=FOUND, chromium_sandbox=False, args=["--disable-gpu", *QUIET]
        )
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A tab on the home page, which may ask nobody but the site and complain of nothing."""
    context = browser.new_context(viewport=DESKTOP, base_url=address)
    context.set_default_timeout(1000 * PATIENCE_S)
    tab = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("response", lambda response: complaints.append(response.url) if response.status >= 400 else None)
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto("")
    yield tab
    assert complaints == []
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
    context.close()


@in_a_browser
@pytest.mark.parametrize("path", ["", "explanation/comparison/", "how-to/write-a-rubric/"])
def test_a_page_is_accessible_and_fits_a_phone(page: Page, path: str) -> None:
    looks: tuple[tuple[ViewportSize, Literal["light", "dark"]], ...] = ((DESKTOP, "light"), (PHONE, "dark"))
    for size, scheme in looks:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.goto(path, wait_until="networkidle")
        scheme_in_force = page.evaluate("document.body.dataset.mdColorScheme")
        assert scheme_in_force == ("slate" if scheme == "dark" else "default")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], f"{path} on {size}"
        assert serious(page) == [], f"{path} on {size}, {scheme}"


@in_a_browser
def test_the_search_finds_a_page_without_a_network(page: Page) -> None:
    page.keyboard.press("s")
    page.get_by_role("textbox", name="Search").fill("dead letters")
    first = page.locator(".md-search-result__link").first
    expect(first).to_contain_text("dead letters", ignore_case=True)
    first.click()
    expect(page.locator("h1")).to_contain_text("dead letters", ignore_case=True)
