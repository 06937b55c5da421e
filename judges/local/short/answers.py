"""Answers of a word or two, judged with their question: `9`, `7%`, `Yes.`, `B`, `false`, `**Oslo**`.

By themselves they state nothing that a passage could carry, or only if they are wrong. The question makes a statement
of them. Right and wrong answers take the same way, so that rates over short answers are not those of the wrong ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assay.judges.local.other_languages.pairing import Pairing, pairing
from assay.judges.local.short.assents import Relation, decide
from assay.judges.local.short.clauses import clauses_about, passages_of
from assay.judges.local.short.elsewhere import states_elsewhere
from assay.judges.local.short.options import judge_option
from assay.judges.local.short.statements import MOST_READ, Statement, statement_of
from assay.judges.local.short.terms import AUXILIARIES, Term, same, stem_of, terms_of
from assay.judges.local.short.values import judge_name, judge_value
from assay.judges.local.short.verdicts import ShortVerdict, borne_out, carried, contradicted, misplaced, undecided
from assay.judges.rubric import ValueKind
from assay.judges.schema import Sample
from assay.judges.text.form import without_form
from assay.judges.text.languages import likely_languages
from assay.judges.text.negation import NEGATION_STEMS
from assay.judges.text.passages import Passage
from assay.judges.text.refusals import declines
from assay.judges.text.words import STOP_WORDS, stem, surface_words, word_set
from assay.judges.values import extract_values

__all__ = ["ShortVerdict", "judge_short", "undecided_elsewhere"]

LONGEST = 80
"""Characters of a short answer."""

_YES = word_set(
    "yes yeah yep y true correct right indeed absolutely definitely certainly sure exactly oui ja jawohl sí si sim da "
    "evet vrai wahr richtig verdadero vero tak да 是 对 對"
)
"""Words that say yes."""

_NO = word_set("no nope n false incorrect wrong untrue non nein não nee нет hayır faux falsch falso nie nej nei 否 不")
"""Words that say no."""

_SUBJECTS = word_set("it they he she we there that this you")
"""Subjects of an answer that only repeats the verb: `It is.`"""

_SPEAKERS = word_set("i i'm i've my me")
"""Words by which an answer tells of who speaks."""

_OF_THE_SPEAKERS = word_set("we our us")
"""Words for a company that answers: `Yes, we do.`"""

_YES_SIGNS, _NO_SIGNS = frozenset("✅✓✔👍"), frozenset("❌✗✘👎")

_LEAD = re.compile(
    r"^(?:so,?\s)?(?:the\s)?(?:(?:correct|final|right|best)\s){0,2}(?:answer|option|choice)\s?(?:\sis|:)\s?:?\s*(?=\S)",
    re.I,
)
"""What leads to an answer, e.g. `The answer is B`."""

_BOXED = re.compile(r"^\$?\\(?:boxed|text|mathbf|textbf)\{(?P<answer>[^{}]{1,60})\}\$?$")
"""An answer in a box, e.g. `\\boxed{12}`."""

_BOLD = re.compile(r"^\s*(?:\*\*|__)[^\n*_]{1,60}(?:\*\*|__)")
"""An answer in bold, e.g. `**Oslo**`."""


def judge_short(sample: Sample) -> ShortVerdict | None:
    """The verdict on a short answer read with its question. None where it is no short answer, or cannot be so read."""
    written = sample.response[: LONGEST + 20]
    response = _bare(written)
    if not response or len(response) > LONGEST or "\n" in response or declines(response):
        return None
    sample = sample.model_copy(update={"question": sample.question[-MOST_READ:]})
    passages = passages_of(sample)
    spoken = surface_words(response)
    affirmed = _affirmed(spoken, response)
    if affirmed is not None:
        return _assent(sample, spoken, passages, affirmed=affirmed)
    option = judge_option(sample, response, passages)
    return option or _fact(sample, response, passages)


def undecided_elsewhere(sample: Sample) -> bool:
    """Whether a response says only yes or no in a language whose words are not known, and nothing decides it."""
    response = _bare(sample.response[: LONGEST + 20])
    spoken = surface_words(response)
    if len(spoken) != 1 or _affirmed(spoken, response) is None or judge_short(sample) is not None:
        return False
    asked = likely_languages(sample.question[-MOST_READ:])
    return pairing(sample) is not Pairing.ENGLISH or bool(asked - {"en"})


def _bare(written: str) -> str:
    """The answer without form and what only leads to it: `9.` alone is no number of a list."""
    response = (without_form(written).strip() or written).strip(" .!*_\n")
    response = _LEAD.sub("", response, count=1).strip(" .!*_\n")
    boxed = _BOXED.match(response)
    return boxed.group("answer").strip() if boxed else response


def _affirmed(spoken: Sequence[str], response: str) -> bool | None:
    """Whether an answer says yes. None where it says neither yes nor no."""
    if not spoken:
        signs = set(response)
        yes, no = bool(signs & _YES_SIGNS), bool(signs & _NO_SIGNS)
        return yes if yes != no else None
    denied = not NEGATION_STEMS.isdisjoint(map(stem, spoken))
    if list(spoken[:2]) == ["of", "course"]:
        return not denied
    if spoken[0] in _YES:
        return None if denied and spoken[1] != "not" else not denied
    if spoken[0] in _NO or list(spoken) == ["not", "at", "all"]:
        return False
    if len(spoken) > 1 and spoken[0] in _SUBJECTS and spoken[1] in AUXILIARIES and set(spoken[2:]) <= {"not"}:
        return not denied  # `It isn't.`
    return None


def _assent(
    sample: Sample, spoken: Sequence[str], passages: Sequence[Passage], *, affirmed: bool
) -> ShortVerdict | None:
    """`Yes` and `No`: the question as a statement, held against the passages."""
    statement = statement_of(sample.question) if pairing(sample) is Pairing.ENGLISH else None
    if statement is None:
        return _assent_elsewhere(sample, spoken, passages, affirmed=affirmed)
    if not _only_assents(spoken, statement):
        return None
    stems = frozenset().union(*(term.stems for term in statement.terms))
    decision = decide(statement, clauses_about(sample, passages, stems))
    if decision is None:
        return undecided("nothing in the evidence says just this or denies it")
    if (decision.relation is Relation.SAME) is affirmed:
        return carried(decision.passage)
    if decision.relation is Relation.OTHER:
        return contradicted(f"the evidence has {decision.detail}", decision.passage)
    says = "says" if decision.relation is Relation.SAME else "denies"
    return contradicted(f"the evidence {says} what is asked", decision.passage)


def _only_assents(spoken: Sequence[str], statement: Statement) -> bool:
    """Whether an answer tells no more than yes or no, and nothing of the speaker."""
    asked = frozenset().union(*(term.stems for term in statement.terms))
    rest = [word for word in spoken[1:] if word != "course" and word not in STOP_WORDS and word not in AUXILIARIES]
    if any(stem(word) not in asked for word in rest) or not _SPEAKERS.isdisjoint(spoken):
        return False
    return not rest or _OF_THE_SPEAKERS.isdisjoint(spoken)


def _assent_elsewhere(
    sample: Sample, spoken: Sequence[str], passages: Sequence[Passage], *, affirmed: bool
) -> ShortVerdict | None:
    """The same in another language: where a sentence has just the words of the question."""
    if len(spoken) != 1:
        return None
    stated = states_elsewhere(sample, passages)
    if stated is None:
        return None
    alike, passage = stated
    if alike is affirmed:
        return borne_out()
    return contradicted(f"the evidence {'says' if alike else 'denies'} what is asked", passage)


def _fact(sample: Sample, response: str, passages: Sequence[Passage]) -> ShortVerdict | None:
    """A bare value or a bare name."""
    asked = [term for term in terms_of(sample.question) if term.content and term.value is None]
    told = [term for term in terms_of(response, begins_sentence=False) if term.content]
    content = [term for term in told if not any(same(term, other) for other in asked)]
    values = [value for value in extract_values(response) if value.kind is not ValueKind.NAME]
    if len(content) != 1 or not passages:
        return None
    if len(values) == 1 and content[0].value is not None:
        return (
            None
            if values[0].kind is ValueKind.IDENTIFIER
            else judge_value(sample, sample.question, values[0], passages)
        )
    return _name(sample, content[0], passages) if content[0].name else None


def _name(sample: Sample, name: Term, passages: Sequence[Passage]) -> ShortVerdict | None:
    verdict = judge_name(sample, sample.question, name, passages)
    if verdict is None and _BOLD.match(sample.response):
        known = frozenset().union(*(passage.stems for passage in passages))
        missing = not name.stems & (known | frozenset(map(stem_of, known)))
        return misplaced(f"'{name.word[:60]}' is not in the evidence") if missing else borne_out()
    return verdict
