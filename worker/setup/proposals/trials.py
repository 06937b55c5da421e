"""A candidate tried on all traces: what extracting with it gains, and whether it loses or takes anything wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.survey import PartName
from assay.worker.setup.proposals import texts
from assay.worker.setup.proposals.candidates import Candidate, is_named
from assay.worker.setup.proposals.facts import Facts
from assay.worker.setup.proposals.points import is_no_evidence
from assay.worker.setup.proposals.search import EXCERPT, Proposal

_WORDLESS = 0.2
"""Share of the gained traces whose text may be without words: a user may type `42`, and an id is no question."""


def has(extraction: Extraction, part: PartName) -> bool:
    """Whether a part was found."""
    return bool(getattr(extraction, part))


def verified(
    part: PartName, candidate: Candidate, facts: Sequence[Facts], paths: SamplePaths, missing: set[int]
) -> tuple[Proposal | None, set[int]]:
    """The line, if extracting with it does on every trace what it should, and the traces it gains."""
    best: set[int] = set()
    best_chain: tuple[str, ...] = ()
    for chain in _chains(part, getattr(paths, part), candidate.selector):
        gained = _gained(part, candidate, facts, paths.model_copy(update={part: chain}), missing)
        if len(gained) > len(best):
            best, best_chain = gained, chain
        if len(best) >= len(candidate.good.keys() & missing):
            break
    if not best:
        return None, set()
    example = facts[min(best, key=lambda number: (number not in candidate.good, number))].trace
    line = Proposal(
        part=part,
        selector=candidate.selector,
        before=len(facts) - len(missing),
        after=len(facts) - len(missing) + len(best),
        traces=len(facts),
        chain=best_chain,
        example=example.id,
        gained=frozenset(facts[number].trace.id for number in best),
        excerpt=_excerpt(part, extract(example, paths.model_copy(update={part: best_chain}))),
    )
    return line, best


def _chains(part: PartName, chain: tuple[str, ...], selector: str) -> Iterator[tuple[str, ...]]:
    """Where the line may stand, the usual place first: the prompt, and what models were sent, are the last resort."""
    kept = tuple(text for text in chain if text != selector)
    if part == "contexts":
        at = kept.index("prompt") if "prompt" in kept else len(kept)
    elif part == "question" and selector.startswith("root."):
        at = next((n for n, text in enumerate(kept) if not text.startswith("root.")), len(kept))
    else:
        at = len(kept)
    for place in dict.fromkeys((at, len(kept), *((0,) if part != "contexts" else ()))):
        yield (*kept[:place], selector, *kept[place:])


def _gained(
    part: PartName, candidate: Candidate, facts: Sequence[Facts], paths: SamplePaths, missing: set[int]
) -> set[int]:
    """The traces in which the part is found now. Empty where anything was lost, or anything wrong was taken."""
    gained: set[int] = set()
    wordless = 0
    for number, known in enumerate(facts):
        renewed = extract(known.trace, paths)
        if number not in missing:
            if _differs(part, known.extraction, renewed) and (
                _lost(part, known.extraction, renewed) or _is_wrong(part, candidate, known, renewed, number)
            ):
                return set()
        elif has(renewed, part) and _differs(part, known.extraction, renewed):
            if _is_wrong(part, candidate, known, renewed, number):
                return set()
            gained.add(number)
            wordless += not any(_has_words(part, text) for text in _texts_of(part, renewed))
    return gained if wordless <= _WORDLESS * len(gained) else set()


def _has_words(part: PartName, text: str) -> bool:
    """Whether a text has words. Evidence may be an object, written out as JSON."""
    return texts.word_count(text) > 1 if part == "contexts" else texts.is_prose(text, least=1)


def _differs(part: PartName, before: Extraction, after: Extraction) -> bool:
    return _texts_of(part, before) != _texts_of(part, after)


def _texts_of(part: PartName, extraction: Extraction) -> list[str]:
    """The texts of a part, wherever they were found."""
    if part == "contexts":
        return [context.text for context in extraction.contexts]
    extracted = extraction.question if part == "question" else extraction.response
    return [extracted.text] if extracted else []


def _is_wrong(part: PartName, candidate: Candidate, known: Facts, renewed: Extraction, number: int) -> bool:
    """Whether what was extracted is not what the place was taken for."""
    if part == "contexts":
        before = {context.text for context in known.extraction.contexts}
        fresh = [context.text for context in renewed.contexts if context.text not in before]
        is_marked = is_named(part, candidate)
        return any(is_no_evidence(known, text, is_marked=is_marked) for text in fresh)
    text = texts.normal(" ".join(_texts_of(part, renewed)))
    is_its_own = number in candidate.texts and bool(text) and text in candidate.texts[number]
    return not is_its_own or number in candidate.refused


def _lost(part: PartName, before: Extraction, after: Extraction) -> bool:
    """Whether something is gone that was there: evidence that is in none of the new texts, a question, an answer."""
    if part != "contexts":
        return True
    fresh = [texts.normal(context.text) for context in after.contexts]
    return any(not any(texts.normal(context.text) in text for text in fresh) for context in before.contexts)


def _excerpt(part: PartName, extraction: Extraction) -> str:
    return next((text[:EXCERPT] for text in _texts_of(part, extraction)), "")
