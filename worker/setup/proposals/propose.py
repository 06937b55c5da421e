"""Which selectors would find what is missing: worked out from traces, tried on all of them, and ranked by gain.

A proposal is made only where extracting with it raises the share, takes away nothing that was there, and takes no
text that is known to be something else. In doubt nothing is proposed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

from pydantic import Field

from assay.judges.rubric import SamplePaths
from assay.judges.schema import Record
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.survey import PARTS, PartName
from assay.worker.records.traces import Trace
from assay.worker.setup.proposals import texts
from assay.worker.setup.proposals.candidates import Candidate, candidates_for, is_named, ranked
from assay.worker.setup.proposals.facts import Facts, facts_of, is_from_call
from assay.worker.setup.proposals.points import is_no_evidence

BUDGET_S = 20.0
"""Seconds of looking for proposals. What was worked out by then is told."""
_MOST_LINES = 8
"""Lines proposed for one part."""
_WORDLESS = 0.2
"""Share of the gained traces whose text may be without words: a user may type `42`, and an id is no question."""
_MOST_TRIED = 10
"""Candidates that are tried on the traces for one line."""


class Proposal(Record):
    """A line for a rubric: the part, the selector, and in how many of `traces` traces the part is with it.

    Attributes:
        chain: the part's whole chain with this and the proposals before it.
        example: id of a trace in which it finds what was missing.
        excerpt: what it finds there, for the terminal of the person who asked.
    """

    part: PartName
    selector: str
    before: int
    after: int
    traces: int
    chain: tuple[str, ...]
    example: str
    excerpt: str = ""

    @property
    def gain(self) -> int:
        """Traces more."""
        return self.after - self.before


class Search(Record):
    """What a search over traces came to.

    Attributes:
        proposals: the lines, the most gain first.
        buried: by part, the traces whose text was found only inside something larger: the question in a whole prompt,
            the answer in a whole object. They count as not found.
        is_whole: whether all traces were looked at in time.
    """

    proposals: tuple[Proposal, ...] = ()
    buried: dict[PartName, tuple[str, ...]] = Field(default_factory=dict)
    is_whole: bool = True


def propose(
    traces: Sequence[Trace], paths: SamplePaths, parts: Sequence[PartName] = PARTS, *, budget_s: float = BUDGET_S
) -> Search:
    """Look for selector lines that would find more.

    Args:
        traces: what the lines are worked out from and tried on.
        paths: the rubric's chains, to which lines are added.
        parts: which parts are wanted.
        budget_s: seconds after which no further line is looked for.
    """
    until = time.monotonic() + budget_s
    facts: list[Facts] = []
    for trace in traces:
        facts.append(facts_of(trace, extract(trace, paths)))
        if time.monotonic() > until:
            break
    proposals: list[Proposal] = []
    buried: dict[PartName, tuple[str, ...]] = {}
    for part in parts:
        deep, lines = _lines(part, facts, paths, until)
        buried[part] = tuple(facts[number].trace.id for number in sorted(deep))
        proposals += lines
        if lines:
            paths = paths.model_copy(update={part: lines[-1].chain})
    return Search(
        proposals=tuple(sorted(proposals, key=lambda line: -line.gain)),
        buried={part: ids for part, ids in buried.items() if ids},
        is_whole=time.monotonic() <= until,
    )


def _lines(part: PartName, facts: Sequence[Facts], paths: SamplePaths, until: float) -> tuple[set[int], list[Proposal]]:
    """The lines for one part, each worked out with those before it in force; and the traces they dig it out in."""
    lines: list[Proposal] = []
    candidates = candidates_for(part, facts, until)
    buried = _buried(part, facts, candidates)
    missing = buried | {number for number, known in enumerate(facts) if not has(known.extraction, part)}
    while missing and len(lines) < _MOST_LINES and time.monotonic() <= until:
        line, gained = _best_line(part, ranked(part, candidates, missing), facts, paths, missing, until)
        if line is None:
            break
        lines.append(line)
        missing -= gained
        paths = paths.model_copy(update={part: line.chain})
        for known in facts:
            known.extraction = extract(known.trace, paths)
        candidates = candidates_for(part, facts, until)
    # What no line digs out was found after all, as well as anybody can tell.
    left = len(buried & missing)
    lines = [line.model_copy(update={"before": line.before + left, "after": line.after + left}) for line in lines]
    return buried - missing, lines


def has(extraction: Extraction, part: PartName) -> bool:
    """Whether a part was found."""
    return bool(getattr(extraction, part))


def _buried(part: PartName, facts: Sequence[Facts], candidates: Sequence[Candidate]) -> set[int]:
    """Traces in which what was found is a whole prompt, or a whole object, around the text of a candidate."""
    return {
        number
        for candidate in candidates
        for number in candidate.good
        if _is_around(part, facts[number].extraction, candidate.texts[number])
    }


def _is_around(part: PartName, extraction: Extraction, text: str) -> bool:
    if part == "question" and extraction.question is not None and is_from_call(extraction.question):
        whole = extraction.question.text
    elif part == "response" and extraction.response is not None and extraction.response.text[:1] in "{[":
        whole = extraction.response.text
        text = json.dumps(text, ensure_ascii=False)[1:-1]
    else:
        return False
    flat = texts.normal(whole)
    return text in flat and len(text) < 0.9 * len(flat)


def _best_line(
    part: PartName,
    candidates: Sequence[Candidate],
    facts: Sequence[Facts],
    paths: SamplePaths,
    missing: set[int],
    until: float,
) -> tuple[Proposal | None, set[int]]:
    """The line that gains most, and the traces it gains."""
    best: tuple[Proposal | None, set[int]] = (None, set())
    for candidate in candidates[:_MOST_TRIED]:
        if time.monotonic() > until or len(candidate.good.keys() & missing) <= len(best[1]):
            break
        line, gained = _verified(part, candidate, facts, paths, missing)
        if len(gained) > len(best[1]):
            best = line, gained
    return best


def _verified(
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
    return number not in candidate.texts or not (text and text in candidate.texts[number])


def _lost(part: PartName, before: Extraction, after: Extraction) -> bool:
    """Whether something is gone that was there: evidence that is in none of the new texts, a question, an answer."""
    if part != "contexts":
        return True
    fresh = [texts.normal(context.text) for context in after.contexts]
    return any(not any(texts.normal(context.text) in text for text in fresh) for context in before.contexts)


def _excerpt(part: PartName, extraction: Extraction) -> str:
    return next((text[:200] for text in _texts_of(part, extraction)), "")
