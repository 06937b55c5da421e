"""Makes hostile text safe to put into a prompt: one line, no invisible characters, no delimiters.

Every piece of text under judgement becomes one line that starts with a label of ours. Text can therefore not begin a
line, close a fence or open a section, whatever it holds; look-alikes inside a line are broken up with spaces all the
same, for models and chat templates that read them anyway. What a reader understands of the text stays the same.
"""

from __future__ import annotations

import re

from assay.judges.values.deobfuscate import INVISIBLE

_PLAIN = re.compile(r"(?:[\w.,;!?'\"()%$€£&/+=*#@–—’“”-]+(?: (?! )|\Z))*+\Z")
"""Ordinary prose, which the rules below leave as it is: nearly every line, at a tenth of their cost."""

_UNENCODABLE = re.compile(r"[\ud800-\udfff]")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_FENCE = re.compile(r"[<＜﹤]{3,}|[>＞﹥]{3,}")
_TEMPLATE_BAR = re.compile(r"<(?=[|｜])|(?<=[|｜])>")
_TEMPLATE_TAG = re.compile(r"<(?=<?/?(?:s|bos|eos|think|sys|system|user|assistant|start_of_turn|end_of_turn)\b)", re.I)
_TEMPLATE_INST = re.compile(r"\[(?=/?INST\b)", re.I)
_LABEL = re.compile(r"\b([ERQHB]\d{0,7}):")


def one_line(text: str) -> str:
    """The text as one line that holds nothing a prompt's structure is made of."""
    text = text.strip()
    if _PLAIN.match(text):
        return text
    text = _INVISIBLE.sub("", _UNENCODABLE.sub("\ufffd", text))
    text = _BLANK.sub(" ", text).strip()
    text = _FENCE.sub(lambda match: " ".join(match.group()), text)
    text = _TEMPLATE_BAR.sub(lambda match: f" {match.group()} ", text)
    text = _TEMPLATE_TAG.sub("< ", text)
    text = _TEMPLATE_INST.sub("[ ", text)
    return _LABEL.sub(r"\1 :", text)


def fenced(nonce: str, name: str, lines: list[str]) -> str:
    """A section of the prompt: labelled lines between two lines that carry the nonce."""
    return "\n".join([f"<<<{nonce} {name}", *lines, f"{nonce}>>>"])


def clip(text: str, limit: int) -> str:
    """Head and tail of a text that is longer than `limit` characters, with a mark between them."""
    if len(text) <= limit:
        return text
    tail = limit // 4
    return f"{text[: limit - tail]} […] {text[-tail:]}"
