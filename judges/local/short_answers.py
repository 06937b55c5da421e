"""Answers of a word or two, judged with their question: `9`, `7%`, `Yes.`, `B`, `false`.

By themselves they state nothing that a passage could carry, or only if they are wrong. The question makes a statement
of them. Right and wrong answers take the same way, so that rates over short answers are not those of the wrong ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from assay.judges.rubric import ValueKind
from assay.judges.schema import ClaimVerdict, Evidence, Sample
from assay.judges.text.form import without_form
from assay.judges.text.negation import denies, opposites
from assay.judges.text.passages import Passage, cut_passages
from assay.judges.text.refusals import declines
from assay.judges.text.words import STOP_WORDS, stem, stems_between, surface_words, word_set
from assay.judges.values import Value, extract_values, value_index

LONGEST = 80
"""Characters of a short answer."""

SUPPORTED_DOUBT, WRONG_DOUBT, SILENT_DOUBT = 0.1, 0.9, 0.7
"""Doubt of an answer the evidence carries, of one it tells otherwise, and of one it says nothing of. By judgement."""

AGREES = 0.6
"""Share of a statement's content words one passage must have for the two to be about the same."""

_YES = word_set("yes yeah yep true correct right indeed oui ja sí si sim да evet vrai wahr richtig verdadero vero tak")
_NO = word_set("no nope false incorrect wrong untrue non nein não nee нет hayır faux falsch falso nie nej nei")
_AUXILIARIES = word_set(
    "is are was were am do does did can could has have had will would should must may might shall isn't aren't wasn't "
    "don't doesn't didn't can't"
)
_SPEAKERS = word_set("i i'm i've my me we our")
_STATED = re.compile(r"\b(?:true\s(?:or|/)\sfalse|yes\sor\sno|right\sor\swrong)\b\W*(?P<statement>.{8,})", re.I | re.S)
"""A statement to be judged: `True or false: it rains today.`"""

_LETTER = re.compile(r"\W*(?:(?:option|answer|choice)\s)?[(\[]?(?P<letter>[A-Ha-h])[)\].:]?\W*", re.IGNORECASE)
"""An answer that names an option: `B`, `(b)`, `Option C.`"""

_OPTION = re.compile(
    r"(?:^|(?<=[\s,;(]))[(\[]?(?P<letter>[A-Ha-h])[).:\]]\s(?P<text>[^\n;]{1,200}?)(?=$|\n|;|,?\s[(\[]?[A-Ha-h][).:\]]\s)"
)
"""An option of a question: `B) the red wire`."""

_NAMED_LETTER = re.compile(
    r"(?<![\w'])(?:[B-H]|A(?!\s(?!is\b|was\b)[a-z])|(?<=\boption\s)[a-h]|(?<=\banswer\s)[a-h]|^[a-h](?=\W*$))(?![\w'])"
)
"""A letter that stands alone, as `B` in `The correct option is B.`, and no article: `A bridge`."""

_NO_CONTENT = STOP_WORDS - word_set("more most same")
_WORDS = (ValueKind.NAME, ValueKind.IDENTIFIER)
"""Kinds of values that are words: what the features count."""

_MOST_PASSAGES = 20_000


class ShortVerdict(NamedTuple):
    """What became of a short answer, and the passage that decided."""

    verdict: ClaimVerdict
    doubt: float
    reason: str
    evidence: tuple[Evidence, ...] = ()


def judge_short(sample: Sample) -> ShortVerdict | None:
    """The verdict on a short answer read with its question. None where it is no short answer, or cannot be so read."""
    written = sample.response[: LONGEST + 20]
    response = (without_form(written).strip() or written).strip(" .!\n")  # `9.` alone is no number of a list
    if not response or len(response) > LONGEST or "\n" in response or declines(response):
        return None
    passages = [passage for passage, _ in zip(cut_passages(sample.contexts), range(_MOST_PASSAGES), strict=False)]
    spoken = surface_words(response)
    if spoken and spoken[0] in _YES | _NO:
        return _assent(sample, spoken, passages)
    letter = _LETTER.fullmatch(response)
    if letter is not None:
        return _option(sample, letter.group("letter").upper(), passages)
    return _value(sample, response, passages)


def _assent(sample: Sample, spoken: Sequence[str], passages: Sequence[Passage]) -> ShortVerdict | None:
    """`Yes` and `No`: the question as a statement, held against the passages."""
    statement = _statement(sample.question)
    if statement is None:
        return None
    asked = stems_between(statement, 0, len(statement))
    rest = [stem(word) for word in spoken[1:]]
    if any(word not in asked for word in _content(rest)) or not _SPEAKERS.isdisjoint(spoken):
        return None  # it tells more than yes or no, or of the speaker
    affirmed = spoken[0] in _YES
    relation, passage = _relation(asked, passages)
    where = () if passage is None else (passage.where,)
    if relation is None:
        reason = "nothing in the evidence says so or denies it"
        return ShortVerdict(ClaimVerdict.NOT_FOUND, SILENT_DOUBT, reason, where)
    if relation is affirmed:
        return ShortVerdict(ClaimVerdict.SUPPORTED, SUPPORTED_DOUBT, "", where)
    reason = "the evidence says what is asked" if relation else "the evidence denies what is asked"
    return ShortVerdict(ClaimVerdict.CONTRADICTED, WRONG_DOUBT, reason, where)


