"""Rubrics beside grounding, end to end: over the command line, in the fleet, and as a golden set's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.running import Deployed, by_trace_and_name, make_traces
from tests.e2e.test_command import assay, configure
from tests.servers.openai_server import OpenAIServer

SAMPLES = [
    {
        "id": "a",
        "question": "When was the bridge opened?",
        "contexts": ["Opened in 1932."],
        "response": "In 1932, the bridge.",
    },
    {"id": "b", "question": "", "contexts": [], "response": "I'm sorry, I cannot help with that."},
]


@pytest.mark.parametrize(
    ("rubric", "first", "second"),
    [
        ("answer-relevance", {"answer_relevance": 1.0}, {"answer_relevance": "no_question"}),
        ("context-relevance", {"context_relevance": 1.0}, {"context_precision": "no_question"}),
        ("refusal", {"refusal": 0.0}, {}),
        ("json-schema", {"json_conforms": 0.0}, {}),
        ("safety", {"harm": 1.0}, {}),
        ("injection", {"injection_obeyed": 1.0}, {"injection_in_question": "no_question"}),
    ],
)
def test_assay_judge_judges_by_any_shipped_rubric(
    tmp_path: Path, rubric: str, first: dict[str, float], second: dict[str, str]
) -> None:
    configure(tmp_path)
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(sample) + "\n" for sample in SAMPLES))
    with OpenAIServer() as server:
        done = assay("judge", "in.jsonl", "--rubric", rubric, cwd=tmp_path, OPENAI_BASE_URL=server.url)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["outcome"] for line in lines] == ["scored", "scored"]
    # "Opened in 1932." shares `opened` with the question, so the lexical test judge finds it relevant.
    assert first.items() <= lines[0]["scores"].items()
    assert second.items() <= lines[1]["not_applicable"].items()
    assert f"{rubric.replace('-', '_')}_state" in lines[0]["states"]
    assert lines[0]["grades"]


def test_the_fleet_writes_the_scores_of_several_rubrics_on_one_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        deployed = Deployed.create(
            tmp_path / "d", make_traces(10), rubric="grounding, answer-relevance, refusal", openai_base_url=server.url
        )
        with deployed.running():
            funnel = deployed.until(lambda f: len(f.rows) == 3 and all(row.total_scored == 10 for row in f.rows))
            scores = by_trace_and_name(deployed.scores())
    assert funnel.adds_up
    names = {name for _, name in scores}
    assert {"answer_check", "answer_relevance_state", "answer_relevance", "refusal", "hallucination_risk"} <= names
    assert "refusal_state" not in names, "it would only say that the score is there"
    assert scores["trace-0000", "answer_relevance"] == 1.0
    assert scores["trace-0001", "answer_relevance_state"] == "not_applicable"
