"""A letter or a number as an answer: the option of the question that it names, against the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from assay.judges.local.short.assents import Relation, decide
from assay.judges.local.short.clauses import clauses_about
from assay.judges.local.short.statements import Statement
from assay.judges.local.short.terms import terms_of
from assay.judges.local.short.values import judge_name, judge_value
from assay.judges.local.short.verdicts import ShortVerdict, borne_out, carried, contradicted, misplaced, undecided
from assay.judges.rubric import ValueKind
from assay.judges.schema import ClaimVerdict, Sample
from assay.judges.text.passages import Passage
from assay.judges.text.words import STOP_WORDS, stems_between
from assay.judges.values import extract_values

MOST_READ = 8000
"""Characters of the talk that are read for options, from its end."""

_LETTER = re.compile(r"\W*(?:(?:option|answer|choice)\s)?[(\[]?(?P<letter>[A-Ha-h]|\d)[)\].:]?\W*", re.IGNORECASE)
"""An answer that names an option, e.g. `Option C.`"""

_OPTION = re.compile(
    r"(?:^|(?<=[\s,;(]))[(\[]?(?P<letter>[A-Ha-h])[).:\]]\s(?P<text>[^\n;]{1,200}?)(?=$|\n|;|,?\s[(\[]?[A-Ha-h][).:\]]\s)"
)
"""An option of a question, e.g. `B) the red wire`."""

_NUMBERED = re.compile(r"(?:^|(?<=\n))[ \t]{0,4}[(\[]?(?P<letter>\d)[).:\]]\s(?P<text>[^\n]{1,200})")
"""An option on a line of its own, e.g. `2. Sydney`."""

_WHICH = re.compile(r"\b(?:which|what)\s(?:of\s(?:the|these)\s)?[^\W\d_]{2,20}\s", re.IGNORECASE)
"""What an option stands for in a question, e.g. `Which metal `."""

_NAMED = re.compile(
    r"\b(?:option|answer|choice|correct|letter)(?:\s(?:is|was|option|answer|choice)){0,2}\W{0,3}(?P<letter>[B-Hb-h]|A(?!\s[a-z]))\b"
    r"|\b(?P<before>[A-H])\sis\s(?:the\s)?(?:right|correct|best)\b|^\W{0,4}(?P<alone>[A-Ha-h])\W{0,4}$",
    re.IGNORECASE,
)
"""The letter that evidence names, e.g. `The correct option is B`."""


def judge_option(sample: Sample, response: str, passages: Sequence[Passage]) -> ShortVerdict | None:
    """A letter, or the number of an option. None where the response is none."""
    letter = _LETTER.fullmatch(response)
    if letter is None:
        return None
    chosen = letter.group("letter").upper()
    talk = "\n".join((*(turn.content for turn in sample.history), sample.question))[-MOST_READ:]
    matches = list((_NUMBERED if chosen.isdigit() else _OPTION).finditer(talk))
    options = {match.group("letter").upper(): match.group("text") for match in matches}
    if chosen in options and len(options) > 1:
        return _judged(sample, _question(sample, talk, matches[0].start()), options, chosen, passages)
    return None if chosen.isdigit() else _named(sample, chosen, passages)


def _question(sample: Sample, talk: str, start: int) -> str:
    """The question without its options; where they stand in an earlier turn, the last question as it is."""
    return talk[:start].strip().rpartition("\n")[2] or sample.question[-MOST_READ:]


def _judged(
    sample: Sample, question: str, options: Mapping[str, str], chosen: str, passages: Sequence[Passage]
) -> ShortVerdict:
    """The chosen option against the others: by what the evidence says of each, else by the words it has of each."""
    verdicts = {letter: _judge(sample, question, text, passages) for letter, text in options.items()}
    true = [letter for letter, verdict in verdicts.items() if verdict and verdict.verdict is ClaimVerdict.SUPPORTED]
    if len(true) == 1:
        if true[0] == chosen:
            return borne_out()
        return misplaced(f"the evidence speaks for option {true[0]}")
    scores = {letter: _best(_content(text), passages) for letter, text in options.items()}
    return _chosen(scores, chosen)


def _judge(sample: Sample, question: str, option: str, passages: Sequence[Passage]) -> ShortVerdict | None:
    """What the evidence says of one option. None where it says nothing that could be matched."""
    values = extract_values(option)
    terms = terms_of(option, begins_sentence=False)
    content = [term for term in terms if term.content]
    if len(values) == 1 and len(content) == 1 and content[0].value is not None and values[0].kind is not ValueKind.NAME:
        return judge_value(sample, question, values[0], passages)
    if len(content) == 1 and content[0].name:
        verdict = judge_name(sample, question, content[0], passages)
        if verdict is not None:
            return verdict
    statement = Statement((*terms, *terms_of(_WHICH.sub("", question, count=1))))
    stems = frozenset().union(*(term.stems for term in statement.terms))
    decision = decide(statement, clauses_about(sample, passages, stems))
    if decision is None:
        return None
    same = decision.relation is Relation.SAME
    return carried(decision.passage) if same else contradicted(decision.detail, decision.passage)


def _content(text: str) -> list[str]:
    return [word for word in dict.fromkeys(stems_between(text, 0, len(text))) if word not in STOP_WORDS]


def _chosen(scores: Mapping[str, float], chosen: str) -> ShortVerdict:
    own = scores[chosen]
    other = max((name for name in scores if name != chosen), key=scores.__getitem__)
    if own > scores[other]:
        return borne_out()
    if own == scores[other]:
        return undecided("the evidence does not tell the options apart")
    return misplaced(f"the evidence has more of option {other}")


def _best(content: Sequence[str], passages: Sequence[Passage]) -> float:
    """The share of the words that the best passage has."""
    shares = (sum(word in passage.stems for word in content) for passage in passages)
    return max(shares, default=0) / max(1, len(content))


def _named(sample: Sample, chosen: str, passages: Iterable[Passage]) -> ShortVerdict | None:
    """The letter against those the evidence names as answers."""
    others: list[tuple[str, Passage]] = []
    for passage in passages:
        for match in _NAMED.finditer(sample.contexts[passage.context][passage.start : passage.end]):
            letter = (match.group("letter") or match.group("before") or match.group("alone")).upper()
            if letter == chosen:
                return carried(passage)
            others.append((letter, passage))
    return contradicted(f"the evidence names {others[0][0]}", others[0][1]) if others else None
