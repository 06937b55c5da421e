"""Which sentences state something that could be wrong, and which responses decline to answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assay.judges.local.features import SentenceView
from assay.judges.text.assertions import asks, is_label
from assay.judges.text.form.courtesy import is_courtesy
from assay.judges.text.form.predicates import tells
from assay.judges.text.refusals import declines, points_elsewhere

_ASSENT = re.compile(r"\W*(?:yes|no|right)(?:[\s,]+(?:thing|sure|there))?\W*", re.IGNORECASE)
"""Assent or denial alone: `Yes.`"""

_HEADING = re.compile(r"^\s*(?:\#{1,6}\s[^\n.]{1,120}|\*\*[^\n*.]{1,80}\*\*:?|[^\n.:]{1,60}:)\s*$")
"""A heading or a label on a line of its own: `**Opening hours**`, `## Prices`, `Ingredients:`."""

_LONGEST = 400
"""Longer sentences say something. It also bounds what the patterns have to read."""


def checkworthy(sentences: Iterable[SentenceView]) -> list[SentenceView]:
    """The sentences that state something the evidence could carry or not."""
    listed = list(sentences)
    stating = [
        sentence
        for sentence in listed
        if not is_refusal(sentence.text) and not states_nothing(sentence.text, sentence.content)
    ]
    return without_pointers(stating, listed)


def without_pointers(stating: Sequence[SentenceView], sentences: Sequence[SentenceView]) -> list[SentenceView]:
    """Nothing, where a response declines and all it does besides is to send elsewhere. Else all that state something.

    Beside an answer, `Please contact the shop` stays: who is to be contacted can be wrong.

    Args:
        stating: the sentences that neither decline nor are courtesies.
        sentences: all sentences of the response.
    """
    if stating and all(points_elsewhere(sentence.text) for sentence in stating):
        return [] if any(is_refusal(sentence.text) for sentence in sentences) else list(stating)
    return list(stating)


def is_refusal(sentence: str) -> bool:
    """Whether the sentence says that there is no answer to give, or no information to give it from, and no more."""
    return declines(sentence)


def states_nothing(sentence: str, content_words: int) -> bool:
    """Whether there is nothing in the sentence to check: a question, a courtesy, a heading, no word of content."""
    if not content_words:
        return True
    if len(sentence) > _LONGEST:
        return False
    if asks(sentence) or is_courtesy(sentence) or _ASSENT.fullmatch(sentence.strip()):
        return True
    if _HEADING.match(sentence) is None:
        return False
    return is_label(sentence) if sentence.rstrip().endswith(":") else not tells(sentence)
