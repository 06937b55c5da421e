"""Whether a clause beside a refusal states something by itself, rather than what was asked for, or about the talk."""

from __future__ import annotations

import re
from itertools import pairwise

from assay.judges.text.form.courtesy import is_courtesy
from assay.judges.text.refusals import talk
from assay.judges.text.refusals.clauses import Clause
from assay.judges.text.words import STOP_WORDS, surface_words, word_set

_AUXILIARIES = word_set(
    "is are was were am has have had does did will would should must may might can could shall costs takes opens means "
    "it's that's there's he's she's they're isn't aren't wasn't weren't hasn't haven't won't doesn't didn't"
)
"""Forms of the auxiliaries, with the commonest verbs of statements: `is`."""

_COPULAS = word_set("is are was were can has have had")
"""Forms with which a clause goes on about the subject of the one before: `is`."""

_PASTS = word_set(
    "became began bought brought built came chose did drew drove fell fled flew forgot fought gave got grew held hid "
    "kept knew left lent lost made met paid ran rose said sang sank saw sold sent shot spent spoke stole swore taught "
    "thought threw told took went won wore wrote died owns sells makes earns lives gets pays runs moved retired "
    "resigned quit"
)
"""Pasts of strong verbs, and verbs that tell of persons and firms: `went`."""

FINITE = _AUXILIARIES | _PASTS
"""Verb forms that make a statement of a clause: `is`. Other verbs are seen by their place."""

ASKED = word_set(
    "who whom whose when where whether how what why if which that about regarding concerning of for on to in with from "
    "by at beyond other than as based given according due unless until such including especially particularly namely "
    "specifically like nor or and either neither without despite during wer was wann wo ob wie warum dass welche wen "
    "quién qué cuándo dónde si cómo que quien qui quand où comment quoi quem quando onde como chi cosa dove se wie wat "
    "waar wanneer of kto co kiedy gdzie czy jak кто что когда где как ли чтобы который oder und y e et ou ni или и "
    "sobre sur über zu im von para por pour par per voor van met о об по для в"
)
"""Words with which the matter of a refusal begins: `when` in `I do not know when`. What follows is not stated."""

_RELATIVES = word_set("who whose whom which where")
"""Words with which a relative clause begins, which states something: `who`."""

ASKING = word_set("who whom whose when where whether how what why if which")
"""Words that ask: `when`."""

_SUBJECTS = word_set("he she it they this that these those there it's he's she's they're that's there's")
"""Words that are the subject of a clause by themselves: `he`."""

_SPEAKERS = word_set("i you i'm i've i'd i'll you're you've you'd you'll my your please let")
"""First words of a clause about the talk itself: `you can contact the shop`."""

_COMPANY = word_set("we our we're we've we'd we'll")
"""First words of a clause about us, who may also be a shop: `we`."""

_COMPANY_TALKS = re.compile(
    r"\bwe(?:'d|'ll|'re)?\s(?:can|could|would|will|may|hope|recommend|suggest|need|apologi|(?:are\s)?(?:happy|glad|here|sorry)"
    r"|appreciate|value|look\sforward|encourage|ask|advise|only\sknow)\b",
    re.IGNORECASE,
)
"""A clause of the talk, and not of a shop, e.g. `We can look into it`."""

_SPEAKERS_ELSEWHERE = word_set(
    "ich wir bitte ihnen je j'ai nous vous veuillez yo nosotros usted puedo podemos puede puedes posso possiamo puoi "
    "può eu você ik wij u я мы вы могу пожалуйста por-favor danke merci gracias grazie obrigado obrigada bedankt "
    "спасибо frage question pregunta domanda pergunta vraag вопрос mir uns me mi"
)
"""The same in other languages, and thanks. They count among the first words of a clause."""

_OF_THE_TALK = word_set(
    "question request query answer topic prompt information passages passage context documents document text texts "
    "sources source data details subject task"
)
"""Nouns of the talk: a reason given with one of them is one for declining."""

_FOR_DECLINING = re.compile(
    r"\b(?:it|this|that|which|doing\sso|they)\s(?:\w+ly\s)?(?:(?:falls?|is|are|goes|lies?|would\sbe|may\sbe|could\sbe)\s"
    r"(?:\w+ly\s)?(?:outside|beyond|against|inappropriate|unethical|illegal|harmful|unclear|ambiguous|not\sappropriate"
    r"|not\srelated|unrelated|unknown|needed|required|necessary|essential)|requires?|violates?|would\s|depends?|involves?"
    r"|asks?|varies|vary)\b",
    re.IGNORECASE,
)
"""A reason for declining that tells of the request, e.g. `it violates my guidelines`."""

_EMBEDDED = re.compile(
    r"\b(?:know|believe|think|say|heard|hear|read|see|told|sure|guess|assume|suppose|understand)\s(?:that|it|they|he|she|there|the|this|its|his|her|their)\s\w",
    re.IGNORECASE,
)
"""A statement inside a clause about the talk: `I know it has six novels`."""

_ANSWER_IS = re.compile(r"\b(?:answer|response|reply)\b.*\b(?:is|would\sbe|be)\W*$", re.IGNORECASE)
"""A clause that leads in a refusal: `the answer to the question is`."""

_LEAST_CONTENT = 2
_LEAST_WORDS = 2
_LEAST_WORDS_UNSPACED = 4
_LEADS = word_set("da weil obwohl nachdem puisque aunque siccome poiché aangezien omdat hoewel поскольку хотя так")
"""First words of a clause before the refusal that tells why, or in spite of what: `da`."""

