"""Makes hostile text safe to put into a prompt: one line, no invisible characters, no delimiters.

Every piece of text under judgement becomes one line that starts with a label of ours. Such text cannot begin a line,
close a fence or open a section, whatever it holds. Look-alikes inside a line are broken up with spaces all the same:
some models and chat templates read them anywhere. What a reader understands of the text stays the same.
"""

from __future__ import annotations

import re

from assay.judges.values.deobfuscate import INVISIBLE

_PLAIN = re.compile(r"(?:[\w.,;!?'\"()%$€£&/+=*#@–—’“”-]+(?: (?! )|\Z))*+\Z")
"""Ordinary prose, as `Refunds take 14 days.`: the rules below leave it as it is.

It is nearly every line, at a tenth of the rules' cost. A text with a bracket or a colon is not plain.
"""

_PLAIN_BYTES = b" " + bytes(code for code in range(128) if code != 32 and _PLAIN.match(chr(code)))
"""The characters of ASCII that ordinary prose is made of."""

_UNENCODABLE = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair, as `\\ud83d` alone."""

_INVISIBLE = re.compile(f"[{INVISIBLE}]")
"""A character that shows nothing, as the zero-width space in `E\\u200b1:`."""

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""White space, line ends and control characters, as `\\r\\n\\t`."""

_FENCE = re.compile(r"[<＜﹤]{3,}|[>＞﹥]{3,}")
"""Three angle brackets in a row, as in `<<<c0ffee EVIDENCE`."""

_TEMPLATE_BAR = re.compile(r"<(?=[|｜])|(?<=[|｜])>")
"""The bracket beside a bar, as both in `<|im_end|>`."""

_TEMPLATE_TAG = re.compile(r"<(?=<?/?(?:s|bos|eos|think|sys|system|user|assistant|start_of_turn|end_of_turn)\b)", re.I)
"""The bracket before a word of a chat template, as in `</s>` or `<<SYS>>`."""

_TEMPLATE_INST = re.compile(r"\[(?=/?INST\b)", re.I)
"""The bracket before an instruction mark, as in `[/INST]`."""

_LABEL = re.compile(r"\b([ERQHB]\d{0,7}):")
"""What looks like a label of ours, as `E12:`."""


def one_line(text: str) -> str:
    """The text as one line that holds nothing a prompt's structure is made of.

    The result is settled: `one_line` changes it no further.
    """
    text = text.strip()
    if _is_plain_ascii(text) if text.isascii() else _PLAIN.match(text) and not _INVISIBLE.search(text):
        return text
    text = _INVISIBLE.sub("", _UNENCODABLE.sub("\ufffd", text))
    text = _FENCE.sub(lambda match: " ".join(match.group()), text)
    text = _TEMPLATE_BAR.sub(lambda match: f" {match.group()} ", text)
    text = _TEMPLATE_TAG.sub("< ", text)
    text = _TEMPLATE_INST.sub("[ ", text)
    text = _LABEL.sub(r"\1 :", text)
    # Last, because the rules above add spaces, also beside other spaces and at the ends.
    return _BLANK.sub(" ", text).strip()


def _is_plain_ascii(text: str) -> bool:
    """Whether `_PLAIN` matches, for ASCII: a table of bytes tells it at a fraction of the pattern's cost."""
    return "  " not in text and not text.encode().translate(None, _PLAIN_BYTES)


def fenced(nonce: str, name: str, lines: list[str]) -> str:
    """A section of the prompt: labelled lines between two lines that carry the nonce."""
    return "\n".join([f"<<<{nonce} {name}", *lines, f"{nonce}>>>"])


def clip(text: str, limit: int) -> str:
    """Head and tail of a text that is longer than `limit` characters, with a mark between them."""
    if len(text) <= limit:
        return text
    tail = limit // 4
    return f"{text[: limit - tail]} […] {text[-tail:]}"
