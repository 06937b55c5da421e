"""Which lines of long evidence are shown: the best of each sentence, in turns, as many as the budget holds."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from assay.judges.lexical_overlap import content_terms
from assay.judges.schema import Evidence

MOST_RANKED = 200
"""Lines ranked for one sentence: what comes after so many that share more with it bears on it no longer."""


def select_evidence(
    contexts: Sequence[str], lines: dict[int, Evidence], sentences: Sequence[str], budget_chars: int
) -> dict[int, Evidence]:
    """The lines that bear most on each of the sentences, under their own numbers and in their own order.

    Every sentence gets its best line before any gets its second: a sentence with many words takes nothing from the
    others. A line brings those beside it along, for its pronouns. Words that few lines hold weigh more (inverse
    document frequency over the lines), so that names and figures decide rather than articles.
    """
    if sum(line.end - line.start for line in lines.values()) <= budget_chars:
        return lines
    chosen: set[int] = set()
    left = budget_chars
    for number in _in_turns(contexts, lines, sentences):
        length = lines[number].end - lines[number].start
        if number not in chosen and length <= left:
            chosen.add(number)
            left -= length
    return {number: line for number, line in lines.items() if number in chosen}


def _in_turns(contexts: Sequence[str], lines: Mapping[int, Evidence], sentences: Sequence[str]) -> Iterator[int]:
    """Every line, the best of each sentence first. A line may come several times."""
    holding: dict[str, list[int]] = defaultdict(list)
    for number, line in lines.items():
        for term in content_terms(contexts[line.context][line.start : line.end]):
            holding[term].append(number)
    for turn, best in enumerate(zip_longest(*(_ranked(sentence, holding, len(lines)) for sentence in sentences))):
        for number in best:
            if number is not None:
                yield number
        if turn == 0:
            yield from (beside for number in best if number is not None for beside in _beside(number, lines))
    yield from lines


def _ranked(sentence: str, holding: Mapping[str, Sequence[int]], count: int) -> list[int]:
    """The lines that share something with the sentence, the most telling first."""
    weight: Counter[int] = Counter()
    for term in sorted(content_terms(sentence)):
        held = holding.get(term, ())
        telling = math.log1p(count / len(held)) if held else 0.0
        for number in held:
            weight[number] += telling  # type: ignore[assignment]  # a counter of floats
    return sorted(weight, key=lambda number: (-weight[number], number))[:MOST_RANKED]


def _beside(number: int, lines: Mapping[int, Evidence]) -> Iterator[int]:
    """The lines before and after one, in the same context."""
    for other in (number - 1, number + 1):
        if other in lines and lines[other].context == lines[number].context:
            yield other
