"""Yes and no in languages whose words are not known: decided where a sentence has just the words of the question."""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.schema import Sample
from assay.judges.text.passages import Passage
from assay.judges.text.sentences import sentence_ranges
from assay.judges.text.words import surface_words, word_set

_NEGATIONS = word_set("nicht kein keine keinen no ne n pas non não niet geen inte ikke не нет nie 不 没 沒 未 無 无 未")
"""Words that negate, of the larger languages."""

_PARTICLES = word_set("il elle ils elles t 吗 嗎 呢 ли")
"""Words that only ask, as `il` in `est-il inclus`."""

_MOST_WORDS = 40
"""Words of a question that are compared."""


def states_elsewhere(sample: Sample, passages: Sequence[Passage]) -> tuple[bool, Passage] | None:
    """Whether a sentence says what is asked, in the same words, and that sentence. None where none has these words."""
    text = sample.question[-1000:].strip()
    sentences = sentence_ranges(text)
    if not sentences:
        return None
    asked = surface_words(text[slice(*sentences[-1])])
    if not 1 < len(asked) <= _MOST_WORDS:
        return None
    for passage in passages:
        if abs(len(passage.stems) - len(asked)) > len(asked):
            continue
        told = surface_words(sample.contexts[passage.context][passage.start : passage.end])
        wanted = sorted(word for word in asked if word not in _NEGATIONS and (word not in _PARTICLES or word in told))
        if wanted == sorted(word for word in told if word not in _NEGATIONS):
            return _denied(asked) == _denied(told), passage
    return None


def _denied(spoken: Sequence[str]) -> bool:
    return not _NEGATIONS.isdisjoint(spoken)
