"""The terms of a statement or a passage: its words in order, a value or a name as one term."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from assay.judges.text.negation import NEGATION_STEMS, opposites
from assay.judges.text.words import STOP_WORDS, stem, word_set, words
from assay.judges.values import Value
from assay.judges.values.extract import measured_values

MOST_TERMS = 120
"""Terms of a text that are read."""

FORMS_OF_BE = word_set("is are was were be been being am isn't aren't wasn't weren't")
"""Forms of `be`."""

AUXILIARIES = FORMS_OF_BE | word_set(
    "do does did can could has have had will would should must may might shall don't doesn't didn't can't cannot "
    "couldn't hasn't haven't hadn't won't wouldn't shouldn't mustn't"
)
"""Verbs that help others, and forms of `be`."""

PRONOUNS = word_set("it they he she this these them him its their his her")
"""Words that stand for a noun."""

DETERMINERS = word_set("the a an this that these those its their his her your our my any each every")
"""Words before a noun: `the`."""

PREPOSITIONS = word_set(
    "in at on by for from to of with within under over during after before into near about without until since through"
)
"""Words before a place, a time or a means: `in`."""

_RELATIONS = word_set("before after more most less fewer over under above below only all every both same without")
"""Small words that turn what is said, as `before` in `before 1930`."""

_SILENT = (STOP_WORDS - _RELATIONS) | AUXILIARIES | word_set("true false please currently also there")
"""Words that say nothing by themselves."""

_SILENT_STEMS = frozenset(map(stem, _SILENT)) | NEGATION_STEMS | {"non"}
_TITLES = word_set("dr mr mrs ms prof st mt sen gov gen")
"""What stands before a name and is no part of it: `Dr`."""

_NAME_GAP = re.compile(r"\.? |-")
"""What stands between two words of a name, e.g. ` ` in `Paul Hogan`."""

_VERBS = """
die died | begin began begun | go went gone | hold held | build built | write wrote written | sell sold | buy
bought | pay paid | win won | leave left | run ran | take took taken | give gave given | keep kept | meet met |
lead led | lie lay | lose lost | speak spoke spoken | choose chose chosen | draw drew drawn | grow grew grown |
know knew known | rise rose risen | see saw seen | send sent | spend spent | stand stood | teach taught | tell
told | wear wore | come came | become became | bring brought | catch caught | drive drove driven | eat ate |
fall fell | lend lent | feel felt | mean meant | fly flew flown | throw threw thrown | break broke broken |
steal stole stolen | sing sang sung | think thought | fight fought | hear heard | shoot shot | hide hid hidden |
forbid forbade forbidden | ride rode ridden | get got | sit sat | strike struck | seek sought
"""
"""Verbs with past forms that no ending tells, e.g. `buy bought`."""

_IRREGULAR = {form: verb for verb, *forms in map(str.split, _VERBS.split("|")) for form in forms}
"""The verb of each such form."""

_SIBILANTS = ("sses", "shes", "ches", "xes", "zes", "oes", "ies")
"""Endings whose `es` is a plural."""

_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non")
"""Prefixes that turn a word into its opposite."""


class Term(NamedTuple):
    """One word, one name or one value.

    Attributes:
        word: in lower case, the last of a name.
        stems: of the word, of all words of a name without its title.
        name: whether it is a name.
        value: where it is one.
        gap: what stands between it and the term before.
    """

    word: str
    stems: frozenset[str]
    name: bool = False
    value: Value | None = None
    gap: str = ""

    @property
    def content(self) -> bool:
        """Whether it says something by itself."""
        return self.value is not None or self.name or self.stems.isdisjoint(_SILENT_STEMS)

    @property
    def negates(self) -> bool:
        """Whether it turns a statement around."""
        denies = self.word == "non" or not self.stems.isdisjoint(NEGATION_STEMS)
        return denies and self.value is None and self.word != "without"


def stem_of(word: str) -> str:
    """The stem of a lower-case word, the same for `hire` and `hired`, `buy` and `bought`."""
    if word in _SILENT or word in _RELATIONS:
        return stem(word)
    verb = _IRREGULAR.get(word, word)
    if verb.endswith("es") and not verb.endswith(_SIBILANTS):
        verb = verb.removesuffix("s")
    return stem(f"{verb}d" if verb.endswith("e") else verb)  # as of `hired`, which loses its ending as a whole


def terms_of(text: str, *, begins_sentence: bool = True) -> list[Term]:
    """The terms of a text in order, at most `MOST_TERMS`."""
    values = [value for value in measured_values(text) if value.text]
    spans = _joined(text, values)[:MOST_TERMS]
    terms: list[Term] = []
    last = 0
    for at, (first, end, value) in enumerate(spans):
        written = text[first:end]
        abbreviated = bool(terms) and (terms[-1].word in _TITLES or len(terms[-1].word) == 1)
        begins = _begins(text[last:first], at, begins_sentence=begins_sentence) and not (at and abbreviated)
        acronym = len(written) > 1 and written.isupper()
        capital = written[:1].isupper() and value is None and (acronym or not begins)
        terms.append(_term(written, value, text[last:first], name=capital))
        last = end
    return _with_names(terms, starts_upper=bool(spans) and text[spans[0][0]].isupper())


def _begins(gap: str, at: int, *, begins_sentence: bool) -> bool:
    """Whether a word begins a sentence, by what stands before it."""
    return begins_sentence if at == 0 else gap.strip()[-1:] in ("!", "?", ":") or (len(gap) > 1 and "." in gap)


def _joined(text: str, values: Sequence[Value]) -> list[tuple[int, int, Value | None]]:
    """Offsets of words and values, the words of a value as one."""
    spans: list[tuple[int, int, Value | None]] = []
    left = list(reversed(values))
    for _, start, end in words(text):
        while left and left[-1].end <= start:
            left.pop()
        if left and left[-1].start <= start:
            if not spans or spans[-1][2] is not left[-1]:
                spans.append((left[-1].start, left[-1].end, left[-1]))
        elif left and left[-1].start < end:
            spans.append((left[-1].start, left[-1].end, left[-1]))
        else:
            spans.append((start, end, None))
    return spans


def _term(written: str, value: Value | None, gap: str, *, name: bool) -> Term:
    word = written.lower().replace("’", "'")
    plain = word.removesuffix("'s")
    telling = plain == "may" or (plain not in STOP_WORDS and plain not in AUXILIARIES)
    return Term(word, frozenset() if value else frozenset({stem_of(plain)}), name and telling, value, gap)


def _with_names(terms: Sequence[Term], *, starts_upper: bool) -> list[Term]:
    """The terms with the words of each name as one. A capital at the start of a sentence may begin a name."""
    joined: list[Term] = []
    for at, term in enumerate(terms):
        before = joined[-1] if joined else None
        opens = at == 1 and starts_upper and terms[0].content
        if before is not None and term.name and (before.name or opens) and _NAME_GAP.fullmatch(term.gap):
            title = before.word in _TITLES
            joined[-1] = Term(term.word, term.stems if title else before.stems | term.stems, True, None, before.gap)
        else:
            joined.append(term)
    return joined


def same(first: Term, second: Term) -> bool:
    """Whether two terms without values name the same: a name also by one of its parts."""
    if first.value is not None or second.value is not None:
        return False
    if first.name and second.name:
        return first.stems <= second.stems or second.stems <= first.stems
    if first.name or second.name:
        return not first.stems.isdisjoint(second.stems)
    return first.stems == second.stems


def opposed(first: Term, second: Term) -> bool:
    """Whether one word says the opposite of the other, as `unsafe` and `safe`."""
    if first.value is not None or second.value is not None or first.name or second.name:
        return False
    own, other = ({stem(term.word), stem(_IRREGULAR.get(term.word, term.word))} for term in (first, second))
    return (
        any(not opposites(word).isdisjoint(other) for word in own)
        or stem_of(second.word) in _without_prefix(first.word)
        or stem_of(first.word) in _without_prefix(second.word)
    )


def _without_prefix(word: str) -> set[str]:
    return {
        stem_of(word[len(prefix) :]) for prefix in _PREFIXES if word.startswith(prefix) and len(word) > len(prefix) + 3
    }
