"""What of a model's words is its answer: not what it thought aloud, and not a call of a tool written as text."""

from __future__ import annotations

import re

_TAGS = (
    r"think|thinking|thought|thoughts|reasoning|reflection|scratchpad|antthinking|inner_monologue|seed:think|analysis"
)
_THOUGHT = re.compile(
    rf"<(?P<tag>{_TAGS})\b[^<>]{{0,80}}>.*?(?:</(?P=tag)\s*>|\Z)"
    r"|\[THINK\].*?(?:\[/THINK\]|\Z)|◁think▷.*?(?:◁/think▷|\Z)"
    r"|<unused94>.*?(?:<unused95>|\Z)|<\|channel>\s*(?:thought|analysis)\b.*?(?:<channel\|>|\Z)"
    r"|&lt;think(?:ing)?&gt;.*?(?:&lt;/think(?:ing)?&gt;|\Z)"
    r"|<details\b[^<>]{0,80}type=[\"']reasoning[\"'][^<>]{0,120}>.*?(?:</details>|\Z)"
    r"|Here(?:'s| is) my thought process:?.*?Here(?:'s| is) my response:?"
    r"|<\|(?:begin_of_thought|START_THINKING)\|>.*?(?:<\|(?:end_of_thought|END_THINKING)\|>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
"""A thought in its tags: `<think>Maybe 45? No, 30.</think>`. One that never ends is all the model gave."""
_OPENING = re.compile(r"^[ \t]*<(?P<tag>think|thinking|antthinking)>", re.MULTILINE | re.IGNORECASE)
"""A thought that begins a line: `<thinking>`."""
_BLANK = re.compile(r"\s*")
_CLOSING = re.compile(r"^[ \t]*(?:</think(?:ing)?>|\[/THINK\]|◁/think▷)[ \t]*$", re.MULTILINE | re.IGNORECASE)
"""The closing tag of a template that gave the opening one itself: `</think>` alone on its line."""
_CHANNEL = re.compile(
    r"<\|channel\|>\s*(?P<name>\w+)[^<]{0,80}<\|message\|>(?P<text>.*?)(?=<\|(?:end|start|return|call)\|>|\Z)",
    re.DOTALL,
)
"""A channel of gpt-oss: `<|channel|>analysis<|message|>`."""
_ANSWER_TAG = re.compile(
    r"\s*(?:<\|?(?P<tag>answer|final_answer|response|output|begin_of_solution|begin_of_box)\|?>)\s*(?P<text>.*?)\s*"
    r"(?:</(?:answer|final_answer|response|output)>|<\|end_of_(?:solution|box)\|>)\s*",
    re.DOTALL | re.IGNORECASE,
)
"""An answer in tags of its own: `<answer>30 days</answer>`."""
_REACT = re.compile(r"\s*(?:Thought\s*:|Action\s*:[^\n]{0,200}\n\s*Action Input\s*:)", re.IGNORECASE)
_REACT_END = re.compile(r"^[ \t]*(?:Final Answer|Answer)[ \t]*:[ \t]*", re.MULTILINE | re.IGNORECASE)
_REACT_ACTION = re.compile(r"^[ \t]*Action(?: Input)?[ \t]*:", re.MULTILINE | re.IGNORECASE)
"""Steps of an agent that writes them out: `Thought: I know.`, `Action: search`, `Final Answer: 30 days`."""
_CALL = re.compile(
    r"\s*(?:<(?:tool_call|function_calls?|invoke|tool_use|function=[\w.-]{1,80}|\|tool_call\|?|\|python_tag\|"
    r"|｜tool▁calls?▁begin｜|｜DSML｜\w{0,40}|[\w-]{1,30}:(?:tool_call|function_calls?|invoke))[^<>]{0,120}>"
    r"|\[TOOL_CALLS\]|functools\[)",
    re.IGNORECASE,
)
"""A call of a tool as models write it: `<tool_call>{"name": "search"}</tool_call>`."""
_PYTHON_CALL = re.compile(
    r"\s*(?:\[\s*(?:[a-z_][\w.]{0,60}\((?:\s*\w+\s*=[^()\n]{0,300})?\)\s*,?\s*){1,20}\]"
    r"|[a-z_][\w.]{0,60}\(\s*\{[^{}]{0,2000}\}\s*\)|[a-z]\w{0,40}_\w{1,40}\(\s*\w+\s*=[^()\n]{0,300}\))\s*"
)
"""Calls as Llama and others write them, in Python: `[search(q="tent")]`, `search({"q": "tent"})`."""
_SPEAKER = re.compile(
    r"\Aassistant: (?=\S)|\A\s*(?:<\|start_header_id\|>assistant<\|end_header_id\|>|<\|im_start\|>assistant\n)\s*"
)
"""How a reply begins that was written by `str`, or with its template: `assistant: 30 days`. LlamaIndex, Llama."""
_BARE_CHANNELS = re.compile(r"\Aanalysis(?=[A-Z]).*?assistantfinal(?=\S)", re.DOTALL)
"""Channels of gpt-oss whose marks a decoder left out: `analysisMaybe 45?assistantfinal30 days`."""
_FIELD = re.compile(r"^\[\[ ## (?P<name>\w+) ## \]\][ \t]*$", re.MULTILINE)
"""A field of a reply to DSPy: `[[ ## answer ## ]]`."""
_SPECIAL = re.compile(r"<\|(?:im_end|eot_id|endoftext|end|end_of_turn|return)\|>\s*\Z|<end_of_turn>\s*\Z|</s>\s*\Z")
"""A mark of the template at the end: `<|im_end|>`."""


def spoken(text: str) -> tuple[str | None, str]:
    """The answer in a model's words; None and why where there is none."""
    if "<|channel|>" in text:
        return _final_channel(text)
    text = _BARE_CHANNELS.sub("", text, count=1)
    text = _SPEAKER.sub("", _SPECIAL.sub("", text), count=1)
    if text in {"None", "assistant: None"}:
        return None, "the word None"
    if text.lstrip().startswith("[[ ## "):
        text = _last_field(text)
    return _after_steps(text) if _REACT.match(text) else _after_thoughts(text)


def _after_thoughts(text: str) -> tuple[str | None, str]:
    answer = _without_thoughts(text)
    if not answer.strip():
        return None, "only a thought"
    if _CALL.match(answer) or _PYTHON_CALL.fullmatch(answer):
        return None, "only a call of a tool"
    tagged = _ANSWER_TAG.fullmatch(answer)
    return (tagged["text"] if tagged and tagged["text"] else answer), ""


def _last_field(text: str) -> str:
    """The last field of a reply that is no reasoning."""
    marks = list(_FIELD.finditer(text))
    ends = [*[mark.start() for mark in marks[1:]], len(text)]
    fields = [(mark["name"], text[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True)]
    told = [content for name, content in fields if name not in {"reasoning", "rationale", "completed"} and content]
    return told[-1] if told else text


def _without_thoughts(text: str) -> str:
    """The text without thoughts at its start, and without those that begin a line later on."""
    closing = _CLOSING.search(text)
    if closing and "```" not in text[: closing.start()] and not _THOUGHT.search(text, 0, closing.start()):
        return text[closing.end() :].lstrip("\r\n")
    start = _BLANK.match(text).end()  # type: ignore[union-attr]  # it matches the empty text, too
    has_thought = False
    while match := _THOUGHT.match(text, start):
        has_thought = True
        start = _BLANK.match(text, match.end()).end()  # type: ignore[union-attr]
    return _without_later_thoughts(text[start:] if has_thought else text)


def _without_later_thoughts(text: str) -> str:
    """Models that think between their tools do so in tags of their own; in a block of code such tags are text."""
    if "```" in text:
        return text
    kept, end = [], 0
    for opening in _OPENING.finditer(text):
        if opening.start() < end:
            continue
        closing = re.compile(rf"</{re.escape(opening['tag'])}\s*>\s*", re.IGNORECASE).search(text, opening.end())
        if closing is None:
            break
        kept.append(text[end : opening.start()])
        end = closing.end()
    return "".join([*kept, text[end:]]) if end else text


def _final_channel(text: str) -> tuple[str | None, str]:
    """The `final` channel of gpt-oss; the others are thoughts and calls."""
    finals = [match["text"] for match in _CHANNEL.finditer(text) if match["name"] == "final"]
    answer = _SPECIAL.sub("", finals[-1]).strip() if finals else ""
    return (answer, "") if answer else (None, "only a thought")


def _after_steps(text: str) -> tuple[str | None, str]:
    ends = list(_REACT_END.finditer(text))
    if ends and text[ends[-1].end() :].strip():
        return text[ends[-1].end() :].strip(), ""
    if _REACT_ACTION.search(text):
        return None, "only a call of a tool"
    return text, ""
