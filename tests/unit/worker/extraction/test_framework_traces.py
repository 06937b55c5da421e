"""Question, answer and evidence in traces that frameworks wrote themselves, by the default selectors.

The recordings come from `python -m benchmarks.record_framework_traces`. What each must give is what its application
knows of its run. Where a trace itself holds less, `expected.json` says so, with the reason. Run this as a module for
the table.
"""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.records.traces import Trace
from tests.unit.worker.extraction import framework_traces

NAMES = framework_traces.names()
PARTS = framework_traces.PARTS


def extracted(name: str) -> dict[str, object]:
    """What the default selectors give for a recording."""
    return parts_of(framework_traces.trace(name))


def parts_of(trace: Trace) -> dict[str, object]:
    extraction: Extraction = extract(trace, SamplePaths())
    return {
        "question": extraction.question.text.strip() if extraction.question else None,
        "answer": extraction.response.text.strip() if extraction.response else None,
        "evidence": [part.text for part in extraction.contexts],
    }


def test_at_least_ten_frameworks_are_recorded() -> None:
    assert len({framework_traces.recording(name)["framework"] for name in NAMES}) >= 10


@pytest.mark.parametrize("pattern", framework_traces.departures())
def test_departure_is_needed_and_has_its_reason(pattern: str) -> None:
    departure = framework_traces.departures()[pattern]
    names = [name for name in NAMES if fnmatch(name, pattern)]
    assert names
    assert departure["why"].endswith(".")
    for name in names:
        known = framework_traces.recording(name)["application"]
        assert all(known[part] != wanted for part, wanted in departure.items() if part != "why")


@pytest.mark.parametrize("name", NAMES)
def test_question_is_what_the_user_asked(name: str) -> None:
    assert extracted(name)["question"] == framework_traces.expected(name)["question"]


@pytest.mark.parametrize("name", NAMES)
def test_answer_is_what_the_application_answered(name: str) -> None:
    assert extracted(name)["answer"] == framework_traces.expected(name)["answer"]


@pytest.mark.parametrize("name", NAMES)
def test_evidence_is_what_retrievers_and_tools_gave(name: str) -> None:
    """In any order, each text once; a failed tool gave none."""
    evidence = extracted(name)["evidence"]
    assert isinstance(evidence, list)
    assert sorted(evidence) == sorted(framework_traces.expected(name)["evidence"])


@pytest.mark.parametrize("name", NAMES)
def test_history_is_what_was_said_before_the_question(name: str) -> None:
    """Neither the question nor the answer is an earlier turn; instructions may stand before them."""
    history = extract(framework_traces.trace(name), SamplePaths()).history
    turns = [(turn.role, turn.content.strip()) for turn in history if turn.role != "system"]
    assert turns == framework_traces.earlier_turns(name)


@pytest.mark.parametrize("name", NAMES)
def test_request_span_around_the_application_changes_nothing(name: str) -> None:
    """The commonest root of all: a web framework's span without a text, and the application's own right under it."""
    assert parts_of(framework_traces.trace_in_request(name)) == extracted(name)


def table() -> str:
    """One line for each recording: `ok`, or what came instead."""
    lines = ["| recording | question | answer | evidence |", "| --- | --- | --- | --- |"]
    for name in NAMES:
        given, wanted = extracted(name), framework_traces.expected(name)
        cells = ["ok" if _alike(given[part], wanted[part]) else f"**{given[part]!r}**" for part in PARTS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _alike(given: object, wanted: object) -> bool:
    if isinstance(given, list) and isinstance(wanted, list):
        return sorted(given) == sorted(wanted)
    return given == wanted


if __name__ == "__main__":
    print(table())
