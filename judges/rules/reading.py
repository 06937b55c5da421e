"""A response read once for the rules about subjects: its sentences, clauses, words and values.

These rules ask which value a sentence states *of* a subject. A mention of the subject binds the nearest value of the
wanted kind in its clause. Where the clause has none, it binds one in the rest of the sentence, if no other subject
stands between. Everything is looked up by bisection, so that a megabyte of hostile text costs what it takes to read it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from assay.judges.rubric import ValueKind
from assay.judges.schema import Sample, Span
from assay.judges.text.form import statements, without_form
from assay.judges.text.words import STOP_WORDS, stem, word_set, words
from assay.judges.values import Value
from assay.judges.values.extract import measured_values

GAP = 6
"""Other words that may stand between the words of a phrase."""

NEW_WORDS = 2
"""Words a first sentence may add to the question's, values aside, and still speak of what the question named."""

_CUT = re.compile(r"[;|()\n]|[,:](?=\s)|\s[-–—](?=\s)|\b(?:and|but|while|whereas|or|und|aber)\b", re.IGNORECASE)
"""Where a clause ends, as at the comma of `red, blue` or at `but`."""

_JOINS = re.compile(r"\s{0,3}(?:-|–|—|to|and|or|bis|und)\s{0,3}", re.IGNORECASE)
"""What joins the two ends of a stated range: ` to ` in `5 to 10`."""

_PRONOUNS = word_set("it its it's this that that's these those they their he she es er sie dies das")
_ANSWERS = word_set("yes no currently right now today ja nein")


class Mention(NamedTuple):
    """Where a text names a subject."""

    start: int
    end: int


class Named(NamedTuple):
    """A mention and the subject it names."""

    mention: Mention
    subject: str


class Others:
    """Where a text names any subject: what decides whose a value is."""

    def __init__(self, mentions: Iterable[Mention]) -> None:
        self._mentions = sorted(set(mentions))
        self._starts = [mention.start for mention in self._mentions]

    def any(self, start: int, end: int) -> bool:
        """Whether a mention begins in `start..end`."""
        at = bisect_left(self._starts, start)
        return at < len(self._starts) and self._starts[at] < end

    def next_start(self, position: int) -> int | None:
        """Where the first mention at or after a position begins."""
        at = bisect_left(self._starts, position)
        return self._starts[at] if at < len(self._starts) else None

    def nearer(self, own: Mention, value: Value, clause: tuple[int, int]) -> bool:
        """Whether a mention of something else stands nearer to the value than its own, in the value's clause."""
        limit = _distance(own, value)[0]
        at = bisect_left(self._starts, value.start)
        around = self._mentions[max(0, at - 2) : at + 2]
        return any(
            _distance(mention, value)[0] < limit
            for mention in around
            if clause[0] <= mention.start < clause[1]
            and (mention.end <= own.start or mention.start >= own.end)
            and (mention.end <= value.start or mention.start >= value.end)
        )


