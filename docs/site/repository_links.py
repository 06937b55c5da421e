"""A hook of MkDocs: what pages link to outside docs/ becomes part of the site, below `repository/`.

On a code host `../../judges/local/CARD.md` leads to the file. A site holds docs/ alone, so the hook takes the files in
that pages link to, Markdown as pages, anything else as it is, and turns the links to where they lie in the site. What
such a page links to is taken in too. A folder has no page: its link becomes plain text.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from textwrap import indent

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = "docs/"
TAKEN_IN = "repository/"
"""Where a file of the repository lies in the site: `repository/judges/local/CARD.md`."""

STARTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
"""Pages of the repository that the navigation names, whoever links to them."""

SEARCH = 'data-md-component="search" role="dialog"'
"""The theme's search dialog, which it leaves without a name."""

BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
"""A fenced block, in which nothing is a link."""
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
"""`[the card](../judges/local/CARD.md#limits)`, also an image."""
IN_A_LIST = re.compile(r"^(?P<indent> {2,3})```.*?^(?P=indent)```$", re.MULTILINE | re.DOTALL)
"""A fenced block in an item of a list, as deep as the item's text. The site's Markdown asks for four columns."""
ELSEWHERE = re.compile(r"[a-z]+:|/")
"""`https://…`, `mailto:…`: not a file of the repository."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take in the files outside docs/ that the navigation or a page names, and those that they name in turn."""
    waiting = [*STARTS, *(DOCS + file.src_uri for file in files.documentation_pages())]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        if not path.startswith(DOCS):
            files.append(File.generated(config, TAKEN_IN + path, abs_src_path=str(ROOT / path)))
        if path.endswith(".md"):
            for target in _outside(path):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page to where the files lie in the site, and let the site read what code hosts read.

    Blocks in lists are moved to the right, and Markdown inside `<details>` is Markdown.
    """
    deepened = IN_A_LIST.sub(lambda block: indent(block[0], " " * (4 - len(block["indent"]))), markdown)
    return turned(deepened, page.file.src_uri).replace("<details>", '<details markdown="1">')


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Give the search dialog a name, which screen readers say."""
    return output.replace(SEARCH, f'{SEARCH} aria-label="Search"')


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """The same for the page that is shown where none is."""
    return output_content.replace(SEARCH, f'{SEARCH} aria-label="Search"')


def turned(markdown: str, src_uri: str) -> str:
    """The page's text with each link into the repository turned to the site's own copy.

    Args:
        markdown: as it lies in the repository.
        src_uri: where the page lies in the site, `how-to/calibrate.md` or `repository/README.md`.
    """
    path = path_of(src_uri)
    edges = [0, *(edge for block in BLOCK.finditer(markdown) for edge in block.span()), len(markdown)]
    parts = [markdown[start:end] for start, end in pairwise(edges)]
    return "".join(
        part if number % 2 else LINK.sub(lambda link: _turn(link, path), part) for number, part in enumerate(parts)
    )


def path_of(src_uri: str) -> str:
    """Where a page of the site lies in the repository: `docs/runbook.md`, `README.md`."""
    return src_uri.removeprefix(TAKEN_IN) if src_uri.startswith(TAKEN_IN) else DOCS + src_uri


def place_of(path: str) -> str:
    """Where a file of the repository lies in the site: `runbook.md`, `repository/README.md`."""
    return path.removeprefix(DOCS) if path.startswith(DOCS) else TAKEN_IN + path


def _turn(link: re.Match[str], path: str) -> str:
    target = _target(path, link["target"])
    if target is None:
        return link[0]
    if (ROOT / target).is_dir():
        return link["text"]
    place = posixpath.relpath(place_of(target), posixpath.dirname(place_of(path)) or ".")
    return f"{link['image']}[{link['text']}]({place}{link['anchor'] or ''})"


def _outside(path: str) -> Iterator[str]:
    """The files outside docs/ that a page links to."""
    text = BLOCK.sub("", (ROOT / path).read_text(encoding="utf-8"))
    for link in LINK.finditer(text):
        target = _target(path, link["target"])
        if target and not target.startswith(DOCS) and (ROOT / target).is_file():
            yield target


def _target(path: str, link: str) -> str | None:
    """The file of the repository that a link of the page at `path` means. None: it leads elsewhere."""
    if ELSEWHERE.match(link):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