_DIGIT = re.compile(r"\d")
"""A digit of any script: `7`."""

_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
"""A letter of Chinese or Japanese, each of which counts as a word: `語`."""

_TALK_UNSPACED = re.compile(
    r"^\W*(?:请|請|您|你|我|建议|建議|关于|關於|例如|比如|如果|如需|包括|根据|根據|基于|从|從|对此|對此|所以|因此|とりあえず|もし|例えば)"
    r"|ください|下さい|お問い合わせ|(?:资料|資料|信息|情報|文書|文档|文件|上下文|問題|问题|質問|データ)"
)
"""A clause of Chinese or Japanese about the talk, e.g. `请联系客服`."""


def states(clause: Clause, *, opens: bool, asks_elsewhere: bool, english: bool) -> bool:
    """Whether the clause tells something by itself.

    Args:
        clause: one that does not decline.
        opens: whether it begins anew, and does not go on with the matter of a clause before it.
        asks_elsewhere: whether another clause of the sentence has a word that asks, as in a list of questions.
        english: whether the sentence declines in English.
    """
    surface = surface_words(clause.text)
    if not surface or is_courtesy(clause.text) or _ANSWER_IS.search(clause.text):
        return False
    if talk.TELLS.search(clause.text):
        return True
    if talk.POINTS.match(clause.text):
        return bool(_DIGIT.search(clause.text))
    if english:
        return _states_in_english(clause, surface, opens=opens, asks_elsewhere=asks_elsewhere)
    return _states_elsewhere(clause, surface, opens=opens)


def _states_in_english(clause: Clause, surface: list[str], *, opens: bool, asks_elsewhere: bool) -> bool:
    if surface[0] in _SPEAKERS or surface[0] in _COMPANY:
        return _speaker_states(clause.text, surface)
    if clause.after == "reason" and _is_for_declining(clause.text, surface):
        return False
    content = _content(surface)
    if surface[0] in ASKED and clause.after not in ("turn", "reason", "new"):
        is_relative = surface[0] in _RELATIVES and clause.after == "mark" and not asks_elsewhere
        return is_relative and bool(content) and not _is_for_declining(clause.text, surface)
    return _has_predicate(clause, surface, content, opens=opens)


def _content(surface: list[str]) -> list[str]:
    return [word for word in surface if word not in STOP_WORDS and len(word) > 1]


def _speaker_states(text: str, surface: list[str]) -> bool:
    """Whether a clause of the first or second person tells more than what the speakers do."""
    content = _content(surface)
    if _EMBEDDED.search(text) is not None and content:
        return True
    if surface[0] in _COMPANY:
        told = len(content) >= _LEAST_CONTENT and not _COMPANY_TALKS.match(text.strip())
        return told or _DIGIT.search(text) is not None
    return surface[0] in ("you", "your") and _DIGIT.search(text) is not None


def _is_for_declining(text: str, surface: list[str]) -> bool:
    """Whether a reason or a relative clause tells of the request, and no more."""
    if _DIGIT.search(text):
        return False
    return _FOR_DECLINING.search(text) is not None or not _OF_THE_TALK.isdisjoint(surface[:4])


def _has_predicate(clause: Clause, surface: list[str], content: list[str], *, opens: bool) -> bool:
    """Whether an English clause has a verb of its own, as far as its form and its place tell."""
    numbered = _DIGIT.search(clause.text) is not None
    if not FINITE.isdisjoint(surface):
        goes_on = clause.after == "turn" and surface[0] in _COPULAS and len(content) >= _LEAST_CONTENT
        return goes_on or (_has_subject(surface) and (bool(content) or numbered))
    if surface[0] in _SUBJECTS:
        return bool(content) and len(surface) >= _LEAST_WORDS
    if opens and surface[0] not in ASKED - ASKING:
        return len(content) >= _LEAST_CONTENT or (bool(content) and len(surface) > _LEAST_WORDS)
    return clause.after == "mark" and numbered and bool(content)


def _has_subject(surface: list[str]) -> bool:
    """Whether a finite verb has a word before it, as in `dose is`: else it goes on with the clause before."""
    return any(second in FINITE and first not in ASKED for first, second in pairwise(surface)) or (
        surface[0] in ("it's", "that's", "there's", "he's", "she's", "they're")
    )


def _states_elsewhere(clause: Clause, surface: list[str], *, opens: bool) -> bool:
    """The same where the verbs are not known: a clause of some words that begins anew, or that holds a number."""
    if _TALK_UNSPACED.search(clause.text) or not _SPEAKERS_ELSEWHERE.isdisjoint(surface[:3]):
        return False
    unspaced = _UNSPACED.search(clause.text) is not None
    if clause.after == "" and not opens:
        explains = surface[0] in _LEADS or (unspaced and clause.text.endswith(("ため", "ので", "から")))
        numbered = _DIGIT.search(clause.text) is not None
        return len(surface) > _LEAST_WORDS and (explains or (numbered and len(surface) > _LEAST_WORDS + 1))
    if surface[0] in ASKED and clause.after not in ("turn", "reason"):
        return False
    if opens:
        return len(surface) >= (_LEAST_WORDS_UNSPACED if unspaced else _LEAST_WORDS)
    return _DIGIT.search(clause.text) is not None
