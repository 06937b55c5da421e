"""An answer inside JSON: what a reader reads are the sentences among its values, the rest is a shell.

`{"answer": "It opened in 1932.", "confidence": 0.93, "sources": ["doc1"]}` says that it opened in 1932.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from assay.judges.text.form.line_starts import at_line_starts
from assay.judges.text.form.spaces import blank

_LONGEST = 200_000
"""Characters above which JSON is read as plain text."""

_PROSE_WORDS = 3
"""Words a value must have to be a sentence rather than a label: `"category": "billing"` is none."""

_ABOUT_THE_ANSWER = re.compile(
    r"(?:.*_)?(?:confidence|score|prob(?:ability)?|relevance|certainty|id|ids|uuid|index|idx"
    r"|citations?|sources?|references?|refs?|docs?|documents?|urls?|links?|tokens?|usage|timestamp|finish_reason|reasoning"
    r"|thoughts?|thinking|created(?:_at)?|updated(?:_at)?|retrieved(?:_at)?|generated_at|latency(?:_m?s)?|duration_ms|elapsed(?:_m?s)?"
    r"|temperature|top_[kp]|num_(?:citations|sources|documents|chunks|tokens)|metadata|follow_?up(?:_questions)?|related_questions)",
    re.IGNORECASE,
)
"""Keys whose values tell about the answer, e.g. `confidence`, `source_id`; nothing under them is judged."""

_LABEL_KEY = re.compile(
    r"(?:.*_)?(?:type|kind|role|model|version|lang(?:uage)?|tags?|category|intent|page|pages|title|heading|topic"
    r"|sentiment|tone|format|object|label)",
    re.IGNORECASE,
)
"""Keys whose short values are labels, e.g. `category`; a sentence under them states something."""

_DONE = re.compile(
    r"success(?:ful)?|succeeded|ok|done|completed?|error|failed|answered|found|not_found|200", re.IGNORECASE
)
"""How a call ended, which is no statement, e.g. `success`. An order may be `shipped`."""

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
    """The text with the syntax of JSON, and with keys and values that tell about the answer, blanked.

    A value that is no sentence stays with its key: `{"text": …, "owner": "Bob Smith"}` states an owner. JSON without a
    sentence is left as it is, as its keys say what its values are of.
    """
    if "{" not in text and "[" not in text:
        return text
    shown = list(text)
    for start, end in _bodies(text):
        kept = list(_values(text, start, end))
        if not any(value.prose for value in kept) and not _is_about_the_answer(text, start, end, kept):
            continue
        blank(shown, start, end)
        for value in kept:
            _show(text, shown, value)
    return "".join(shown)


def _is_about_the_answer(text: str, start: int, end: int, kept: list[_Value]) -> bool:
    """Whether JSON that stands beside an answer only tells about it: `… {"confidence": 0.93}`."""
    return not kept and any(map(str.isalnum, text[:start] + text[end:]))


def _bodies(text: str) -> Iterator[tuple[int, int]]:
    """Where JSON lies: the whole text, or stretches that begin with a line of their own."""
    read, tried = 0, 0
    for match in at_line_starts(_OPENING, text):
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


class _Value(NamedTuple):
    """A value that states something: where it stands without quotation marks, its key, and whether it is a sentence."""

    start: int
    end: int
    key: tuple[int, int]
    prose: bool


def _values(text: str, start: int, end: int) -> Iterator[_Value]:
    """The values that state something."""
    key = (start, start)
    position = start
    keys: list[tuple[int, int]] = []  # the key each open bracket stands under
    while position < end:
        char = text[position]
        if char in "{[":
            keys.append(key)
            position += 1
        elif char in "}]":
            key = keys.pop() if keys else (start, start)
            position += 1
        elif char == '"':
            match = _STRING_OR_CUT.match(text, position, end)
            if match is None:
                return
            after = match.end()
            while after < end and text[after].isspace():
                after += 1
            if after < end and text[after] == ":":
                key = (position + 1, match.end() - 1)
                position = after + 1
                continue
            closed = match.end() - 1 if match.end() > position + 1 and text[match.end() - 1] == '"' else match.end()
            yield from _value(text, (position + 1, closed), [*keys, key])
            position = match.end()
        else:
            scalar = _SCALAR.match(text, position, end)
            if scalar:
                yield from _value(text, scalar.span(), [*keys, key])
            position = scalar.end() if scalar else position + 1


def _value(text: str, place: tuple[int, int], keys: list[tuple[int, int]]) -> Iterator[_Value]:
    """The value, unless it tells about the answer or is true, false or null."""
    start, end = place
    written = text[start:end]
    names = [text[slice(*key)].strip() for key in keys]
    prose = len(_WORD.findall(written)) >= _PROSE_WORDS
    answers = _ANSWER_KEY.fullmatch(names[-1]) is not None
    about = any(map(_ABOUT_THE_ANSWER.fullmatch, names)) or (not prose and _is_label(names[-1], written))
    if not about and any(map(str.isalnum, written)) and written not in ("true", "false", "null"):
        yield _Value(start, end, keys[-1], prose or (answers and start < end))


def _is_label(key: str, written: str) -> bool:
    """Whether a short value only sorts the answer, or says how the call ended."""
    return _LABEL_KEY.fullmatch(key) is not None or (
        key.lower().endswith("status") and _DONE.fullmatch(written) is not None
    )


def _show(text: str, shown: list[str], value: _Value) -> None:
    """Write a value at its place, escapes read, ended by a full stop where it has none."""
    start, end = value.start, value.end
    shown[start:end] = _nested(text[start:end]) or text[start:end]
    for escape in _ESCAPE.finditer("".join(shown[start:end])):
        written = escape.group()[1:]
        # A `\u` without its four digits is a slip, which JSON that is read with its slips may have.
        meant = chr(int(written[1:], 16)) if len(written) > 1 else _SIMPLE.get(written, written)
        first, last = start + escape.start(), start + escape.end()
        for place in range(first, last):
            shown[place] = " "
        shown[last - 1] = meant if meant.isprintable() or meant == "\n" else " "
    if not value.prose and not any(map(str.isdigit, text[start:end])):
        first, last = value.key
        shown[first:last] = text[first:last].replace("_", " ").replace("\\", " ")
        shown[last] = ":" if first < last else shown[last]
    if end < len(shown) and text[end : end + 1] == '"':
        shown[end] = "." if text[end - 1 : end] not in (".", "!", "?", ":", "。") else " "
    if end + 1 < len(shown) and shown[end + 1] == " ":
        shown[end + 1] = "\n"


def _nested(written: str) -> str:
    """What is left of JSON inside a string of JSON; nothing where there is none."""
    if not written.lstrip().startswith(('{\\"', '[{\\"', '{ \\"')):
        return ""
    return without_json_shell(written.replace('\\"', ' "'))
