"""`The document does not state when Acme was founded`: true only where no passage states it."""

from __future__ import annotations

from collections.abc import Iterator

from assay.judges.rubric import ValueKind
from assay.judges.schema import Evidence, Sample
from assay.judges.text.negation import denies
from assay.judges.text.passages import cut_passages
from assay.judges.text.refusals import denied_matter
from assay.judges.text.words import STOP_WORDS, stem, surface_words, word_set
from assay.judges.values import Value, extract_values

_KINDS = {
    "date": (ValueKind.DATE,),
    "number": (ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT),
    "name": (ValueKind.NAME,),
}
_ASKING = frozenset(
    map(stem, word_set("who whom when where how many much long old year date number amount name exact any specific"))
)
_LEAST_WORDS = 2


def denied_though_stated(sample: Sample, sentence: str) -> Evidence | None:
    """The passage that states what the sentence says is not stated. None where there is none, or where it may be.

    All words of what is denied must stand in one passage that denies nothing, with a value of the kind that is asked
    for. Where the sentence does not ask for a kind of value, nothing is decided.
    """
    denied = denied_matter(sentence)
    if denied is None or denied[1] not in _KINDS:
        return None
    wanted = {word for word in map(stem, surface_words(denied[0])) if word not in STOP_WORDS and word not in _ASKING}
    if len(wanted) < _LEAST_WORDS:
        return None
    for passage in cut_passages(sample.contexts):
        if wanted <= set(passage.stems) and not denies(passage.stems):
            text = sample.contexts[passage.context][passage.start : passage.end]
            if _has_value(text, wanted, _KINDS[denied[1]]):
                return passage.where
    return None


def _has_value(text: str, wanted: set[str], kinds: tuple[ValueKind, ...]) -> bool:
    """Whether the text has a value of the kinds that is not among the words of the question itself."""
    return any(stem(value.text.lower()) not in wanted for value in _values(text, kinds))


def _values(text: str, kinds: tuple[ValueKind, ...]) -> Iterator[Value]:
    for value in extract_values(text):
        year = (
            value.kind is ValueKind.NUMBER
            and ValueKind.DATE in kinds
            and value.normal.isdigit()
            and len(value.normal) == 4
        )
        if value.kind in kinds or year:
            yield value
