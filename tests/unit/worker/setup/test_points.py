"""What a place in a trace looks like: each sign by itself, for and against."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.extraction.survey import PartName
from assay.worker.records.traces import Observation, Trace
from assay.worker.setup.proposals.candidates import candidates_for
from assay.worker.setup.proposals.facts import Facts, facts_of
from assay.worker.setup.proposals.names import NOTHING, OTHER, TELLING, hint, is_retrieval
from assay.worker.setup.proposals.points import CONFLICT, ENOUGH, POINTS
from assay.worker.setup.proposals.spots import MOST_VALUES, spots_of
from tests.builders import NOW, make_trace

QUESTION = "How long is the warranty of the jacket?"
ANSWER = "It is five years from the day of purchase."
PASSAGE = "The Halden jacket has a warranty of five years."
OTHER_PASSAGE = "Zips of the jacket are repaired free of charge."


def facts(*steps: Observation, prompt: str = "", number: int = 0, **content: Any) -> Facts:
    """A trace that asks and answers as usual, with these steps and a model call that was sent `prompt`."""
    call = step("generation", "llm", ANSWER, at=2, given=[{"role": "user", "content": prompt or QUESTION}])
    metadata = content.pop("metadata", {})
    base = make_trace(
        f"t{number}", input=content.pop("given", QUESTION), output=content.pop("output", ANSWER), **content
    )
    trace = base.model_copy(
        update={
            "root": base.root.model_copy(update={"metadata": metadata, "start": NOW}),
            "observations": tuple(sorted((*steps, call), key=lambda known: known.start)),
        }
    )
    return facts_of(trace, extract(trace, SamplePaths()))


def step(kind: str, name: str, output: Any, *, at: float = 1, given: Any = None, level: str = "DEFAULT") -> Observation:
    start = NOW + timedelta(seconds=at)
    return Observation(
        id=f"{name}-{at}", type=kind, name=name, start=start, end=start, output=output, input=given, level=level
    )


def points(part: PartName, known: Facts, selector: str) -> int | None:
    return POINTS[part](known, known.spots[selector])


def sent(*texts: str) -> str:
    """A prompt that repeats texts under no mark."""
    return "\n~\n".join([QUESTION, *texts])


@pytest.mark.parametrize(
    ("output", "selector"),
    [
        ({"documents": ["You are a helpful assistant of the shop number 7."]}, ".output.documents"),
        ({"documents": [ANSWER]}, ".output.documents"),
        ({"documents": [f"Answer as well as you can. Q: {QUESTION} Do it now."]}, ".output.documents"),
    ],
)
def test_what_is_no_evidence_is_a_conflict_whatever_its_names_say(output: Any, selector: str) -> None:
    known = facts(step("span", "kb_lookup", output))
    assert points("contexts", known, f"span[name=kb_lookup]{selector}") == CONFLICT


def test_an_object_with_the_answer_among_its_texts_is_a_conflict() -> None:
    output = {"reply": "Five years.", "title": "Warranty of jackets", "shelf": "number seven"}
    known = facts(step("span", "kb_lookup", output), output="Five years.")
    assert points("contexts", known, "span[name=kb_lookup].output") == CONFLICT


def test_an_answer_that_repeats_a_passage_word_for_word_is_no_conflict() -> None:
    known = facts(step("span", "kb_lookup", [ANSWER, OTHER_PASSAGE]), prompt=sent(ANSWER, OTHER_PASSAGE))
    got = points("contexts", known, "span[name=kb_lookup].output")
    assert got is not None
    assert got >= ENOUGH


def test_the_question_in_other_words_is_no_evidence() -> None:
    rewritten = "warranty jacket how long exactly please"
    known = facts(step("span", "step_two", rewritten), prompt=rewritten)
    assert points("contexts", known, "span[name=step_two].output") == CONFLICT


@pytest.mark.parametrize(("at", "is_looked_at"), [(1, True), (3, False)])
def test_what_begins_after_the_answer_is_not_looked_at(at: float, is_looked_at: bool) -> None:
    known = facts(step("span", "kb_lookup", [PASSAGE, OTHER_PASSAGE], at=at))
    assert (points("contexts", known, "span[name=kb_lookup].output") is not None) == is_looked_at


def test_what_the_prompt_repeats_needs_no_name_but_what_it_does_not_needs_one() -> None:
    for prompt, is_enough in ((sent(PASSAGE, OTHER_PASSAGE), True), ("", False)):
        known = facts(step("span", "s2", {"z": [PASSAGE, OTHER_PASSAGE]}), prompt=prompt)
        assert ((points("contexts", known, "span[name=s2].output.z") or 0) >= ENOUGH) == is_enough


def test_what_accompanies_a_call_is_no_evidence_and_may_hold_a_question() -> None:
    known = facts(step("tool", "docs", {"kwargs": {"x": "warranty of jackets", "y": "jacket five years"}}))
    assert points("contexts", known, "tool[name=docs].output") is not None
    assert points("contexts", known, "tool[name=docs].output.kwargs") is None
    assert hint("question", ("kwargs", "x")) != OTHER


def test_an_error_or_an_empty_search_gives_no_points() -> None:
    known = facts(step("span", "kb_lookup", {"text": "TimeoutError: the index of the jacket did not answer"}))
    assert points("contexts", known, "span[name=kb_lookup].output.text") == 0


def test_a_step_that_failed_has_no_spots() -> None:
    known = facts(step("span", "kb_lookup", [PASSAGE], level="ERROR"))
    assert not [selector for selector in known.spots if "kb_lookup" in selector]


def test_the_answer_is_no_question_and_another_speaker_asks_none() -> None:
    known = facts(given={"zq": ANSWER, "turns": [{"wer": "berater", "text": "What can I do for you?"}]})
    assert points("question", known, "root.input.zq") == CONFLICT
    assert points("question", known, "root.input.turns[0].text") == CONFLICT


def test_what_a_search_was_asked_for_is_no_question() -> None:
    known = facts(step("tool", "kb_search", [PASSAGE], given={"query": "warranty jacket"}))
    assert points("question", known, "tool[name=kb_search].input.query") is None


def test_of_a_run_that_failed_no_text_is_the_answer() -> None:
    for level, is_looked_at in (("DEFAULT", True), ("ERROR", False)):
        last = step("span", "send", {"antwort": "Five years."}, at=3)
        other = step("span", "log", {"x": 1}, at=2.5, level=level)
        known = facts(last, other, output=None)
        assert (points("response", known, "span[name=send].output.antwort") is not None) == is_looked_at


@pytest.mark.parametrize(
    ("part", "keys", "says"),
    [
        ("question", ("kwargs", "nutzerFrage"), TELLING),
        ("question", ("frage_kontext",), OTHER),
        ("question", ("query_id",), OTHER),
        ("question", ("body", "x"), 1),
        ("question", ("x",), NOTHING),
        ("contexts", ("antwort", "quellen", "x"), TELLING),
        ("contexts", ("quellen", "titel"), OTHER),
        ("contexts", ("system_prompt",), OTHER),
        ("response", ("antwort", "begründung"), OTHER),
        ("response", ("finalAnswer",), TELLING),
        ("response", ("args", "body"), OTHER),
        ("response", ("toolArguments", "x"), OTHER),
        ("response", ("explanation",), OTHER),
        ("response", ("short_justification",), OTHER),
        ("response", ("критика", "обоснование"), OTHER),
        ("response", ("page_content",), OTHER),
        ("response", ("args", "reply"), TELLING),
        ("response", ("utterance",), 1),
        ("question", ("args", "x"), 1),
        ("contexts", ("page_content",), TELLING),
        ("contexts", ("reference_answer",), OTHER),
        ("contexts", ("notes",), NOTHING),
    ],
)
def test_the_last_key_that_says_something_decides(part: PartName, keys: tuple[str, ...], says: int) -> None:
    assert hint(part, keys) == says


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kb_lookup", True),
        ("DokumentenSuche", True),
        ("vector-db", True),
        ("rewrite_search_query", False),
        ("format_documents", False),
        ("llm", False),
        ("dbt", False),
    ],
)
def test_a_retrieval_is_known_by_its_name(name: str, expected: bool) -> None:
    assert is_retrieval(name) == expected


def several(number: int, outputs: list[Any]) -> list[Facts]:
    return [facts(step("span", "kb_lookup", output), number=number + n) for n, output in enumerate(outputs)]


def selectors_for(part: PartName, known: list[Facts]) -> set[str]:
    return {candidate.selector for candidate in candidates_for(part, known, time.monotonic() + 60)}


def test_one_conflict_in_a_few_traces_is_too_many() -> None:
    good: list[Any] = [
        {"documents": [f"The jacket number {n} has a warranty of five years.", f"{PASSAGE} {n}"]} for n in range(6)
    ]
    selector = "span[name=kb_lookup].output.documents"
    known = [facts(step("span", "kb_lookup", o), prompt=sent(*o["documents"]), number=n) for n, o in enumerate(good)]
    assert selector in selectors_for("contexts", known)
    assert selector not in selectors_for("contexts", [*known, *several(9, [{"documents": [ANSWER]}])])


def test_the_same_text_in_every_run_is_no_question_however_it_looks() -> None:
    same = [facts(given={"zq": "Is there anything else you need?", "n": n}, number=n) for n in range(4)]
    differing = [facts(given={"zq": f"Is there anything else for {n}?", "n": n}, number=n) for n in range(4)]
    for known in (*same, *differing):
        known.prompt = " ".join(known.trace.input["zq"].split())  # type: ignore[index,call-overload,union-attr]
    assert "root.input.zq" not in selectors_for("question", same)
    assert "root.input.zq" in selectors_for("question", differing)


def test_many_steps_are_looked_at_in_part_and_each_gets_its_share() -> None:
    wide = {"rows": [{"k": n, "text": f"row {n}"} for n in range(40)]}
    steps = [step("span", f"step {name}", wide, at=n / 100) for n, name in enumerate("abcdefghijklmnopqrst" * 4)]
    trace = Trace.model_validate({**make_trace(contexts=()).model_dump(), "observations": steps})
    spots = spots_of(trace)
    assert sum(len(spot.values) for spot in spots.values()) <= MOST_VALUES
    few = Trace.model_validate({**make_trace(contexts=()).model_dump(), "observations": steps[:4]})
    assert "span[name=step d].output.rows[*].text" in spots_of(few)
