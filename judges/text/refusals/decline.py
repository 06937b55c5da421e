"""Whether a sentence declines, clause by clause: an invention beside the refusal makes a statement of it."""

from __future__ import annotations

import re
from itertools import pairwise

from assay.judges.text.form.courtesy import is_courtesy
from assay.judges.text.refusals import elsewhere, english
from assay.judges.text.refusals.clauses import Clause, clauses
from assay.judges.text.words import STOP_WORDS, surface_words, word_set

LONGEST = 400
"""Longer sentences say something. It also bounds what the patterns have to read."""

_FINITE = word_set(
    "is are was were am has have had does did will would should must may might can could shall costs takes opens means "
    "it's that's there's he's she's they're isn't aren't wasn't weren't hasn't haven't won't doesn't didn't"
)
"""Verb forms that make a statement of a clause: `is`. Others are seen by what stands before the clause."""

_ASKED = word_set(
    "who whom whose when where whether how what why if which that about regarding concerning of for on to in with from "
    "by at beyond other than as wer was wann wo ob wie warum dass welche quién qué cuándo dónde si cómo que quien qui "
    "quand où comment quoi quem quando onde como chi cosa dove se wie wat waar wanneer of kto co kiedy gdzie czy jak "
    "кто что когда где как ли чтобы который"
)
"""Words with which the matter of a refusal begins: `when` in `I do not know when`. What follows is not stated."""

_SPEAKERS = word_set(
    "i we you i'm i've i'd i'll we're we've we'd we'll you're you've you'd you'll my your our please let"
)
"""First words of a clause about the talk itself: `you can contact the shop`."""

_EMBEDDED = re.compile(
    r"\b(?:know|believe|think|say|heard|read|see|told|sure)\s(?:that|it|they|he|she|there|the|this|its|his|her|their)\s\w",
    re.IGNORECASE,
)
"""A statement inside a clause about the talk: `I know it has six novels`."""

_TURNS = word_set("men ale ma mas e a но")
"""Words that turn after a comma, and mean something else in other languages."""

_ANSWER_IS = re.compile(r"\b(?:answer|response|reply)\b.*\b(?:is|would\sbe|be)\W*$", re.IGNORECASE)
"""A clause that leads in a refusal: `the answer to the question is`."""

_LEAST_CONTENT = 2
_LEAST_WORDS_ELSEWHERE = 3
_DIGIT = re.compile(r"\d")
"""A digit of any script: `7`."""


def declines(sentence: str) -> bool:
    """Whether the sentence says that there is no answer, or no information to answer from, and nothing else."""
    if len(sentence) > LONGEST:
        return False
    parts = _parts(sentence)
    return any(kind in ("declines", "regrets") for _, kind in parts) and all(kind != "states" for _, kind in parts)


def states_beside(sentence: str) -> bool:
    """Whether the sentence declines in one clause and states something in another."""
    kinds = {kind for _, kind in _parts(sentence)} if len(sentence) <= LONGEST else set()
    return kinds >= {"declines", "states"}


def _parts(sentence: str) -> list[tuple[Clause, str]]:
    """Each clause with what it does: `declines`, `regrets`, `states`, or nothing of these."""
    sentence = sentence.replace("’", "'")
    if not any(_may_decline(sentence)):
        return []
    if english.WHOLE.fullmatch(sentence):
        return [(Clause(sentence, ""), "declines")]
    cut = clauses(sentence)
    kinds: list[tuple[Clause, str]] = []
    asks = sentence.rstrip(" \"'”’)*_").endswith(("?", "？", "؟"))
    for clause in cut:
        before = kinds[-1][1] if kinds else ""
        kinds.append((clause, _kind(clause, before)))
    if asks and kinds and kinds[-1][1] == "states" and not _DIGIT.search(kinds[-1][0].text):
        kinds[-1] = kinds[-1][0], ""
    # A refusal can stretch over a comma (`I do not, at present, know`). Then the whole sentence is one clause.
    if not any(kind == "declines" for _, kind in kinds) and _declines(" ".join(clause.text for clause in cut)):
        return [(clause, kind if kind == "states" else "declines") for clause, kind in kinds]
    return kinds


def _kind(clause: Clause, before: str) -> str:
    text = clause.text
    if _declines(text):
        return "declines"
    regret = english.APOLOGY.search(text) or elsewhere.REGRET.search(text)
    if regret is not None:
        rest = Clause((text[: regret.start()] + " " + text[regret.end() :]).strip(), clause.after)
        states = _states(rest, "") or (_finite(rest) and rest.text.lower().startswith("for "))
        return "states" if states else "regrets"
    return "states" if _states(clause, before) else ""


def _declines(text: str) -> bool:
    here, elsewhere_too = _may_decline(text)
    if here and english.DECLINES.search(text):
        return True
    return elsewhere_too and elsewhere.DECLINES.search(text.lower()) is not None


def _may_decline(text: str) -> tuple[bool, bool]:
    """Whether the text has a word with which English, or another language, declines."""
    spoken = surface_words(text)
    here = (
        not english.WORDS.isdisjoint(spoken) or any(word.endswith("n't") for word in spoken) or "i.d.k" in text.lower()
    )
    there = not elsewhere.WORDS.isdisjoint(spoken) or any(word.startswith(elsewhere.BEGINNINGS) for word in spoken)
    return here, there or (not text.isascii() and elsewhere.OTHER_SCRIPT.search(text) is not None)


def _finite(clause: Clause) -> bool:
    return not _FINITE.isdisjoint(surface_words(clause.text))


def _states(clause: Clause, before: str) -> bool:
    """Whether the clause tells something by itself, rather than what was asked for, or about the talk."""
    surface = surface_words(clause.text)
    if not surface or is_courtesy(clause.text) or _ANSWER_IS.search(clause.text):
        return False
    if english.TELLS.search(clause.text):
        return True
    if not clause.text.isascii() and not _finite(clause):
        return _states_elsewhere(clause, surface, before)
    return _states_in_english(clause, surface)


def _states_in_english(clause: Clause, surface: list[str]) -> bool:
    content = [word for word in surface if word not in STOP_WORDS and len(word) > 1]
    numbered = _DIGIT.search(clause.text) is not None
    if surface[0] in _SPEAKERS:
        ours = numbered and surface[0] in ("we", "our")
        return ours or (_EMBEDDED.search(clause.text) is not None and bool(content))
    if surface[0] in _ASKED and clause.after != "turn":
        return False
    if _finite(clause):
        return _has_subject(surface) and (bool(content) or numbered)
    if clause.after == "turn" and len(content) > _LEAST_CONTENT:
        return True
    return clause.after == "mark" and numbered and bool(content)


def _has_subject(surface: list[str]) -> bool:
    """Whether a finite verb has a word before it, as in `dose is`: else it goes on with the clause before."""
    return any(second in _FINITE and first not in _ASKED for first, second in pairwise(surface)) or (
        surface[0] in ("it's", "that's", "there's", "he's", "she's", "they're")
    )


def _states_elsewhere(clause: Clause, surface: list[str], before: str) -> bool:
    """The same where the verbs are not known: a clause of some words that turns, or that holds a number."""
    if clause.after == "" and before == "":
        return len(surface) > _LEAST_WORDS_ELSEWHERE and bool(_DIGIT.search(clause.text))
    if surface[0] in _ASKED:
        return False
    if clause.after == "turn" or surface[0] in _TURNS:
        return len(surface) >= _LEAST_WORDS_ELSEWHERE
    return bool(_DIGIT.search(clause.text))
