"""Tags of HTML and XML that lay a text out, and elements that tell about the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.form.predicates import tells

_TAG = re.compile(
    r"</?(?:b|i|u|em|strong|p|br|ul|ol|li|span|div|code|pre|mark|small|h[1-6]|hr|table|thead|tbody|tr|td|th"
    r"|blockquote|a|sup|sub"
    r"|details|summary|answer|final_answer|response|reply|output|text|html|body|main|section|article|dl|dt|dd"
    r"|font|center"
    r"|head|title|meta|result|results|facts?|claims?|statements?|points?|items?|sentences?|paragraphs?|para)"
    r"(?:\s+[\w:-]{1,30}\s?=[^<>\n]{0,300})?\s{0,2}/?>",
    re.IGNORECASE,
)
"""A tag that only lays text out, e.g. `<b>`, `<br/>`, `<fact id="1">`."""

_ABOUT_TAG = re.compile(
    r"<(?P<name>confidence|score|sources?|citations?|references?)(?:\s[^<>\n]{0,80})?>"
    r"(?P<inside>(?:[^<>]{1,300}+|</?(?:source|citation|ref|id|item|li|url|title)(?:\s[^<>\n]{0,80})?>){0,40})"
    r"</(?P=name)>|<\?xml\b[^<>\n]{0,100}\?>",
    re.IGNORECASE,
)
"""An element that tells about the answer, e.g. `<confidence>0.93</confidence>`."""

_LEVEL = re.compile(
    r"\s*(?:\d{1,3}(?:\.\d{1,6})?\s?%?(?:\s?/\s?\d{1,3})?|(?:very\s)?(?:high|medium|low))\s*", re.IGNORECASE
)
"""How sure an answer is, e.g. `0.93`, `high`."""

_INNER_TAG = re.compile(r"<[^<>]{0,120}>")
"""A tag inside an element, e.g. `<source>`."""


def tags(text: str) -> Iterator[tuple[int, int]]:
    """Tags that lay the text out, and elements that say nothing but how sure an answer is or whence it comes."""
    if "<" not in text:
        return
    for match in _TAG.finditer(text):
        yield match.span()
    for match in _ABOUT_TAG.finditer(text):
        if match.group("name") is None or _is_about(match.group("name").lower(), match.group("inside")):
            yield match.span()


def _is_about(name: str, inside: str) -> bool:
    """Whether an element holds a level or names of sources: `<source>Bob burnt it</source>` states something."""
    if name in ("confidence", "score"):
        return _LEVEL.fullmatch(inside) is not None
    return not tells(_INNER_TAG.sub(" ", inside))
