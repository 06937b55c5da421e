"""An answer inside JSON: what a reader reads are the sentences among its values, the rest is a shell.

`{"answer": "It opened in 1932.", "confidence": 0.93, "sources": ["doc1"]}` says that it opened in 1932.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from assay.judges.text.form.spaces import blank

_LONGEST = 200_000
"""Characters above which JSON is read as plain text."""

_PROSE_WORDS = 3
"""Words a value must have to be a sentence rather than a label: `"category": "billing"` is none."""

_ABOUT_THE_ANSWER = re.compile(
    r"(?:.*_)?(?:confidence|score|prob(?:ability)?|relevance|certainty|id|ids|uuid|index|idx|type|kind|role|model|version"
    r"|lang(?:uage)?|status|citations?|sources?|references?|refs?|docs?|documents?|urls?|links?|tags?|category|intent"
    r"|tokens?|usage|timestamp|finish_reason|reasoning|thoughts?|page|pages)",
    re.IGNORECASE,
)
"""Keys whose values tell about the answer, e.g. `confidence`, `source_id`; nothing under them is judged."""

_ANSWER_KEY = re.compile(
    r"(?:.*_)?(?:answer|response|result|output|reply|text|content|message|value|antwort|réponse|respuesta|risposta|resposta|回答|答案)",
    re.IGNORECASE,
)
"""Keys whose value is the answer however short it is, e.g. `answer`, `final_answer`."""

_STRING_OR_CUT = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?$)', re.DOTALL)
"""A string of JSON, e.g. `"a \\"b\\" c"`; at the end of the text it may be cut off."""

_OPENING = re.compile(
    r'(?:^|(?<=\n))[ \t]{0,8}(?:```[\w+-]{0,20}\s{1,8})?(?P<body>(?:\[\s{0,8})?\{\s{0,20}"[^"\n]{1,60}"\s?:'
    r'|\[\s{0,8}"[^"\n]{1,400}",?)'
)
"""How JSON begins on a line, e.g. `{"answer": `."""

_BARE_WORD = re.compile(r"(?!(?:true|false|null|e)\b)[^\W\d_]+")
"""A word outside of strings, which JSON has not, e.g. `However`."""

_CONFIDENCE_LINE = re.compile(
    r"(?:^|(?<=\n))[ \t*_>-]{0,6}(?:confidence|certainty|relevance)(?:[ _](?:score|level))?"
    r"[*_]{0,2}[ \t]?[:=][*_]{0,2}[ \t]{0,3}"
    r"(?:\d{1,3}(?:\.\d{1,6})?[ \t]?%?(?:[ \t]?/[ \t]?\d{1,3})?|(?:very[ \t])?(?:high|medium|low))"
    r"[ \t.*_]{0,4}(?=\n|$)",
    re.IGNORECASE,
)
"""A line that tells how sure the answer is, e.g. `confidence: 0.93`."""

_DECODER = json.JSONDecoder()
_MOST_BODIES = 50
"""Places where JSON is looked for: each may read the rest of the text once."""

_SCALAR = re.compile(r"-?\d[\d.eE+-]*|true|false|null")
"""A value without quotation marks, e.g. `45.99`."""

_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
"""A character written after a backslash, e.g. `\\"`."""

_WORD = re.compile(r"[^\W_]+")
"""A word, e.g. `it`."""

_SIMPLE = {"n": "\n", "t": " ", "r": " ", "b": " ", "f": " ", "/": "/", '"': " ", "\\": "\\"}


def without_json_shell(text: str) -> str:
    """The text with the syntax, keys and short values of JSON blanked; what stands around the JSON stays.

    Values with digits stay where their key is not about the answer: `{"text": …, "total": 45.99}` states a total. JSON
    without a sentence is left as it is, as its keys say what its values are of.
    """
    shown = list(text)
    for start, end in _bodies(text):
        kept = list(_values(text, start, end))
        if not any(prose for _, _, prose in kept) and not _is_about_the_answer(text, start, end, kept):
            continue
        blank(shown, start, end)
        for first, last, _ in kept:
            _show(text, shown, first, last)
    for match in _CONFIDENCE_LINE.finditer(text):
        blank(shown, match.start(), match.end())
    return "".join(shown)


def _is_about_the_answer(text: str, start: int, end: int, kept: list[tuple[int, int, bool]]) -> bool:
    """Whether JSON that stands beside an answer only tells about it: `… {"confidence": 0.93}`."""
    return not kept and any(map(str.isalnum, text[:start] + text[end:]))


def _bodies(text: str) -> Iterator[tuple[int, int]]:
    """Where JSON lies: the whole text, or stretches that begin with a line of their own."""
    read, tried = 0, 0
    for match in _OPENING.finditer(text):
        if match.start() < read or tried >= _MOST_BODIES:
            continue
        tried += 1
        end = _end_of_json(text, match.start("body"))
        if end is not None:
            yield match.start("body"), end
            read = end


def _end_of_json(text: str, start: int) -> int | None:
    """Where the JSON that begins here ends; JSON with a slip, or cut off, is read where nothing follows it."""
    if len(text) - start > _LONGEST:
        return None
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        rest = _STRING_OR_CUT.sub("", text[start:])
        return len(text) if not _BARE_WORD.search(rest) else None


def _values(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """The values that state something, as (start, end, whether it is prose), without quotation marks."""
    key = ""
    position = start
    keys: list[str] = []  # the key each open bracket stands under
    while position < end:
        char = text[position]
        if char in "{[":
            keys.append(key)
            position += 1
        elif char in "}]":
            key = keys.pop() if keys else ""
            position += 1
        elif char == '"':
            match = _STRING_OR_CUT.match(text, position, end)
            if match is None:
                return
            after = match.end()
            while after < end and text[after].isspace():
                after += 1
            if after < end and text[after] == ":":
                key = text[position + 1 : match.end() - 1]
                position = after + 1
                continue
            closed = match.end() - 1 if match.end() > position + 1 and text[match.end() - 1] == '"' else match.end()
            yield from _value(text, position + 1, closed, [*keys, key])
            position = match.end()
        else:
            scalar = _SCALAR.match(text, position, end)
            if scalar:
                yield from _value(text, *scalar.span(), [*keys, key])
            position = scalar.end() if scalar else position + 1


def _value(text: str, start: int, end: int, keys: list[str]) -> Iterator[tuple[int, int, bool]]:
    written = text[start:end]
    prose = len(_WORD.findall(written)) >= _PROSE_WORDS
    about = any(_ABOUT_THE_ANSWER.fullmatch(key) for key in keys)
    answers = bool(keys) and _ANSWER_KEY.fullmatch(keys[-1]) is not None
    if not about and (prose or answers or any(map(str.isdigit, written))):
        yield start, end, prose or (answers and start < end)


def _show(text: str, shown: list[str], start: int, end: int) -> None:
    """Write a value at its place, escapes read, ended by a full stop where it has none."""
    shown[start:end] = text[start:end]
    for escape in _ESCAPE.finditer(text, start, end):
        written = escape.group()[1:]
        meant = chr(int(written[1:], 16)) if written[0] == "u" else _SIMPLE.get(written, written)
        first, last = escape.span()
        for place in range(first, last):
            shown[place] = " "
        shown[last - 1] = meant if meant.isprintable() or meant == "\n" else " "
    if end < len(shown) and text[end : end + 1] == '"':
        shown[end] = "." if text[end - 1 : end] not in (".", "!", "?", ":", "。") else " "
    if end + 1 < len(shown) and shown[end + 1] == " ":
        shown[end + 1] = "\n"