def _statement(question: str) -> str | None:
    """What a question that yes or no answers asks about. None for any other."""
    stated = _STATED.search(question[-2000:])
    if stated is not None:
        return stated.group("statement")
    last = re.split(r"(?<=[.!?\n])\s+", question.strip()[-1000:])[-1]
    spoken = surface_words(last)
    return last if spoken and spoken[0] in _AUXILIARIES else None


def _content(stems: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(stems) if word not in _NO_CONTENT and word not in _AUXILIARY_STEMS]


_AUXILIARY_STEMS = frozenset(map(stem, _AUXILIARIES))


def _relation(asked: Sequence[str], passages: Sequence[Passage]) -> tuple[bool | None, Passage | None]:
    """Whether the passage most like the statement says the same (True) or the opposite. None where none is like it."""
    content = _content(asked)
    best: tuple[float, bool, Passage] | None = None
    for passage in passages:
        known = frozenset(passage.stems)
        shared = [word for word in content if word in known]
        turned = [word for word in content if word not in known and not opposites(word).isdisjoint(known)]
        carried = (len(shared) + len(turned)) / max(1, len(content))
        if not shared and len(content) > 1:
            continue
        if carried >= AGREES and (best is None or carried > best[0]):
            same = (len(turned) + denies(asked) + denies(passage.stems)) % 2 == 0
            best = carried, same, passage
    return (None, None) if best is None else best[1:]


def _option(sample: Sample, letter: str, passages: Sequence[Passage]) -> ShortVerdict | None:
    """A letter: the option of that letter against the others, or the letter the evidence names."""
    talk = "\n".join((*(turn.content for turn in sample.history), sample.question))[-8000:]
    options = {match.group("letter").upper(): match.group("text") for match in _OPTION.finditer(talk)}
    if letter in options and len(options) > 1:
        scores = {name: _best(_content(stems_between(text, 0, len(text))), passages) for name, text in options.items()}
        return _chosen(scores, letter)
    named = [
        (passage, match.group().upper())
        for passage in passages
        for match in _NAMED_LETTER.finditer(sample.contexts[passage.context][passage.start : passage.end])
    ]
    if not named:
        return None
    for passage, there in named:
        if there == letter:
            return ShortVerdict(ClaimVerdict.SUPPORTED, SUPPORTED_DOUBT, "", (passage.where,))
    reason = f"the evidence names {named[0][1]}"
    return ShortVerdict(ClaimVerdict.CONTRADICTED, WRONG_DOUBT, reason, (named[0][0].where,))


def _chosen(scores: dict[str, tuple[float, Passage | None]], letter: str) -> ShortVerdict | None:
    own, passage = scores[letter]
    other = max((name for name in scores if name != letter), key=lambda name: scores[name][0])
    if own > scores[other][0] and passage is not None:
        return ShortVerdict(ClaimVerdict.SUPPORTED, SUPPORTED_DOUBT, "", (passage.where,))
    if own == scores[other][0]:
        return ShortVerdict(ClaimVerdict.NOT_FOUND, SILENT_DOUBT, "the evidence does not tell the options apart")
    return ShortVerdict(ClaimVerdict.NOT_FOUND, WRONG_DOUBT, f"the evidence has more of option {other}")


def _best(content: Sequence[str], passages: Sequence[Passage]) -> tuple[float, Passage | None]:
    """The share of the words that the best passage has, and that passage."""
    best: tuple[float, Passage | None] = 0.0, None
    for passage in passages:
        share = sum(word in passage.stems for word in content) / max(1, len(content))
        if share > best[0]:
            best = share, passage
    return best


def _value(sample: Sample, response: str, passages: Sequence[Passage]) -> ShortVerdict | None:
    """A bare value: the evidence carries it where it speaks of what was asked."""
    values = extract_values(response)
    if len(values) != 1 or values[0].kind in _WORDS or _content(_stems_beside(response, values[0])):
        return None
    value = values[0]
    asked = _content(stems_between(sample.question, 0, len(sample.question)))
    scored = [
        (sum(word in passage.stems for word in asked), value_index((_text(sample, passage),)).carries(value), passage)
        for passage in passages[:500]
    ]
    carrying = [(hits, passage) for hits, carries, passage in scored if carries]
    if not carrying:
        return ShortVerdict(ClaimVerdict.NOT_FOUND, WRONG_DOUBT, f"'{value.text[:60]}' is not in the evidence")
    hits, passage = max(carrying, key=lambda pair: pair[0])
    rivals = [
        other for count, carries, other in scored if not carries and count > hits and _has_kind(sample, other, value)
    ]
    if rivals:
        reason = f"the evidence has '{value.text[:60]}' of something else"
        return ShortVerdict(ClaimVerdict.NOT_FOUND, WRONG_DOUBT, reason, (rivals[0].where,))
    return ShortVerdict(ClaimVerdict.SUPPORTED, SUPPORTED_DOUBT, "", (passage.where,))


def _stems_beside(response: str, value: Value) -> list[str]:
    text = f"{response[: value.start]} {response[value.start + len(value.text) :]}"
    return stems_between(text, 0, len(text))


def _has_kind(sample: Sample, passage: Passage, value: Value) -> bool:
    return any(other.kind is value.kind for other in extract_values(_text(sample, passage)))


def _text(sample: Sample, passage: Passage) -> str:
    return sample.contexts[passage.context][passage.start : passage.end]
