"""Which selectors would find what is missing: worked out from traces, tried on all of them, and ranked by gain.

A proposal is made only where extracting with it raises the share, takes away nothing that was there, and takes no
text that is known to be something else. In doubt nothing is proposed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.survey import PARTS, PartName
from assay.worker.records.traces import Trace
from assay.worker.setup.proposals import texts
from assay.worker.setup.proposals.candidates import Candidate, candidates_for, missed, plausible_for, ranked
from assay.worker.setup.proposals.facts import Facts, facts_of, is_from_call
from assay.worker.setup.proposals.search import EXCERPT, PlausiblePlace, Proposal, Search
from assay.worker.setup.proposals.trials import has, verified

BUDGET_S = 20.0
"""Seconds of looking for proposals. What was worked out by then is told."""
_MOST_LINES = 8
"""Lines proposed for one part."""
_MOST_TRIED = 10
"""Candidates that are tried on the traces for one line."""
_MOST_PLAUSIBLE = 12
"""Plausible places of one part, over all use cases."""


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
    plausible: list[PlausiblePlace] = []
    buried: dict[PartName, tuple[str, ...]] = {}
    for part in parts:
        deep, lines = _lines(part, facts, paths, until)
        plausible += _plausible(part, facts, until)
        buried[part] = tuple(facts[number].trace.id for number in sorted(deep))
        proposals += lines
        if lines:
            paths = paths.model_copy(update={part: lines[-1].chain})
    return Search(
        proposals=tuple(sorted(proposals, key=lambda line: -line.gain)),
        plausible=tuple(plausible),
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


def _plausible(part: PartName, facts: Sequence[Facts], until: float) -> list[PlausiblePlace]:
    """Places to look at in the traces that lack the part with all lines in force."""
    missing = {number for number, known in enumerate(facts) if not has(known.extraction, part)}
    if not missing:
        return []
    return [
        PlausiblePlace(
            part=part,
            selector=candidate.selector,
            excerpts={
                facts[number].trace.id: candidate.texts[number][:EXCERPT]
                for number in sorted(missed(candidate, missing))
            },
        )
        for candidate in plausible_for(part, facts, missing, until)[:_MOST_PLAUSIBLE]
    ]


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
        line, gained = verified(part, candidate, facts, paths, missing)
        if len(gained) > len(best[1]):
            best = line, gained
    return best
