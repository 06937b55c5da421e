"""The passages of evidence in another language, and how a sentence is to the nearest of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

from assay.judges.local.other_languages.copies import Likeness, likeness
from assay.judges.local.other_languages.unspaced import unspaced_likeness
from assay.judges.local.other_languages.vocabulary import SmallWords
from assay.judges.local.other_languages.words import Words, is_number, is_unspaced, read_words
from assay.judges.values.numerals import numbers_otherwise

MOST_POSTINGS = 200
"""A word in more passages than this does not tell which of them a sentence is a copy of."""

_NEAREST = 4
_LIKEST = (Likeness.COPY, Likeness.OPPOSITE, Likeness.OTHER_NUMBER)


class PassageWords:
    """The words of each passage, and where each word stands."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._passages = [read_words(text) for text in texts]
        postings: dict[str, list[int]] = defaultdict(list)
        for number, passage in enumerate(self._passages):
            for key in frozenset(_keys(passage)):
                postings[key].append(number)
        self._postings = {key: posted for key, posted in postings.items() if len(posted) <= MOST_POSTINGS}

    def likeness(self, text: str, small: SmallWords | None) -> Likeness:
        """How the sentence is to the passages that share most with it. A copy counts before all else."""
        sentence = read_words(text)
        unspaced = is_unspaced(sentence)
        near = self._nearest(sentence)
        seen = {
            unspaced_likeness(sentence, passage) if unspaced else likeness(sentence, passage, small) for passage in near
        }
        likest = next((kind for kind in _LIKEST if kind in seen), Likeness.UNKNOWN)
        if likest is Likeness.OTHER_NUMBER and self._has_numbers(text, sentence):
            return Likeness.UNKNOWN
        return likest

    def _nearest(self, sentence: Words) -> list[Words]:
        held: Counter[int] = Counter()
        for key in frozenset(_keys(sentence)):
            held.update(self._postings.get(key, ()))
        nearest = sorted(held, key=lambda number: (-held[number], len(self._passages[number].forms), number))
        return [self._passages[number] for number in nearest[:_NEAREST]]

    def _has_numbers(self, text: str, sentence: Words) -> bool:
        """Whether all numbers of the sentence stand somewhere in the evidence."""
        return _numbers(text, sentence) <= self._all_numbers

    @cached_property
    def _all_numbers(self) -> frozenset[str]:
        passages = zip(self._texts, self._passages, strict=True)
        return frozenset().union(*(_numbers(text, passage) for text, passage in passages))


def _keys(words: Words) -> Iterator[str]:
    """What passages are found by: words, and pairs of characters where words have no blanks between them."""
    if is_unspaced(words):
        yield from map("".join, pairwise(words.forms))
    else:
        yield from words.forms


def _numbers(text: str, words: Words) -> frozenset[str]:
    return frozenset(form[1:] for form in words.forms if is_number(form)) | frozenset(numbers_otherwise(text))