class Reading:
    """One response, read lazily: a rule without a mention costs no extraction of values."""

    def __init__(self, sample: Sample) -> None:
        self.response = sample.response
        self.text = without_form(sample.response)
        self.question = sample.question

    @cached_property
    def tokens(self) -> list[tuple[str, int, int]]:
        """Stems with their offsets."""
        return stemmed(self.text)

    @cached_property
    def asked(self) -> list[tuple[str, int, int]]:
        """Stems of the question with their offsets."""
        return stemmed(self.question)

    @cached_property
    def sentences(self) -> list[Span]:
        """The response's sentences."""
        return statements(self.response)

    @cached_property
    def values(self) -> dict[ValueKind, list[Value]]:
        """The values the response states, by kind, in order."""
        by_kind: dict[ValueKind, list[Value]] = defaultdict(list)
        for value in measured_values(self.text):
            by_kind[value.kind].append(value)
        return by_kind

    @cached_property
    def _value_starts(self) -> dict[ValueKind, list[int]]:
        return {kind: [value.start for value in group] for kind, group in self.values.items()}

    @cached_property
    def _starts(self) -> list[int]:
        return [span.start for span in self.sentences]

    @cached_property
    def _token_starts(self) -> list[int]:
        return [start for _, start, _ in self.tokens]

    @cached_property
    def _cuts(self) -> list[int]:
        """Where clauses end. A stated range, as `5 to 10`, holds no such end."""
        spans = sorted((value.start, value.end) for group in self.values.values() for value in group)
        joined = [(end, start) for (_, end), (start, _) in pairwise(spans) if _JOINS.fullmatch(self.text, end, start)]
        ends = [end for end, _ in joined]
        cuts = []
        for match in _CUT.finditer(self.text):
            at = bisect_right(ends, match.start()) - 1
            if at < 0 or not joined[at][0] <= match.start() < joined[at][1]:
                cuts.append(match.start())
        return cuts

    def sentence_at(self, position: int) -> Span:
        """The sentence that holds a position, else the one before it."""
        return self.sentences[max(0, bisect_right(self._starts, position) - 1)]

    def stated_of(self, mention: Mention, kind: ValueKind, others: Others) -> list[Value]:
        """The value of a kind that the response states of a subject where it names it. A stated range gives two.

        Args:
            mention: where it is named.
            kind: of the value wanted.
            others: where any subject is named. A value that belongs to another one is left to it.
        """
        values = self.values.get(kind, [])
        at = self._nearest(mention, values, self._value_starts[kind], others) if values else None
        if at is None:
            return []
        span = values[at].span
        if others.nearer(mention, values[at], self._clause(Mention(span.start, span.end))):
            return []
        return [values[index] for index in sorted(self._with_range(at, values))]

    def _nearest(self, mention: Mention, values: Sequence[Value], starts: Sequence[int], others: Others) -> int | None:
        """Index of the value a mention speaks of: in its clause, else after it, else before it in the sentence."""
        first, last = self._clause(mention)
        inside = range(bisect_left(starts, first), bisect_left(starts, last))
        near = _around(inside, bisect_left(starts, mention.start))
        apart = [at for at in near if values[at].end <= mention.start or values[at].start >= mention.end]
        if apart:
            return min(apart, key=lambda at: _distance(mention, values[at]))
        sentence = self.sentence_at(mention.start)
        after = bisect_left(starts, last)
        if after < len(values) and starts[after] < sentence.end and not others.any(mention.end, starts[after]):
            return after
        before = bisect_left(starts, first) - 1
        if before >= 0 and starts[before] >= sentence.start:
            clause = self._clause(Mention(starts[before], values[before].span.end))
            if not others.any(clause[0], mention.start):
                return before
        return None

    def _clause(self, mention: Mention) -> tuple[int, int]:
        """Start and end of the clause around a mention."""
        sentence = self.sentence_at(mention.start)
        before = bisect_right(self._cuts, mention.start) - 1
        after = bisect_left(self._cuts, mention.end)
        start = self._cuts[before] if before >= 0 else 0
        end = self._cuts[after] if after < len(self._cuts) else len(self.text)
        return max(start, sentence.start), min(end, max(sentence.end, mention.end))

    def _with_range(self, at: int, values: Sequence[Value]) -> Iterable[int]:
        """The value and, where it is one end of a stated range, the other end."""
        yield at
        if at + 1 < len(values) and _JOINS.fullmatch(self.text, values[at].end, values[at + 1].start):
            yield at + 1
        if at and _JOINS.fullmatch(self.text, values[at - 1].end, values[at].start):
            yield at - 1

    def carried(self, named: Sequence[Named], asked: frozenset[str]) -> list[Named]:
        """Sentences that speak of a subject by a pronoun, or answer in a few words: empty mentions at their start.

        Args:
            named: where the response names which subject, sorted.
            asked: the subjects named by the question's only mention of any. Empty where it names several or none.
        """
        carried: list[Named] = []
        spoken = asked
        starts = [naming.mention.start for naming in named]
        for number, sentence in enumerate(self.sentences):
            last = bisect_left(starts, sentence.end)
            if last and starts[last - 1] >= sentence.start:
                end = named[last - 1].mention.end
                first = bisect_left(starts, sentence.start)
                spoken = frozenset(naming.subject for naming in named[first:last] if naming.mention.end == end)
            elif spoken and (self._leans_back(sentence) or (number == 0 and self._is_short(sentence))):
                here = Mention(sentence.start, sentence.start)
                carried.extend(Named(here, subject) for subject in sorted(spoken))
            else:
                spoken = frozenset()
        return carried

    def _words_of(self, sentence: Span) -> tuple[int, int]:
        return bisect_left(self._token_starts, sentence.start), bisect_left(self._token_starts, sentence.end)

    def _leans_back(self, sentence: Span) -> bool:
        """Whether the sentence begins with a pronoun, after a yes or no."""
        first, last = self._words_of(sentence)
        for _, start, end in self.tokens[first : min(last, first + 3)]:
            word = self.text[start:end].lower().replace("’", "'")
            if word in _PRONOUNS:
                return True
            if word not in _ANSWERS:
                return False
        return False

    def _is_short(self, sentence: Span) -> bool:
        first, last = self._words_of(sentence)
        known = {word for word, _, _ in self.asked}
        new = [word for word, _, _ in self.tokens[first:last] if word not in STOP_WORDS and not word[0].isdigit()]
        return last - first <= 4 * GAP and sum(word not in known for word in new) <= NEW_WORDS


