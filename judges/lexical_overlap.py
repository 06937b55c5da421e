"""Whether a piece of evidence has anything to do with a claim: a shared word, a shared part of one, or a shared value.

A tie is necessary for support, and far from enough. Its absence is decided only where it can be. Texts in two scripts,
or in two languages, can share nothing but numbers and names. A claim there that states none of these is left to the
judge and reported as unchecked. Two languages are told apart by their small words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from assay.judges.text.words import STOP_WORDS, WordTable, stem, surface_words, word_set, words
from assay.judges.values import extract_values, value_index

GRAM = 5
"""Letters in a row that two words must share to count as related, where their stems differ."""

_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts without blanks between words: Thai, Lao, Burmese, Khmer, kana and the ideographs."""

_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
"""A run of a script without blanks between words, as `東京タワー`."""

_GRAMMAR_ONLY = re.compile("[\u3040-\u309f]+")
"""Hiragana alone, as `です`.

Pairs of them are endings and particles. What a Japanese sentence is about is written otherwise.
"""

_ASSENT = word_set("yes yeah yep right correct true indeed exactly absolutely sure agree course definitely certainly")
"""Words that say yes to a question and nothing else. What they affirm stands in the question."""

_LONGEST_WORD = 40
_MOST_CHARS = 200_000


class Tie(StrEnum):
    """What connects a claim with its evidence."""

    SHARED = "shared"
    NONE = "none"
    UNDECIDED = "undecided"


def tie(claim: str, evidence: str, *, question: str = "") -> Tie:
    """Whether evidence and claim share anything that says something.

    Args:
        claim: the statement.
        evidence: the passages that are to support it.
        question: what was asked. Read with a claim that says nothing by itself (`Yes, it does.`).
    """
    claim, evidence = claim[:_MOST_CHARS], evidence[:_MOST_CHARS]
    terms = content_terms(claim)
    if not terms:
        claim, terms = f"{claim} {question[:_MOST_CHARS]}", content_terms(question[:_MOST_CHARS])
    known = content_terms(evidence)
    if not terms.isdisjoint(known) or _related(terms, known) or _shares_value(claim, evidence):
        return Tie.SHARED
    if _has_digits(claim) or not _foreign_to_each_other(claim, evidence):
        return Tie.NONE
    return Tie.UNDECIDED


def content_terms(text: str) -> frozenset[str]:
    """What a text is about: stems of its words, and pairs of characters where words have no blanks between them."""
    text = unicodedata.normalize("NFKC", text)
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
    small = word in STOP_WORDS or word in _ASSENT or word in _ALL_SMALL_WORDS
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


def _has_digits(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _foreign_to_each_other(claim: str, evidence: str) -> bool:
    """Whether the two are surely in two scripts, or surely in two languages."""
    scripts = _script(claim), _script(evidence)
    if None in scripts:
        return False
    if scripts[0] != scripts[1]:
        return True
    languages = _language(claim), _language(evidence)
    return None not in languages and languages[0] != languages[1]


def _script(text: str) -> str | None:
    """The script of most letters. None where a word mixes two, as look-alike letters do, or where there are none."""
    count: dict[str, int] = {}
    for word, _, _ in words(text[:2000]):
        scripts = {_script_of(char) for char in word if char.isalpha()}
        if len(scripts) > 1 and not scripts <= _EAST_ASIAN:
            return None
        for script in scripts:
            count[_EAST_ASIAN_NAME if script in _EAST_ASIAN else script] = count.get(script, 0) + 1
    return max(sorted(count), key=count.__getitem__) if count else None


_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"})
_EAST_ASIAN_NAME = "CJK"


@lru_cache(maxsize=4096)
def _script_of(char: str) -> str:
    """The first word of the character's name, which for letters is the script's."""
    return unicodedata.name(char, "?").split()[0]


_SMALL_WORDS = {
    "en": word_set("the of and that were it with from this which has have been not they would are by at be"),
    "de": word_set("der die das und ist ein eine zu den von mit nicht im auf für sich des dem wird sind bei auch als"),
    "fr": word_set("le la les des et est un une du dans que pour qui sur pas au aux ce il par avec sont cette ne"),
    "es": word_set("el la los las de y un una que en por con para del se su al como está lo más"),
    "it": word_set("il lo la gli di e è un una che con del della non sono si al alla dei da come più"),
    "pt": word_set("os de e é uma que em por com para da não se na dos das ao mais são"),
    "nl": word_set("de het een en op te dat niet met voor zijn aan er om ook als bij wordt"),
    "pl": word_set("w na z nie się jest że jak po od przez dla są ale oraz który która"),
    "ru": word_set("и в на с не что он по к из у за от это как для но его она был было до же"),
    "uk": word_set("і в на з не що він до як за від це та для але його вона був було у ще їх"),
}
"""Words that give a language away, for languages in wide use that share their script. No word here
is one of English and of another of them."""

_ALL_SMALL_WORDS = frozenset().union(*_SMALL_WORDS.values())
_LEAST_SMALL_WORDS = 2


def _language(text: str) -> str | None:
    """The language whose small words are most, if it has two different ones and twice as many as of any other."""
    distinct = {word for word, _, _ in words(text[:4000])}
    counts = sorted(((len(distinct & small), name) for name, small in _SMALL_WORDS.items()), reverse=True)
    (most, name), (second, _) = counts[:2]
    return name if most >= _LEAST_SMALL_WORDS and most >= 2 * second else None
