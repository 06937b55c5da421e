"""A judge model's answer without the reasoning before it, in the forms that servers let through unparsed.

Only for what judge models reply, and wider than what `text/reasoning.py` takes off a response under judgement: whoever
writes a response must not be able to hide a part of it behind a tag. The tags are those of models in use, by the family
of their spelling: `<think>`, `<seed:think>`, `[THINK]`, `◁think▷`, `<|begin_of_thought|>`, `<|START_THINKING|>`.
"""

from __future__ import annotations

import re

from assay.judges.text.json_places import ReadingBudget, json_places
from assay.judges.text.strict_json import NotJson, is_json_object

_NAME = r"(?:[a-z]\w{0,15}[:.-]|longcat_)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|analysis|reflection|scratchpad)"
_OPENED = re.compile(
    rf"\s*(?:<({_NAME})\b[^<>\n]{{0,80}}>|\[({_NAME})\]|◁({_NAME})▷"
    rf"|<\|(?:begin_of_|start_of_|start_)?({_NAME})(?:_start)?\|>|<unused\d+>(thought)\b|<\|channel>(thought)\b)",
    re.IGNORECASE,
)
"""The beginning of reasoning: `<think>`, `[THINK]`, `◁think▷`, `<|begin_of_thought|>`."""

_ENDINGS = (
    r"</{0}\s*>",
    r"\[/{0}\]",
    r"◁/{0}▷",
    r"<\|(?:end_of_|end_|/){0}\|>|<\|{0}_end\|>",
    r"<unused\d+>",
    r"<channel\|>",
)
"""The end of reasoning by the way it began."""

_CLOSED = re.compile("|".join(ending.format(_NAME) for ending in _ENDINGS[:4]), re.IGNORECASE)
"""The end of reasoning whose beginning the chat template wrote itself: `</think>`. Beside it a line begins or ends.

Text under judgement is shown to the model on one line and with its `</think>` broken up. So a model that merely quotes
it writes no such end.
"""

_CHANNEL = re.compile(r"\s*<\|(?:start|channel)\|>")
"""The beginning of a reply in channels: `<|channel|>`."""

_FINAL = re.compile(r"<\|channel\|>final\b[^<>\n]{0,80}(?:<\|constrain\|>\s*\w{0,20}\s*)?<\|message\|>")
"""The beginning of the answer among channels: `<|channel|>final<|message|>`."""

_CHANNEL_END = re.compile(r"<\|(?:end|return|call)\|>\s*\Z")
"""The end of such a reply: `<|return|>`."""

_ANSWER = re.compile(r"[\s\ufeff]*(?:\{|\[\s*[{\[]|```|~~~)")
"""The beginning of an answer without words before it: a brace, a fence as of `~~~json`, a list as `[{`."""

_LINE_BEGUN = re.compile(r"\s*(?:[`~]{3,}\s*\w*\s*|<[^<>\n]{1,60}>\s*)*\Z")
"""What may stand on a line before an object that begins it: blanks, a fence, a tag. A blank alone is enough: ` `."""

_TAIL_MARK = re.compile(r"(?:[`~]{3,}|<[^<>\n]{1,60}>)\Z")
"""What may stand after an object that ends a text: a fence, an end token such as `<|im_end|>`."""

_LONGEST_TEXT = 1_000_000
_LONGEST_ANSWER = 200_000
_LOOSE_CHARS = 8_000
"""Characters of reasoning that may be read loosely: it is read beside other work, which has to wait."""

_MOST_ENDS = 20
_MOST_MARKS = 6
_LONGEST_MARK = 80


def answer_of(text: str, *, is_cut: bool = False) -> str:
    """The text after the model's reasoning. Empty where reasoning was begun and not ended.

    A text that is too long for a reply is given as it is. Of several answers in channels all are given.

    Args:
        text: what the model wrote.
        is_cut: it was cut off at its token limit. What reasoning ends in then is no answer.
    """
    if len(text) > _LONGEST_TEXT:
        return text
    if _CHANNEL.match(text):
        finals = list(_FINAL.finditer(text))
        return _CHANNEL_END.sub("", text[finals[0].end() :]).strip() if finals else ""
    start, end = _blocks_end(text)
    answer = text[end:].lstrip() if end else text
    if end and end > start and not _without_marks(answer):
        return "" if is_cut else answer_in_reasoning(text[start:end])
    return answer if _ANSWER.match(answer) else _after_end(answer)


def answer_in_reasoning(text: str) -> str:
    """The reasoning, where it ends in an object that begins a line of its own. Else empty.

    Some servers take the whole answer for reasoning. What a model merely quotes while it reasons stands within a line:
    text under judgement is shown to it as one. The whole is given, so that another object in it is seen.
    """
    rest = _without_marks(text)
    if not rest.endswith(("}", "]")):
        return ""
    try:
        places = json_places(rest, None, ReadingBudget(_LOOSE_CHARS))
    except NotJson:
        return ""
    if not places or places[-1].end < len(rest):
        return ""
    line = rest[rest.rfind("\n", 0, places[-1].start) + 1 : places[-1].start]
    return rest.strip() if len(line) <= _LONGEST_MARK and _LINE_BEGUN.match(line) else ""


def _without_marks(text: str) -> str:
    """The text without the fences, tags and end tokens it ends with."""
    rest = text.rstrip()
    for _ in range(_MOST_MARKS):
        mark = _TAIL_MARK.search(rest, max(0, len(rest) - _LONGEST_MARK))
        if mark is None:
            break
        rest = rest[: mark.start()].rstrip()
    return rest


def _blocks_end(text: str) -> tuple[int, int]:
    """Where the last block of reasoning at the start begins inside its tags, and where it ends.

    0 and 0 where there is none. A block that is never closed ends with the text, and begins there.
    """
    start = end = 0
    while opened := _OPENED.match(text, end):
        kind = next(number for number, name in enumerate(opened.groups()) if name)
        closing = _ENDINGS[kind].format(re.escape(opened.group(kind + 1)))
        closed = re.compile(closing, re.IGNORECASE).search(text, opened.end())
        if closed is None:
            return len(text), len(text)
        start, end = opened.end(), closed.end()
    return start, end


def _after_end(text: str) -> str:
    """What follows the end of reasoning that shows no beginning. The text itself where there is no such end.

    Reasoning, or a quotation in the answer, may hold further ends. The first end that is followed by one JSON object
    and nothing else is right. Where there is none, the last end shows best what is wrong with the reply.
    """
    marks = _CLOSED.finditer(text, max(0, len(text) - _LONGEST_ANSWER))
    ends = [closed.end() for closed in marks if _is_at_line(text, closed)]
    rests = [text[end:].strip() for end in ends[-_MOST_ENDS:]]
    whole = (rest for rest in rests if rest.startswith(("{", "```")) and is_json_object(rest))
    return next(whole, rests[-1] if rests else text)


def _is_at_line(text: str, mark: re.Match[str]) -> bool:
    """Whether a line begins before a mark or ends after it, blanks aside."""
    before = text[max(0, mark.start() - _LONGEST_MARK) : mark.start()].rstrip(" \t")
    after = text[mark.end() : mark.end() + _LONGEST_MARK].lstrip(" \t")
    return not before or before.endswith("\n") or not after or after.startswith("\n")