def stemmed(text: str) -> list[tuple[str, int, int]]:
    """Stems of the words of a text with their offsets."""
    return [(stem(word), start, end) for word, start, end in words(text)]


class PhraseFinder:
    """Finds phrases: all their words close together, in any order and inflection."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self.phrases = [stems for phrase in phrases if (stems := _stems_of(phrase))]

    def mentions(self, tokens: Sequence[tuple[str, int, int]]) -> list[Mention]:
        """Where any of the phrases stands among the stems of a text, in order."""
        places: dict[str, list[int]] = defaultdict(list)
        wanted = {word for phrase in self.phrases for word in phrase}
        for at, (word, _, _) in enumerate(tokens):
            if word in wanted:
                places[word].append(at)
        return sorted({mention for phrase in self.phrases for mention in _windows(phrase, places, tokens)})


def _stems_of(phrase: str) -> frozenset[str]:
    """The stems that make a phrase. Stop words count only where there is nothing else."""
    all_words = [word for word, _, _ in words(phrase)]
    return frozenset(stem(word) for word in ([w for w in all_words if w not in STOP_WORDS] or all_words))


def _windows(
    phrase: frozenset[str], places: dict[str, list[int]], tokens: Sequence[tuple[str, int, int]]
) -> Iterable[Mention]:
    """Shortest stretches that hold every stem of the phrase, none overlapping. Linear in the stems' occurrences."""
    if not phrase <= places.keys():
        return
    last: dict[str, int] = {}
    for at in sorted(place for word in phrase for place in places[word]):
        last[tokens[at][0]] = at
        if len(last) == len(phrase):
            first = min(last.values())
            if at - first < len(phrase) + GAP:
                yield Mention(tokens[first][1], tokens[at][2])
                last.clear()


def _distance(mention: Mention, value: Value) -> tuple[int, bool]:
    """Characters between the two. What follows wins over what precedes."""
    if value.start >= mention.end:
        return value.start - mention.end, False
    return mention.start - value.end, True


def _around(inside: range, at: int) -> range:
    """The few indices of a range about `at`: no mention is nearest to a value beyond its neighbours'."""
    return range(max(inside.start, at - 2), min(inside.stop, at + 3))
