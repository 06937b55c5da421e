"""Which lines of evidence a statement rests on, told by words: a probability names none.

People are shown these lines, and the rules compare the statement's values with theirs. Where not even a part of a word
ties a statement to anything that was shown, support was for something else: so it is with 5 of 2,380 sentences of
RAGTruth that nobody marked, with 1 of 149 of BEGIN, and with 45 % of sentences held against another row's evidence
(`python -m benchmarks.statements_asked`, 2026-11-29).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from assay.judges.lexical_overlap import Tie, content_terms, tie
from assay.judges.schema import Evidence, Sample

MOST_LINES = 4
"""Lines named for one statement. More than five would count as naming everything."""

NEARLY_BEST = 0.6
"""Share of the best line's weight from which on another line is named beside it."""

UNTIED = "no line of the evidence has a word or value in common with it"
UNCHECKED = "no word or value ties the evidence to it: it may say the same in another language or in other words"


class TiedLines:
    """The lines shown with one part of a response, with their words."""

    def __init__(self, sample: Sample, lines: Mapping[int, Evidence]) -> None:
        """Read the lines.

        Args:
            sample: whose contexts the lines are of.
            lines: the lines that were shown.
        """
        self._sample = sample
        self._lines = tuple(lines.values())
        self._texts = [sample.contexts[line.context][line.start : line.end] for line in self._lines]
        self._terms = [content_terms(text) for text in self._texts]
        held = Counter(term for terms in self._terms for term in terms)
        self._weight = {term: math.log1p(len(self._lines) / count) for term, count in held.items()}

    def of(self, statement: str) -> tuple[Evidence, ...]:
        """The lines that share most with a statement, the best first. None where nothing is shared."""
        wanted = content_terms(statement) or content_terms(self._sample.question)
        weights = [sum(self._weight[term] for term in terms & wanted) for terms in self._terms]
        best = max(weights, default=0.0)
        if best <= 0:
            return ()
        near = [place for place, weight in enumerate(weights) if weight >= NEARLY_BEST * best]
        ranked = sorted(near, key=lambda place: (-weights[place], place))[:MOST_LINES]
        return tuple(self._lines[place] for place in ranked)

    def tie(self, statement: str, tied: Sequence[Evidence]) -> Tie:
        """Whether anything ties a statement to the evidence that was shown, where its best lines do not tell."""
        if tied:
            return Tie.SHARED
        beside = self._sample.contexts[self._lines[0].context] if self._lines else ""
        return tie(statement, "\n".join(self._texts), question=self._sample.question, beside=beside)
