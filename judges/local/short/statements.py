"""What a question that yes or no answers asks about, as a statement: of `Is it open?` that it is open."""

from __future__ import annotations

import re
from typing import NamedTuple

from assay.judges.local.short.terms import AUXILIARIES, Term, terms_of
from assay.judges.text.sentences import sentence_ranges
from assay.judges.text.words import surface_words, word_set

MOST_READ = 2000
"""Characters of a question that are read, from its end."""

_STATED = re.compile(r"\b(?:true\s(?:or|/)\sfalse|yes\sor\sno|right\sor\swrong)\b\W*(?P<statement>.{8,})", re.I | re.S)
"""A statement to be judged, e.g. `True or false: it rains today.`"""

_LABEL = re.compile(r"^\W{0,4}(?:question|q|query|user)\s?:\s*", re.IGNORECASE)
"""What stands before a question, e.g. `Question: `."""

_TAG = re.compile(
    r",\s(?:right|correct|yes|no|true|(?:is|are|was|were|do|does|did|has|have|can|will)(?:n['’]t)?\s\w{1,12})\?\W*$",
    re.I,
)
"""What makes a question of a statement, e.g. `, right?`."""

_WONDERS = re.compile(r"\b(?:know|wonder(?:ing)?|tell me|check|ask|sure)\s(?:if|whether)\s(?P<statement>.{6,})", re.I)
"""A question in other words, e.g. `I'd like to know if breakfast is included.`"""

_TRUTH = re.compile(
    r"^(?:is|was|isn['’]t)\sit\s(?:(?:also|really|still)\s)?(?P<word>true|correct|right|false|wrong|untrue|incorrect)\sthat\s",
    re.I,
)
"""What asks whether a statement holds, e.g. `Is it true that `."""

_ORDER = re.compile(
    r"^\W*(?:please\s|just\s|only\s){0,2}(?:answer|reply|respond|say|use|give|keep|explain|choose|state|write|return|one)\b",
    re.I,
)
"""What tells how to answer, e.g. `Please answer in one word.`"""

_FALSE = word_set("false wrong untrue incorrect")
"""Words that say that a statement does not hold."""

_NEGATED = re.compile(r"n['’]t$")
"""The end of a negated verb, e.g. `n't`."""

_LICENCE = re.compile(r"^(?:can|may|could)\s(?:i|we|you|one|guests|people)\s", re.I)
"""What begins a question for permission, e.g. `Can I `."""


class Statement(NamedTuple):
    """What is asked.

    Attributes:
        terms: of the statement, its first verb left out.
        turned: whether yes means that it does not hold.
        licence: whether it asks for permission, and begins with the verb of what is permitted.
        verb: which it begins with, left out of the terms: `should`.
    """

    terms: tuple[Term, ...]
    turned: bool = False
    licence: bool = False
    verb: str = ""


def statement_of(question: str) -> Statement | None:
    """What a question that yes or no answers asks about. None for any other."""
    text = question[-MOST_READ:].strip()
    sentences = [_LABEL.sub("", text[start:end]) for start, end in sentence_ranges(text)]
    while len(sentences) > 1 and _ORDER.search(sentences[-1]):
        sentences.pop()
    stated = _STATED.search(text)
    if not sentences:
        return None
    asked = _asked(sentences[-1])
    if asked is None and stated is not None and not _ORDER.search(stated.group("statement")):
        return _plain(stated.group("statement"))
    return asked


def _asked(sentence: str) -> Statement | None:
    """The statement of a sentence that asks."""
    last = sentence.rpartition(": ")[2] if ": " in sentence else sentence
    spoken = surface_words(last)
    if not spoken:
        return None
    truth = _TRUTH.search(last)
    if truth is not None:
        held = _plain(last[truth.end() :])
        return held._replace(turned=truth.group("word").lower() in _FALSE)
    wonders = _WONDERS.search(sentence)
    if spoken[0] in AUXILIARIES and (wonders is None or spoken[1:2] != ["you"]):
        return _inverted(last)
    tag = _TAG.search(sentence)
    if tag is not None:
        return _plain(sentence[: tag.start()])
    return _plain(wonders.group("statement")) if wonders is not None else None


def _plain(text: str) -> Statement:
    return Statement(tuple(terms_of(text)))


def _inverted(question: str) -> Statement:
    """The statement of `Is it open?`. The negation of its first verb says only what is expected: `Isn't it open?`."""
    stripped = question.lstrip(" \"'“(*_")
    licence = _LICENCE.search(stripped)
    rest = stripped[licence.end() :] if licence else stripped.split(maxsplit=1)[-1]
    terms = terms_of(rest, begins_sentence=False)
    verb = _NEGATED.sub("", surface_words(stripped)[0])
    return Statement(tuple(terms), licence=licence is not None, verb=verb)
