"""Sentences that state something about the world, whoever says that they do not.

Told by form alone and for English: what is about the talk itself (`I can help you`), asks, declines, or is too short to
be wrong is none.
"""

from __future__ import annotations

import re

from assay.judges.text.form.courtesy import is_courtesy
from assay.judges.text.languages import likely_languages
from assay.judges.text.refusals import clauses, declines
from assay.judges.text.words import STOP_WORDS, surface_words, word_set

LEAST_CONTENT = 3
"""Content words of a statement whose subject is named."""

LEAST_CONTENT_AFTER_PRONOUN = 4
"""The same where it begins with a pronoun: `It is fun` is small talk more often than not."""

_TALK = word_set(
    "i i'm i've i'd i'll me my mine we we're we've we'd we'll us our you you're you've you'd you'll your yours please "
    "let let's thanks thank hi hello hey sorry oh wow yeah haha lol hmm"
)
"""Words of the talk itself. A sentence with one of them is about the speakers."""

_PRONOUNS = word_set("it it's that that's this these those they they're he he's she she's there there's what such")
_OPINION = word_set(
    "great good nice fun funny interesting cool amazing awesome beautiful wonderful fascinating crazy love "
    "loved lovely best worst bad terrible awful sad happy glad impressive incredible true right wrong sounds "
    "seems guess hope sure"
)
"""Words of a judgement of taste, as in `The movie is great fun`: nobody checks it."""

_ASKS = re.compile(
    r"\W*(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|can|could|would|will|should|shall|may"
    r"|have|has|had|am|isn't|aren't|don't|doesn't|didn't|wouldn't|couldn't)\b",
    re.IGNORECASE,
)
"""The first word of a question: `Did`."""

_MARK = re.compile(r"[?？؟][\s\"'”’)\]*_]*\Z")
"""The end of a question: `?"` in `Did it rain?"`."""

_VERBS = word_set("is are was were has have had will can must may costs cost takes opens closes")
_DIGIT = re.compile(r"\d")
"""A digit of any script: `7`."""


def asks(sentence: str) -> bool:
    """Whether the sentence is a question: by its mark, unless it states a value in the order of a statement."""
    return _MARK.search(sentence) is not None and not _states_value(sentence)


def is_label(sentence: str) -> bool:
    """Whether what ends in a colon only leads to what follows: `Ingredients:`, not `Admission is 99 dollars:`."""
    return not (_states_value(sentence) or (len(surface_words(sentence)) > LEAST_CONTENT and asserts(sentence)))


def _states_value(sentence: str) -> bool:
    """Whether a clause has the order of a statement, a finite verb and a number: `the dose is 500 mg, right?`."""
    for clause in clauses(sentence[:400]):
        spoken = surface_words(clause.text)
        if len(spoken) < LEAST_CONTENT or _ASKS.match(clause.text) or spoken[0] in _TALK:
            continue
        if _DIGIT.search(clause.text) and not _VERBS.isdisjoint(spoken[1:-1]):
            return True
    return False


def asserts(sentence: str) -> bool:
    """Whether the sentence surely states something of the world. English only: elsewhere the form does not tell."""
    spoken = surface_words(sentence)
    content = [word for word in spoken if word not in STOP_WORDS and len(word) > 1]
    pronoun = bool(spoken) and spoken[0] in _PRONOUNS
    if len(content) < (LEAST_CONTENT_AFTER_PRONOUN if pronoun else LEAST_CONTENT) or not _TALK.isdisjoint(spoken):
        return False
    if not _OPINION.isdisjoint(spoken) or _MARK.search(sentence) or _ASKS.match(sentence):
        return False
    if is_courtesy(sentence) or declines(sentence) or not _has_verb(spoken):
        return False
    return likely_languages(sentence) == {"en"}


def _has_verb(spoken: list[str]) -> bool:
    """Whether a word after the first may be a verb, or stands only in sentences: names and titles have none."""
    return any(word in STOP_WORDS or word in _VERBS or word.endswith(("s", "ed")) for word in spoken[1:])
