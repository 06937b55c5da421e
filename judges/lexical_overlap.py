"""Whether a piece of evidence has anything to do with a claim: a shared word, a shared part of one, or a shared value.

A tie is necessary for support, and far from enough. Its absence is decided only within one script and one language that
both texts are known to be in. A true translation shares no word with its source, so where either may be in another
language the claim is left to the judge, and said to be unchecked. What a foreign number is worth is for rule `values`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache

from assay.judges.text.bounded_marks import normalized
from assay.judges.text.languages import ALL_SMALL_WORDS, OTHER, UNSPACED, likely_languages, script
from assay.judges.text.words import STOP_WORDS, WordTable, stem, surface_words, word_set
from assay.judges.values import extract_values, value_index

GRAM = 5
"""Letters in a row that two words must share to count as related, where their stems differ."""

_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
"""A run of a script without blanks between words, as `東京タワー`."""

_GRAMMAR_ONLY = re.compile("[\u3040-\u309f]+")
"""Hiragana alone, as `です`.

Pairs of them are endings and particles. What a Japanese sentence is about is written otherwise.
"""

_ASSENT = word_set(
    "yes yeah yep right correct true indeed exactly absolutely sure agree course definitely certainly nope nah false "
    "incorrect wrong untrue oui vrai faux doch stimmt richtig falsch wahr verdadero falso cierto claro vero certo "
    "verdadeiro certo errado waar onwaar klopt evet hayır doğru yanlış да нет верно неверно так ні tak nie prawda "
    "fałsz sant falskt sandt falsk نعم لا صحيح خطأ हाँ नहीं हां सही गलत হ্যাঁ না"
)
"""Words that say yes or no to a question and nothing else. What they affirm or deny stands in the question."""

_PRONOUN_FIRST = re.compile(r"\W*(?:(?:yes|no)\b\W*)?(?:it|they|this|that|these|those|he|she|there)\b", re.IGNORECASE)
"""The start of a sentence about what was asked: `It is`, `Yes, they`."""

_FEW_TERMS = 3
_LEAST_SHARED = 2
_LONGEST_WORD = 40
_MOST_CHARS = 200_000
_LANGUAGE_CHARS = 4000


class Tie(StrEnum):
    """What connects a claim with its evidence."""

    SHARED = "shared"
    NONE = "none"
    UNDECIDED = "undecided"


def tie(claim: str, evidence: str, *, question: str = "", beside: str = "") -> Tie:
    """Whether evidence and claim share anything that says something.

    Nothing shared tells against a claim only within one language. Where one of the two may be in another, nothing is
    decided: a true translation shares no word either.

    Args:
        claim: what is said to be supported.
        evidence: the passages it is said to rest on.
        question: what was asked. Read with a claim that says nothing by itself (`Yes, it does.`), and for the language
            of one that does not tell (`Lyon`).
        beside: text around the evidence, for the language of a passage that does not tell.
    """
    claim, evidence, question = claim[:_MOST_CHARS], evidence[:_MOST_CHARS], question[:_MOST_CHARS]
    stated, terms = claim, content_terms(claim)
    if not terms:
        stated, terms = f"{claim} {question}", content_terms(question)
    if evidence.isascii() and not terms.isdisjoint(map(_TERMS.__getitem__, surface_words(evidence))):
        return Tie.SHARED  # as most claims do: that the evidence is read no further
    known = content_terms(evidence)
    if not terms.isdisjoint(known) or _related(terms, known) or _shares_value(stated, evidence):
        return Tie.SHARED
    if _comparable(claim, question, evidence, beside) and not _may_be_reworded(claim):
        return Tie.NONE
    return Tie.UNDECIDED


def tied_to_a_line(claim: str, lines: Sequence[str], *, question: str = "") -> bool:
    """Whether one of many lines shares more with the claim than chance.

    A sentence drawn at random shares a word with some line of 40 of another text in 59 of 100 cases, two words with
    the same line in 13. Of true sentences 3 % have no line of theirs with two.
    """
    terms = content_terms(claim[:_MOST_CHARS]) or content_terms(question[:_MOST_CHARS])
    least = min(_LEAST_SHARED, len(terms))
    if any(_shared(terms, content_terms(line[:_MOST_CHARS])) >= least for line in lines):
        return True
    return _shares_value(claim[:_MOST_CHARS], "\n".join(lines)[:_MOST_CHARS])


def _shared(terms: frozenset[str], known: frozenset[str]) -> int:
    """How many of the terms the known ones have, or have a related one of."""
    equal = terms & known
    grams = _grams(known)
    related = sum(not _grams(frozenset({term})).isdisjoint(grams) for term in terms - equal)
    return len(equal) + related


def _may_be_reworded(claim: str) -> bool:
    """Whether the claim tells so little that other words may say it all, as `It is free of charge initially` does.

    It speaks of what was asked (`it`), in at most three words of content, and names no value. Of true sentences that
    share nothing with their source a quarter are such, of sentences beside an unrelated line 1 %.
    """
    if _PRONOUN_FIRST.match(claim) is None:
        return False
    return 1 <= len(content_terms(claim)) <= _FEW_TERMS and not extract_values(claim)


def _comparable(claim: str, question: str, evidence: str, beside: str) -> bool:
    """Whether the claim would share a word with evidence that supports it: one script, one language."""
    scripts = script(claim), script(evidence)
    if None in scripts:
        return True  # numbers alone, or look-alike letters of another script
    if scripts[0] != scripts[1]:
        return False
    spoken = likely_languages(claim) or likely_languages(question)
    written = likely_languages(evidence) or likely_languages(beside[:_LANGUAGE_CHARS])
    return bool((spoken & written) - {OTHER})


def content_terms(text: str) -> frozenset[str]:
    """What a text is about: stems of its words, and pairs of characters where words have no blanks between them."""
    if text.isascii():
        return frozenset(_terms(text))
    text = normalized("NFKC", text)
    if text.isascii():
        return frozenset(_terms(text))
    return frozenset((*_pairs(text), *_terms(_UNSPACED_RUN.sub(" ", text))))


def _pairs(text: str) -> Iterator[str]:
    for run in _UNSPACED_RUN.finditer(text):
        pairs = (run.group()[place : place + 2] for place in range(max(1, len(run.group()) - 1)))
        yield from (pair for pair in pairs if not _GRAMMAR_ONLY.fullmatch(pair))


def _terms(text: str) -> Iterator[str]:
    return filter(None, map(_TERMS.__getitem__, surface_words(text)))


def _term(word: str) -> str:
    """The stem of a word that says what a text is about. Empty for any other."""
    small = word in STOP_WORDS or word in _ASSENT or word in ALL_SMALL_WORDS
    return "" if small or (len(word) == 1 and not word.isdigit()) else stem(word)


_TERMS = WordTable(_term)


def _related(terms: frozenset[str], known: frozenset[str]) -> bool:
    """Whether two words share a run of letters: `warranty` and `warranted`, in any alphabet."""
    return not _grams(terms).isdisjoint(_grams(known))


def _grams(terms: frozenset[str]) -> set[str]:
    grams: set[str] = set()
    for term in terms:
        if len(term) >= GRAM and not term.isdigit():
            grams.update(_grams_of(term[:_LONGEST_WORD]))
    return grams


@lru_cache(maxsize=16384)
def _grams_of(term: str) -> tuple[str, ...]:
    return tuple(term[place : place + GRAM] for place in range(len(term) - GRAM + 1))


def _shares_value(claim: str, evidence: str) -> bool:
    """Whether the evidence states a value of the claim, however it writes it."""
    stated = value_index((evidence,))
    return any(stated.carries(value) for value in extract_values(claim))
