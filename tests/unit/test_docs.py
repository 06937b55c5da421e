"""The documents hold what they promise: links lead somewhere, commands exist, and the prose stays readable."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from docs import cli_reference

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "docs" / "reference" / "cli.md"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "judges/**/*.md", "worker/stores/**/*.md")
    for path in ROOT.glob(pattern)
)
PROSE_COLUMNS = 110
TABLE_COLUMNS = 300
SEMICOLONS_PER_1000_WORDS = 1.0

TOP = ("judges/", "worker/", "tests/", "docs/", "benchmarks/", "deploy/", "rubrics/", "golden_sets/", "src/", ".ci/")
PLACEHOLDER = re.compile(r"[A-Z]{2}|[*…{}<>]")
"""What a reader fills in: `rubrics/NAME.yaml`, `golden_sets/*/golden.lock`."""
EXAMPLES = frozenset({"golden_sets/support-v1", "golden_sets/support-v1/baseline", "rubrics/no-promises.yaml"})
"""Files of the reader's own team, in examples."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def blocks(page: Path) -> Iterator[str]:
    """The content of each fenced block."""
    yield from re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def inline_code(page: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", without_blocks(page))


@cache
def anchors(page: Path) -> frozenset[str]:
    """What the headings of a page are called in a link, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


@every_page
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", without_blocks(page)):
        if re.match(r"[a-z]+:", target):
            continue
        goal = (page.parent / target).resolve() if target else page
        assert goal.exists(), f"{name_of(page)} links to {target}"
        assert not anchor or anchor in anchors(goal), f"{name_of(page)} links to {target}#{anchor}"


@every_page
def test_paths_in_the_text_exist(page: Path) -> None:
    for text in inline_code(page):
        path = text.removeprefix("./")
        if not path.startswith(TOP) or " " in path or PLACEHOLDER.search(path) or path.rstrip("/") in EXAMPLES:
            continue
        assert (ROOT / path.partition(":")[0]).exists(), f"{name_of(page)} speaks of {text}"


@cache
def options_of() -> dict[tuple[str, ...], frozenset[str]]:
    """The options of each command, by its words: `("golden", "run")`."""
    return {
        tuple(command.name.split()): frozenset(
            word for option in command.options for word in (*option.opts, *option.secondary_opts)
        )
        for command in cli_reference.commands()
    }


def command_lines(page: Path) -> Iterator[list[str]]:
    """The words after `assay` of each command line that a page tells the reader to type."""
    lines = [line for block in blocks(page) for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *inline_code(page)]:
        match = re.match(r"\s*(?:\$ )?(?:\S*bin/)?assay (.+)", line)
        if match and not match[1].startswith(("·", "…", "demo ──", "is ")):
            lexer = shlex.shlex(match[1], posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            yield list(_until_the_next_command(lexer))


def _until_the_next_command(words: Iterator[str]) -> Iterator[str]:
    for word in words:
        if re.fullmatch(r"[|;&<>]+", word):
            return
        yield word


def command_of(words: list[str]) -> tuple[str, ...]:
    """The command among the words: as many as name a group or a command, up to an option or a placeholder."""
    command: tuple[str, ...] = ()
    while words[len(command) :] and (command in GROUPS or not command):
        word = words[len(command)]
        if word.startswith("-") or PLACEHOLDER.search(word):
            break
        command += (word,)
    return command


GROUPS = frozenset(words[:-1] for words in options_of() if words)
"""What only begins a command: nothing at all, and `golden`, `rubrics`, `dead`, `labels`."""


def is_open(command: tuple[str, ...], words: list[str]) -> bool:
    """Whether the words name a group and leave its command to the reader: `golden --help`, `golden COMMAND`.

    A group alone runs nothing: `assay drift` ends with "Missing command".
    """
    following = words[len(command) : len(command) + 1]
    return command in GROUPS and bool(following) and (following == ["--help"] or bool(PLACEHOLDER.search(following[0])))


@every_page
def test_commands_and_their_options_exist(page: Path) -> None:
    for words in command_lines(page):
        command = command_of(words)
        assert command in options_of() or is_open(command, words), f"{name_of(page)}: assay {' '.join(words)}"
        asked = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)} - {"--help"}
        unknown = asked - options_of().get(command, frozenset())
        assert not unknown, f"{name_of(page)}: assay {' '.join(words)} has no {', '.join(unknown)}"


def test_a_wrong_command_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Run `assay golden thaw NAME`, then:\n\n```sh\nassay gate x --no-such 1   # really\n```\n")
    assert list(command_lines(page)) == [["gate", "x", "--no-such", "1"], ["golden", "thaw", "NAME"]]
    assert command_of(["golden", "thaw", "NAME"]) == ("golden", "thaw")
    assert ("golden", "thaw") not in options_of()
    assert "--no-such" not in options_of()["gate",]
    assert "--html" in options_of()["gate",]
    assert [is_open(command_of(words), words) for words in (["drift"], ["drift", "--json"])] == [False, False]
    assert [is_open(command_of(words), words) for words in (["golden", "--help"], ["golden", "…"])] == [True, True]


@every_page
def test_lines_fit_a_screen(page: Path) -> None:
    for line in without_blocks(page).splitlines():
        if line.startswith("|"):
            assert len(line) <= TABLE_COLUMNS, f"{name_of(page)}: {line}"
        elif not line.startswith("!["):
            assert len(line) <= PROSE_COLUMNS, f"{name_of(page)}: {line}"


def test_the_prose_has_few_semicolons() -> None:
    text = "\n".join(without_blocks(page) for page in PAGES if page != GENERATED)
    prose = re.sub(r"^\|.*$|`[^`\n]*`", "", text, flags=re.MULTILINE)
    assert prose.count(";") / len(prose.split()) * 1000 <= SEMICOLONS_PER_1000_WORDS


def test_every_page_is_in_the_reading_order() -> None:
    listed = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        path = page.relative_to(ROOT / "docs").as_posix()
        assert path == "README.md" or f"]({path})" in listed or path.startswith("decisions/"), path


def test_the_readme_shows_your_traffic_first_and_folds_the_demo() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.index("## On your own traffic") < text.index("<details>")
    assert "<details open" not in text


def test_the_command_reference_is_current() -> None:
    assert GENERATED.read_text(encoding="utf-8") == cli_reference.page(), "run `make docs`"
