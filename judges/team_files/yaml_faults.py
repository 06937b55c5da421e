"""PyYAML's complaints in plain words with a remedy."""

from __future__ import annotations

import re

import yaml

_WORDS = (
    (r"found character '\\t'", "a tab stands where YAML wants spaces; indent with spaces"),
    (r"found character '(.)' that cannot start", "a value cannot begin with {0}; put it in quotes"),
    (r"mapping values are not allowed here", "a second `:` that makes no key here; put the value in quotes"),
    (r"sequence entries are not allowed here", "`- ` makes no list item here; begin the item on a line of its own"),
    (r"found undefined alias '(.+)'", "*{0} names no anchor; put a value that begins with * in quotes"),
    (r"alphabetic or numeric character", "a value that begins with * or & needs quotes; write '*'"),
    (r"expected <block end>", "does not line up with the lines above it; mend the indentation"),
    (r"could not find expected ':'", "a line without `key: value`; add the colon, or mend the indentation"),
    (r"expected ',' or '\]'", "a [ is not closed; close it with ]"),
    (r"expected ',' or '\}'", "a {{ is not closed; close it with }}"),
    (r"expected the node content", "a value is missing, or a [ or {{ is not closed; mend it"),
    (r"unexpected end of stream", "a quote is not closed; close it"),
    (r"unknown escape character '(.+)'", "\\{0} is no escape in double quotes; use single quotes"),
    (r"found unhashable key", "a key is itself a list or keys; put the braces in quotes"),
    (r"constructor for the tag '(.+)'", "the tag {0} is not allowed; remove it"),
    (r"found another document", "a second `---`; keep one document in a file"),
    (r"found duplicate anchor", "an anchor stands twice; rename one of the two"),
)
"""What is wrong and what to do, by PyYAML's words, e.g. `found undefined alias 'bot'`."""

_BEGAN_EARLIER = ("expected ',' or", "expected the node content", "unexpected end of stream")
"""Complaints at the end of the file about something that began earlier: there is the line a person has to see."""


def yaml_fault(exc: yaml.YAMLError, text: str) -> tuple[int | None, str]:
    """The line of a fault, None where it has none, and what is wrong with the remedy.

    Args:
        exc: what PyYAML, or the strict loader, raised.
        text: what was parsed.
    """
    if isinstance(exc, yaml.reader.ReaderError):
        line = text.count("\n", 0, exc.position) + 1
        return line, f"holds the character number {_code(exc.character)}, which is no text; remove it"
    problem = str(getattr(exc, "problem", None) or "not YAML")
    mark = getattr(exc, "problem_mark", None)
    if problem.startswith("but found another document"):
        problem = "found another document"
    if any(words in problem for words in _BEGAN_EARLIER):
        mark = getattr(exc, "context_mark", None) or mark
    return None if mark is None else mark.line + 1, _plain(problem)


def _plain(problem: str) -> str:
    for pattern, words in _WORDS:
        if match := re.search(pattern, problem):
            return "not YAML: " + words.format(*(group[:40] for group in match.groups()))
    return problem if "; " in problem else f"{problem}; mend the YAML"


def _code(character: int | str | bytes) -> str:
    return f"U+{character if isinstance(character, int) else ord(character):04X}"
