"""A judge model's answer without the reasoning before it, in the forms that servers let through unparsed.

Only for what judge models reply, and wider than what `text/reasoning.py` takes off a response under judgement: whoever
writes a response must not be able to hide a part of it behind a tag.
"""

from __future__ import annotations

import re

from assay.judges.text.reasoning import reasoning_end
from assay.judges.text.strict_json import is_json_object

_OPENED = re.compile(r"\s*(?:<(think|thinking|thought|reasoning)\b[^<>\n]{0,80}>|\[(THINK)\])", re.IGNORECASE)
"""The beginning of reasoning: `<think>`, `[THINK]`."""

_CLOSED = re.compile(
    r"(?:(?<=\n)|\A)[ \t]*(?:</think\s*>|\[/THINK\])|(?:</think\s*>|\[/THINK\])(?=[ \t]*(?:\n|\Z))", re.IGNORECASE
)
"""The end of reasoning whose beginning the chat template wrote itself: `</think>`. Beside it a line begins or ends.

Text under judgement is shown to the model on one line and with its `</think>` broken up. So a model that merely quotes
it writes no such end.
"""

_CHANNEL = re.compile(r"\s*<\|(?:start|channel)\|>")
"""The beginning of a reply in channels: `<|channel|>`."""

_FINAL = "<|channel|>final<|message|>"
_CHANNEL_END = re.compile(r"<\|(?:end|return|call)\|>\s*\Z")
"""The end of such a reply: `<|return|>`."""

_MOST_ENDS = 20


def answer_of(text: str) -> str:
    """The text after the model's reasoning. Empty where reasoning was begun and not ended."""
    if _CHANNEL.match(text):
        return _CHANNEL_END.sub("", text.rpartition(_FINAL)[2]).strip() if _FINAL in text else ""
    end = _blocks_end(text)
    answer = text[end:].lstrip() if end else text
    return answer if answer.lstrip().startswith(("{", "```")) else _after_end(answer)


def _blocks_end(text: str) -> int:
    """Where blocks of reasoning at the start end, 0 where there are none."""
    end = reasoning_end(text)
    while opened := _OPENED.match(text, end):
        tag, bracket = opened.groups()
        closing = rf"</{tag}\s*>" if tag else rf"\[/{bracket}\]"
        closed = re.compile(closing, re.IGNORECASE).search(text, opened.end())
        if closed is None:
            return len(text)
        end = closed.end()
    return end


def _after_end(text: str) -> str:
    """What follows the end of reasoning that shows no beginning. The text itself where there is no such end.

    Reasoning, or a quotation in the answer, may hold further ends. The first end that is followed by one JSON object
    and nothing else is right. Where there is none, the last end shows best what is wrong with the reply.
    """
    ends = [closed.end() for closed in _CLOSED.finditer(text)]
    rests = [text[end:].strip() for end in ends[-_MOST_ENDS:]]
    whole = (rest for rest in rests if rest.startswith(("{", "```")) and is_json_object(rest))
    return next(whole, rests[-1] if rests else text)
