"""Whether a sentence declines, clause by clause: an invention beside the refusal makes a statement of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, takewhile

from assay.judges.text.refusals import elsewhere, english, talk
from assay.judges.text.refusals.clauses import Clause, clauses
from assay.judges.text.refusals.statements import ASKING, states
from assay.judges.text.words import surface_words, word_set

LONGEST = 400
"""Longer sentences say something. It also bounds what the patterns have to read."""

_IN_PARENTHESES = re.compile(r"\s?[(（]([^()（）]{0,200})[)）]")
"""What stands in parentheses: ` (it was sold)`."""

_SHARES_SUBJECT = re.compile(r"(?:can\s?not|can't|could\s?not|couldn't|do\s?not|don't|have|am|was)\b", re.IGNORECASE)
"""What begins a clause whose subject stands before it, e.g. `cannot give advice`."""

_LEADING_REASON = re.compile(
    r"\W*(?:because(?!\sof)|since|as(?!\s(?:an?|of|for|per|to|far|such|well|long|soon|much|with|in|\w{1,20}ed)\b))\s(?=\w)",
    re.IGNORECASE,
)
"""What begins a reason before the refusal, e.g. `As he fled`."""

_LONGEST_INSERTION = 3
"""Words of a clause between commas that another is spoken around: `I do not, at present, know`."""

_LEAST_BEFORE_TURN = 3
_STANDS_IN = word_set(
    "it that this so them either anything lo ello es das dies dazu cela ça ciò isso het dat это 吗 吧 了"
)
"""Words that stand for the matter of a refusal: after `I do not know that` no more of it is named."""

_DIGIT = re.compile(r"\d")
"""A digit of any script: `7`."""


def declines(sentence: str) -> bool:
    """Whether the sentence says that there is no answer, or no information to answer from, and nothing else."""
    if len(sentence) > LONGEST:
        return False
    kinds = _kinds(sentence)
    return any(kind in ("declines", "regrets") for kind in kinds) and "states" not in kinds


def states_beside(sentence: str) -> bool:
    """Whether the sentence declines in one clause and states something in another."""
    return len(sentence) <= LONGEST and set(_kinds(sentence)) >= {"declines", "states"}


def _kinds(sentence: str) -> list[str]:
    """What each clause does: `declines`, `regrets`, `states`, or nothing of these."""
    sentence = sentence.replace("’", "'")
    if not any(_may_decline(sentence)):
        return []
    if talk.WHOLE.fullmatch(sentence):
        return ["declines"]
    inserted = [Clause(text, "mark") for text in _IN_PARENTHESES.findall(sentence)]
    cut = _rejoined(_with_subjects(clauses(_IN_PARENTHESES.sub("", sentence)))) + inserted
    ends = [_end_of_refusal(clause.text) for clause in cut]
    is_english = any(english.DECLINES.search(clause.text) or talk.APOLOGY.search(clause.text) for clause in cut)
    refuses = any(end is not None for end in ends)
    kinds = [
        "declines"
        if end is not None
        else _kind(cut, number, opens=not refuses or _opens(cut, ends, number), is_english=is_english)
        for number, end in enumerate(ends)
    ]
    asks = sentence.rstrip(" \"'”’)*_").endswith(("?", "？", "؟"))
    if asks and kinds and kinds[-1] == "states" and not _DIGIT.search(cut[-1].text):
        kinds[-1] = ""
    return kinds


def _with_subjects(cut: Sequence[Clause]) -> list[Clause]:
    """The clauses, with the subject that one shares with the one before: `I am an AI and cannot give advice`.

    A reason in front is marked as one: `As he fled, I cannot say`.
    """
    complete: list[Clause] = []
    lead = _LEADING_REASON.match(cut[0].text) if len(cut) > 1 else None
    if lead is not None:
        cut = [Clause(cut[0].text[lead.end() :], "reason"), *cut[1:]]
    for clause in cut:
        shares = complete and clause.after in ("more", "turn") and complete[-1].text.lower().startswith(("i ", "i'"))
        subject = "I " if shares and _SHARES_SUBJECT.match(clause.text) else ""
        complete.append(Clause(subject + clause.text, clause.after))
    return complete


def _rejoined(cut: list[Clause]) -> list[Clause]:
    """The clauses, or all as one where a refusal is spoken around short insertions: `I do not, at present, know`."""
    if len(cut) == 1 or any(_end_of_refusal(clause.text) is not None for clause in cut):
        return cut
    if len(cut) > 2 and all(_is_insertion(clause) for clause in cut[1:-1]) and cut[-1].after == "mark":
        whole = " ".join(clause.text for clause in cut)
        around = f"{cut[0].text} {cut[-1].text}"
        if _end_of_refusal(whole) is not None or _end_of_refusal(around) is not None:
            return [Clause(whole if _end_of_refusal(whole) is not None else around, "")]
    return cut


def _is_insertion(clause: Clause) -> bool:
    return clause.after == "mark" and len(clause.text.split()) <= _LONGEST_INSERTION


def _opens(cut: Sequence[Clause], ends: Sequence[int | None], number: int) -> bool:
    """Whether a clause of a refusal begins anew: after a word that turns, or where nothing was left to be named."""
    clause = cut[number]
    if clause.after in ("turn", "reason", "new"):
        return True
    if number == 0 and any(later.after in ("turn", "reason") for later in cut[1 : _first(ends) + 1]):
        return len(clause.text.split()) >= _LEAST_BEFORE_TURN
    before = ends[number - 1] if number else None
    return before is not None and _STANDS_IN.issuperset(surface_words(cut[number - 1].text[before:]))


def _first(ends: Sequence[int | None]) -> int:
    """The number of the first clause that declines."""
    return next((number for number, end in enumerate(ends) if end is not None), 0)


def _with_insertions(cut: Sequence[Clause], number: int) -> Clause:
    """A clause after a word that turns or explains, with what commas set apart in it: `since he, an heir, is rich`."""
    clause = cut[number]
    if clause.after not in ("turn", "reason"):
        return clause
    rest = takewhile(lambda other: other.after == "mark", cut[number + 1 :])
    own = (other.text for other in rest if _end_of_refusal(other.text) is None)
    return Clause(" ".join((clause.text, *own)), clause.after)


def _kind(cut: Sequence[Clause], number: int, *, opens: bool, is_english: bool) -> str:
    """What a clause does that does not decline."""
    clause = _with_insertions(cut, number)
    others = chain.from_iterable(surface_words(other.text) for other in cut if other is not cut[number])
    asks_elsewhere = not ASKING.isdisjoint(others)
    regret = talk.APOLOGY.search(clause.text) or elsewhere.REGRET.search(clause.text)
    if regret is None:
        stated = states(clause, opens=opens, asks_elsewhere=asks_elsewhere, english=is_english)
        return "states" if stated else ""
    rest = f"{clause.text[: regret.start()]} {clause.text[regret.end() :]}".strip()
    if talk.REGRETTED.fullmatch(rest) or elsewhere.REGRETTED.match(rest.lower()):
        return "regrets"
    told = states(Clause(rest, "turn"), opens=True, asks_elsewhere=asks_elsewhere, english=is_english)
    return "states" if told else "regrets"


def _end_of_refusal(text: str) -> int | None:
    """Where the words end with which a clause declines. None where it does not."""
    here, elsewhere_too = _may_decline(text)
    match = english.DECLINES.search(text) if here else None
    if match is None and elsewhere_too:
        match = elsewhere.DECLINES.search(text.lower())
    return None if match is None else match.end()


def _may_decline(text: str) -> tuple[bool, bool]:
    """Whether the text has a word with which English, or another language, declines."""
    spoken = surface_words(text)
    here = (
        not english.WORDS.isdisjoint(spoken) or any(word.endswith("n't") for word in spoken) or "i.d.k" in text.lower()
    )
    there = not elsewhere.WORDS.isdisjoint(spoken) or any(word.startswith(elsewhere.BEGINNINGS) for word in spoken)
    return here, there or (not text.isascii() and elsewhere.OTHER_SCRIPT.search(text) is not None)
