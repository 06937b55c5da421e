"""The table in docs/reference/trace-shapes.md is what the code finds in the recorded traces.

Run this as a module to renew it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.survey import general
from assay.worker.records.traces import Trace
from assay.worker.stores.langfuse.rows import trace_of
from assay.worker.stores.langfuse.v3 import traces as v3_traces

ROOT = Path(__file__).parents[4]
RECORDED = ROOT / "tests" / "fixtures" / "langfuse-4.16"
DOCUMENT = ROOT / "docs" / "reference" / "trace-shapes.md"
BEGIN, END = "<!-- table: python -m tests.unit.worker.extraction.test_trace_shapes -->", "<!-- end of table -->"

WHY_NOT = {
    "no-context": "none was recorded: judged as closed book, or skipped",
    "two-roots": "the first root's run has none; the second root's tool is evidence of another answer",
    "chit-chat": "the retriever found nothing",
    "json-output": "none but the text to extract from: name it, `contexts: root.input.text`",
    "empty-answer": "none was recorded",
}


@cache
def recorded(name: str) -> dict[str, Any]:
    """A file of recorded exchanges, by the exchange's id."""
    content = json.loads((RECORDED / name).read_text(encoding="utf-8"))
    return {one["id"]: one for one in content["exchanges"]}


@cache
def known_traces(kind: str = "events_only") -> list[dict[str, Any]]:
    """What was sent: key, about, trace id, ..."""
    found: list[dict[str, Any]] = json.loads((RECORDED / "traces.json").read_text(encoding="utf-8"))[kind]
    return found


@cache
def traces() -> dict[str, Trace | None]:
    """Every recorded trace as the store adapter reads it, by key; None where it has no root."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in recorded("observations-corpus.json")["observations-corpus.all"]["response"]["body"]["data"]:
        rows[row["traceId"]].append(row)
    return {one["key"]: trace_of(rows[one["trace_id"]], expanded=frozenset({"contexts"})) for one in known_traces()}


def found_in(key: str) -> Extraction:
    trace = traces()[key]
    assert trace is not None
    return extract(trace, SamplePaths())


def table() -> str:
    """One line for each recorded trace."""
    lines = ["| shape | question | answer | context |", "| --- | --- | --- | --- |"]
    for one in known_traces():
        cells = _cells(one["key"])
        lines.append(f"| **{one['key']}**: {one['about']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(key: str) -> tuple[str, str, str]:
    if traces()[key] is None:
        return ("–", "–", "no root observation: never listed, counted as `rootless`")
    found = found_in(key)
    question = f"`{general(found.question.source)}`" if found.question else "none"
    answer = f"`{general(found.response.source)}`" if found.response else "none: skipped, `no_response`"
    places = dict.fromkeys(general(part.source) for part in found.contexts)
    context = ", ".join(f"`{place}`" for place in places) or f"none: {WHY_NOT[key]}"
    return question, answer, context


def document() -> str:
    """The whole document with the table as it would be now."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


def test_table_of_trace_shapes_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_every_recorded_answer_is_found_word_for_word_or_not_at_all() -> None:
    """What is judged is what the application answered: compared with what its root shows."""
    without = {one["key"] for one in known_traces() if traces()[one["key"]] and found_in(one["key"]).response is None}
    assert without == {"model-error", "empty-answer", "root-without-end-time-otlp", "json-output"}
    for key, trace in traces().items():
        if trace is None or key in without or trace.output is None:
            continue
        text = (found_in(key).response or pytest.fail(key)).text
        raw = json.dumps(trace.output, ensure_ascii=False) if not isinstance(trace.output, str) else trace.output
        assert text in raw or json.dumps(text, ensure_ascii=False)[1:-1] in raw, key


def test_inner_judge_is_neither_answer_nor_evidence() -> None:
    found = found_in("agent-with-inner-judge")
    assert found.response is not None
    assert found.response.text.startswith("Plan Basis pays")
    assert [part.source.split()[0] for part in found.contexts] == ["tool", "tool"]
    assert not any("0.9" in part.text for part in found.contexts)


def test_evidence_of_another_root_is_not_taken() -> None:
    found = found_in("two-roots")
    assert found.response is not None
    assert found.response.text.startswith("The Android app")
    assert found.contexts == ()


def test_span_sent_twice_is_one_step() -> None:
    trace = traces()["redelivered-span"]
    assert trace is not None
    assert [step.type for step in trace.observations] == ["retriever"]


def test_plain_opentelemetry_is_read_from_messages_and_metadata() -> None:
    found = found_in("otel-genai-semconv")
    assert found.question is not None
    assert found.response is not None
    assert found.question.text == "What is the excess on the bike policy?"
    assert found.response.text == "The excess is 50 EUR per claim."
    assert [part.text for part in found.contexts] == [
        "Bike policy: excess 50 EUR per claim, theft only with an approved lock."
    ]


def test_earlier_turns_are_history_and_the_question_is_not() -> None:
    found = found_in("session-turn-3")
    assert [turn.role for turn in found.history] == ["user", "assistant", "user", "assistant"]
    assert all(turn.content != "Can I pay that in advance?" for turn in found.history)


def test_metadata_that_was_cut_is_no_evidence() -> None:
    """Half a list is a broken string of 200 characters: it must not be judged as a passage."""
    rows = recorded("observations.json")["observations.trace.metadata-cut"]["response"]["body"]["data"]
    whole = recorded("observations.json")["observations.trace.metadata-expanded"]["response"]["body"]["data"]
    shown = {
        row["id"]: row
        for row in recorded("observations-corpus.json")["observations-corpus.all"]["response"]["body"]["data"]
    }
    merged = [[{**shown[row["id"]], "metadata": row["metadata"]} for row in group] for group in (rows, whole)]
    cut, expanded = trace_of(merged[0]), trace_of(merged[1], expanded=frozenset({"contexts"}))
    assert cut is not None
    assert expanded is not None
    assert "contexts" not in cut.root.metadata
    assert extract(cut, SamplePaths()).contexts == ()
    assert len(extract(expanded, SamplePaths()).contexts) == 3


OLDER = [name for name in recorded("dual.json") if name.startswith("dual.trace.")]


@pytest.mark.parametrize("name", [n for n in OLDER if n not in {"dual.trace.fields", "dual.trace.unknown"}])
def test_older_generation_gives_the_same_parts(name: str) -> None:
    key = name.removeprefix("dual.trace.")
    old = v3_traces.trace_of(recorded("dual.json")[name]["response"]["body"])
    assert old is not None
    if traces()[key] is None:
        return  # where nothing is a root, the older generation makes a trace of the rows all the same
    was, now = extract(old, SamplePaths()), found_in(key)
    if key == "two-roots":  # there the trace has the second root's input and output, and its tool is evidence
        assert [part.source.split(" ")[1] for part in was.contexts] == ["'rules'"]
        return
    assert (was.question and was.question.text) == (now.question and now.question.text)
    assert (was.response and was.response.text) == (now.response and now.response.text)
    # The older generation parses numbers on its way: 249.0 became 249.
    assert [part.text.replace(".0}", "}") for part in was.contexts] == [
        p.text.replace(".0}", "}") for p in now.contexts
    ]


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
