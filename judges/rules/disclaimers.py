"""Required disclaimers: words an answer must carry, always or where its topic comes up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from assay.judges.errors import RubricError
from assay.judges.rubric import Disclaimer, Rules
from assay.judges.rules.expressions import check_expression, search
from assay.judges.rules.patterns import excerpt
from assay.judges.rules.reading import PhraseFinder, stemmed
from assay.judges.rules.step import Progress, Step
from assay.judges.schema import ResponseKind, RuleHit, Sample, Span
from assay.judges.text.bounded_marks import normalized
from assay.judges.text.words import surface_words

MOST_COMPARED = 200
"""Stretches of a response that are compared word by word with one wording. Hostile text holds no end of them."""


def compile_disclaimers(rules: Rules, source: str) -> Step | None:
    """The step that looks for the words an answer must carry.

    Raises:
        RubricError: a disclaimer cannot work.
    """
    checks = [DisclaimerCheck(rule, source) for rule in rules.disclaimers]

    def step(sample: Sample, progress: Progress) -> Progress:
        verdict = progress.verdict
        missing = missing_disclaimers(sample, checks) if verdict.kind is ResponseKind.ANSWER else ()
        if not missing:
            return progress
        return progress._replace(verdict=verdict.model_copy(update={"rule_hits": (*verdict.rule_hits, *missing)}))

    return step if checks else None


class DisclaimerCheck:
    """One required disclaimer, ready to be looked for in many responses."""

    def __init__(self, rule: Disclaimer, source: str) -> None:
        """Compile the rule.

        Raises:
            RubricError: a pattern is no regular expression, or a wording or topic holds no word.
        """
        key = f"rules.disclaimers.{rule.id}"
        for expression in rule.any_of:
            check_expression(expression, source, f"{key}.any_of")
        if rule.when_matches is not None:
            check_expression(rule.when_matches, source, f"{key}.when_matches")
        self.rule = rule
        self._topic = PhraseFinder(rule.when)
        self._wordings = [_words(text) for text in rule.text]
        if not all(self._wordings) or len(self._topic.phrases) < len(rule.when):
            raise RubricError(source, key, "a wording or a topic holds no word; write it out")

    def hit(self, sample: Sample, response_words: Sequence[str]) -> RuleHit | None:
        """The hit, if the disclaimer is required and missing.

        Raises:
            PatternTimeout: a pattern took too long.
        """
        if not self._is_required(sample) or self._is_there(sample.response, response_words):
            return None
        wanted = f"“{excerpt(self.rule.text[0])}”" if self.rule.text else f"{self.rule.id!r}"
        return RuleHit(
            rule=f"disclaimer:{self.rule.id}",
            span=Span(start=0, end=len(sample.response)),
            detail=self.rule.message or f"the required disclaimer {wanted} is missing",
            severity=self.rule.severity,
        )

    def _is_required(self, sample: Sample) -> bool:
        if not self.rule.when and self.rule.when_matches is None:
            return True
        texts = (sample.question, sample.response)
        if any(self._topic.mentions(stemmed(text)) for text in texts if self.rule.when):
            return True
        pattern, rule = self.rule.when_matches, f"disclaimer {self.rule.id!r}: when_matches"
        return pattern is not None and any(search(pattern, text, rule=rule) for text in texts)

    def _is_there(self, response: str, response_words: Sequence[str]) -> bool:
        if any(occurs(wording, response_words, self.rule.similarity) for wording in self._wordings):
            return True
        rule = f"disclaimer {self.rule.id!r}: any_of"
        return any(search(expression, response, rule=rule) for expression in self.rule.any_of)


def missing_disclaimers(sample: Sample, checks: Sequence[DisclaimerCheck]) -> tuple[RuleHit, ...]:
    """The hits of all disclaimers that one response lacks."""
    if not checks:
        return ()
    response_words = _words(sample.response)
    return tuple(hit for check in checks if (hit := check.hit(sample, response_words)) is not None)


def occurs(wording: Sequence[str], response_words: Sequence[str], similarity: float) -> bool:
    """Whether some stretch of the response as long as the wording has that share of its words, in its order."""
    return any(
        SequenceMatcher(None, wording, response_words[start : start + len(wording)], autojunk=False).ratio()
        >= similarity
        for start in _likely(wording, response_words, similarity)
    )


def _likely(wording: Sequence[str], response_words: Sequence[str], similarity: float) -> Iterable[int]:
    """Starts of the stretches that share enough words with the wording whatever their order, the best ones first."""
    shared = list(_overlaps(wording, response_words))
    enough = [at for at, count in enumerate(shared) if count >= similarity * len(wording)]
    return sorted(enough, key=lambda at: (-shared[at], at))[:MOST_COMPARED]


def _overlaps(wording: Sequence[str], response_words: Sequence[str]) -> Iterator[int]:
    """How many words each stretch shares with the wording, in one pass. A shorter text is one stretch."""
    # A window of the wording's length slides over the text. `lacking` counts the words of the wording that the window
    # does not hold yet; below zero it holds more of a word than the wording has.
    lacking = Counter(wording)
    shared = 0
    size = min(len(wording), len(response_words))
    for at, word in enumerate(response_words):
        if word in lacking:
            shared += lacking[word] > 0
            lacking[word] -= 1
        if at >= size and response_words[at - size] in lacking:
            lacking[response_words[at - size]] += 1
            shared -= lacking[response_words[at - size]] > 0
        if at >= size - 1:
            yield shared


def _words(text: str) -> list[str]:
    """Words in one case, compatibility forms levelled. Punctuation and white space do not count."""
    return [word.casefold() for word in surface_words(normalized("NFKC", text))]
