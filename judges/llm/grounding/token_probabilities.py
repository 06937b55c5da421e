"""How probable support is by the model's own tokens, read where the verdict's word stands in the reply.

The verdict is the first key of an entry (`{"supported":1`). The words of verdicts begin differently. The probability of
each word is the sum over all tokens that could have stood there and that begin it. A token may begin two words, as
`not` does, neither of which is support. The sums are normalised over the words that may stand there.

Only an object that keeps to the standard tells anything: inside its strings quotation marks are escaped, so nothing
that it quotes is taken for a key.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate

from assay.judges.llm.grounding.entry_spelling import VERDICT_WORDS
from assay.judges.models.base import Reply, Token

_WORDS = tuple(word.encode() for word in VERDICT_WORDS)
_SUPPORTED = b"supported"
_KEY = re.compile(rb'(?<=[{,])\s*"(' + b"|".join(_WORDS) + rb')"\s*:\s*(\d{1,7})\b')
"""A verdict as a key, as in `{"supported":1`. Inside a string of JSON its quotation marks would be escaped."""

_DECODER = json.JSONDecoder(strict=False)
"""What tells whether an object keeps to the standard. Line ends inside strings are no matter."""

_LEAST_MASS = 0.5
"""Where the alternatives cover less of the probability than this, they say too little of the rest."""


def support_probabilities(reply: Reply, place: tuple[int, int] | None = None) -> Mapping[int, float]:
    """Probability that each sentence is supported, by its number. Sentences whose tokens do not tell are left out.

    Args:
        reply: the model's answer.
        place: where in its text the object stands that was read. None: it is not known, and only a text that is
            nothing but an object tells anything.
    """
    within = _bytes_of(reply, place)
    if within is None:
        return {}
    raw, start, end = within
    ends = list(accumulate(len(token.raw) for token in reply.tokens))
    support: dict[int, float] = {}
    doubled: set[int] = set()
    for key in _KEY.finditer(raw, start, end):
        number, at = int(key.group(2)), bisect_right(ends, key.start(1))
        token = reply.tokens[at]
        p = _support(token, key.start(1) - (ends[at] - len(token.raw)))
        doubled.update({number} & support.keys())
        if p is not None:
            support[number] = p
    return {number: p for number, p in support.items() if number not in doubled}


def _bytes_of(reply: Reply, place: tuple[int, int] | None) -> tuple[bytes, int, int] | None:
    """The bytes of all tokens, and where among them the object stands. None where the tokens are of another text.

    Nor are there any of an object that is read loosely: what it quotes could not be told from its keys.
    """
    text = reply.text
    if not reply.tokens or not text or (place is None and not (text[0] in "{[" and text[-1] in "}]")):
        return None
    raw = b"".join(token.raw for token in reply.tokens)
    begun = raw.rfind(text.encode("utf-8", "replace"))
    if begun < 0:
        return None
    start, end = place or (0, len(text))
    if not _is_standard(text, start, end):
        return None
    before, inside = text[:start].encode("utf-8", "replace"), text[start:end].encode("utf-8", "replace")
    return raw, begun + len(before), begun + len(before) + len(inside)


def _is_standard(text: str, start: int, end: int) -> bool:
    """Whether an object or list stands there that keeps to the standard."""
    try:
        return _DECODER.raw_decode(text, start)[1] == end
    except (ValueError, RecursionError):
        return False


def _support(token: Token, skipped: int) -> float | None:
    """Support's share of the probability of all verdicts at a token. `skipped` bytes of it stand before the word."""
    before = token.raw[:skipped]
    masses = {True: 0.0, False: 0.0}
    for raw, share in token.shares.items():
        begun = raw[skipped:]
        if not raw.startswith(before) or not begun:
            continue
        words = {word for word in _WORDS if word.startswith(begun) or begun.startswith(word)}
        if words:
            masses[words == {_SUPPORTED}] += share
    total = sum(masses.values())
    return masses[True] / total if total >= _LEAST_MASS else None
