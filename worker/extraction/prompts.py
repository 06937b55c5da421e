"""Evidence that an application put into its prompt: tagged documents, or a section under a heading that says so.

Only what is marked as evidence is taken. A system message without such a mark is instructions, and to hold an answer
against instructions would call everything unsupported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NOUNS = (
    r"contexts?|documents?|docs|passages?|excerpts?|sources?|articles?|snippets?|chunks?|evidence|facts|"
    r"(?:search|retrieval|tool) results?|results|knowledge(?: base)?|references?|reference (?:material|text)s?|"
    r"background(?: information)?|source material"
)
_TAG = re.compile(
    r"<(?P<close>/?)(?P<tag>documents?|docs?|contexts?|passages?|sources?|articles?|snippets?|chunks?|excerpts?|evidence|"
    r"search_results?|knowledge(?:_base)?|references?|retrieved_\w{1,20})\b[^<>]{0,200}>",
    re.IGNORECASE,
)
"""A tag around evidence, opening or closing: `<document id="3">`, `</document>`."""
_HEADING = re.compile(
    rf"^[ \t]*(?:(?:\#{{1,6}}[ \t]*|\*\*|=+[ \t]*)(?!end\b)"
    rf"(?:[\w'-]+[ \t]+){{0,3}}(?:{_NOUNS})[ \t]*:?[ \t]*(?:\*\*|=+)?:?"
    rf"|(?!end\b)(?:[\w'-]+[ \t]+){{0,3}}(?:{_NOUNS})[ \t]*:)[ \t]*(?P<rest>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
"""A heading over evidence: `## Retrieved documents`, or `Context: the text begins here`."""
_SENTENCE = re.compile(
    rf"^[^\n]{{0,120}}\b(?:following|below)\b[^\n]{{0,60}}\b(?:{_NOUNS})\b[^\n]{{0,80}}[.:][ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""A sentence that announces evidence: `Answer with the help of the following documents:`."""
_QUESTION = re.compile(
    r"^[ \t]*(?:\#{1,6}[ \t]*|\*\*)?(?:(?:the|user'?s?|customer'?s?|final|my|human|patient)[ \t]+)*"
    r"(?:question|query|user input|user message)[ \t]*(?:\*\*)?[ \t]*:(?:\*\*)?[ \t]*(?P<text>.*?)"
    r"(?=^[^\n]{0,40}\banswer[^\n]{0,20}:[ \t]*$|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
"""The question and all that follows it: `User question: how long is the warranty?`."""
_QUESTION_TAG = re.compile(r"<(question|query|user_input)\b[^>]{0,80}>(.*?)</\1\s*>", re.DOTALL | re.IGNORECASE)
"""`<question>How long is the warranty?</question>`."""
_STOP = re.compile(
    r"^[ \t]*(?:\#{1,6}[ \t]*\S|\*\*[^*\n]{1,40}\*\*[ \t]*:?|(?:[\w'-]+[ \t]+){0,2}"
    r"(?:question|query|answer|instructions?|task|user input|user message|rules)\b[^\n]{0,20}:)",
    re.IGNORECASE | re.MULTILINE,
)
"""What ends a section of evidence: the next heading, `**Rules**`, or `Question:`."""
_ITEM = re.compile(r"^[ \t]*(?:\[\d{1,3}\]|\(\d{1,3}\)|\d{1,3}[.)])[ \t]+", re.MULTILINE)
"""The number of an item: `[1] `, `(2) `, `3. `."""
_DEEPEST = 8
_LONGEST = 400_000
"""Characters looked at: the patterns are linear, but a prompt of megabytes is nobody's question."""


def evidence_in(text: str) -> list[str]:
    """Passages that a prompt marks as evidence; empty if it marks none."""
    text = text[:_LONGEST]
    tagged = list(_tagged(text))
    if tagged:
        return tagged
    return [passage for section in _sections(text) for passage in _items(section)]


def question_in(text: str) -> str:
    """The question in a prompt that holds evidence, too; the whole text where none is marked."""
    tagged = _QUESTION_TAG.search(text[:_LONGEST])
    if tagged:
        return tagged[2].strip()
    marked = list(_QUESTION.finditer(text[:_LONGEST]))
    return marked[-1]["text"].strip() if marked and marked[-1]["text"].strip() else text


def _tagged(text: str) -> Iterator[str]:
    """What stands in the innermost tags, each read once: a prompt may hold thousands that nobody closes."""
    opened: list[tuple[str, int]] = []
    is_innermost = False
    for match in _TAG.finditer(text):
        tag = match["tag"].lower()
        if not match["close"]:
            opened = [*opened[-_DEEPEST:], (tag, match.end())]
            is_innermost = True
        elif opened and opened[-1][0] == tag:
            inner = text[opened.pop()[1] : match.start()].strip()
            if is_innermost and inner:
                yield inner
            is_innermost = False


def _sections(text: str) -> Iterator[str]:
    """What stands under each heading, up to the next heading, the question or the end."""
    end = 0
    starts = sorted([*_HEADING.finditer(text), *_SENTENCE.finditer(text)], key=lambda match: match.start())
    for match in starts:
        if match.start() < end:
            continue
        rest = match.groupdict().get("rest") or ""
        stop = _STOP.search(text, match.end())
        end = stop.start() if stop else len(text)
        section = f"{rest}\n{text[match.end() : end]}".strip()
        if section and not re.match(r"(?i)(end of|none|n/a|\{)", section):
            yield section


def _items(section: str) -> Iterator[str]:
    """The numbered items of a section, or the section as it is."""
    starts = [match.start() for match in _ITEM.finditer(section)]
    if len(starts) < 2 or section[: starts[0]].strip():
        yield section
        return
    for start, end in zip(starts, [*starts[1:], len(section)], strict=True):
        item = _ITEM.sub("", section[start:end], count=1).strip()
        if item:
            yield item
