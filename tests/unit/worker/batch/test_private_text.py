"""What is redacted in a file of samples: no judge sees it, offsets lead to the input, and a run is continued alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.judges.errors import ConfigurationError
from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.redaction.policy import OwnPattern, Redaction
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample
from assay.worker.batch.reading import RawLine
from assay.worker.batch.redacting import NOTHING, sample_digest
from assay.worker.batch.run import judge_all
from assay.worker.batch.verdict_lines import Judged
from assay.worker.batch.writing import open_verdicts
from assay.worker.records.jsonl import BadLine

ADDRESS = "anna.berg@example.org"
EVIDENCE = f"Anna's desk is {ADDRESS}. The bridge was opened in 1932."
RIGHT, WRONG = f"Anna's desk is {ADDRESS}.", "Anna's desk is another@example.org."
MAILS = Redaction(kinds=("email",))


def raw(number: int, response: str) -> RawLine:
    line = {
        "id": f"s{number}",
        "question": "Which desk?",
        "contexts": [EVIDENCE],
        "response": f"{response} It is open.",
    }
    return RawLine(number, json.dumps(line).encode() + b"\n")


LINES = [raw(1, RIGHT), raw(2, WRONG), raw(3, "The bridge was opened in 1932.")]


class Watching(LocalJudge):
    """The local judge, which keeps what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Sample] = []

    async def assess(self, sample: Sample, rubric: Rubric) -> Any:
        self.seen.append(sample)
        return await super().assess(sample, rubric)


def judged(redaction: Redaction, *, judge: LocalJudge | None = None, workers: int = 1) -> list[str]:
    taken: list[Judged | BadLine] = []
    evaluator = Evaluator(Rubric(name="grounding"), judge or LocalJudge())
    judge_all(LINES, evaluator, taken.append, workers=workers, concurrency=2, explain=True, redaction=redaction)
    assert all(isinstance(result, Judged) for result in taken)
    return [result.line for result in taken if isinstance(result, Judged)]


def test_no_judge_sees_a_private_value_and_offsets_lead_to_the_input() -> None:
    judge = Watching()
    lines = judged(MAILS, judge=judge)
    assert len(judge.seen) == 3
    assert not any("@example.org" in sample.model_dump_json() for sample in judge.seen)
    assert not any("@example.org" in line for line in lines)
    risks = [json.loads(line)["scores"]["hallucination_risk"] for line in lines]
    assert risks[0] < risks[1], "a right address is supported, another is not"
    for line, raw_line in zip(lines, LINES, strict=True):
        response = json.loads(raw_line.content)["response"]
        for claim in json.loads(line)["claims"]:
            at = slice(*claim["span"])
            assert response[at] == claim["text"].replace("[EMAIL_1]", ADDRESS).replace(
                "[EMAIL_2]", "another@example.org"
            )
            for context, start, end in claim["evidence"]:
                assert context == 0
                assert EVIDENCE[start:end].replace(ADDRESS, "[EMAIL_1]").startswith(claim["quote"])
                break


def test_processes_replace_the_same_as_one_loop() -> None:
    assert judged(MAILS, workers=2) == judged(MAILS)


def test_text_whose_private_values_cannot_be_found_for_certain_is_not_judged() -> None:
    slow = Redaction(patterns=(OwnPattern(name="slow", pattern=r"(?:a|aa|b?a)+$"),))
    judge = Watching()
    lines = [
        RawLine(1, json.dumps({"id": "s", "contexts": [EVIDENCE], "response": "a" * 60_000 + "c"}).encode() + b"\n")
    ]
    taken: list[Any] = []
    evaluator = Evaluator(Rubric(name="grounding"), judge)
    judge_all(lines, evaluator, taken.append, workers=1, concurrency=1, redaction=slow)
    verdict = json.loads(taken[0].line)
    assert (verdict["outcome"], verdict["reason"]) == ("skipped", "redaction_failed")
    assert not judge.seen


def test_run_goes_on_by_the_same_redaction_alone(tmp_path: Path) -> None:
    evaluator = Evaluator(Rubric(name="grounding"), LocalJudge())
    out = tmp_path / "v.jsonl"
    refused: list[BadLine] = []
    out.write_text("".join(f"{line}\n" for line in judged(MAILS)[:2]))

    def resume(redaction: Redaction) -> int:
        with open_verdicts(out, tmp_path / "s.jsonl") as verdicts:
            return verdicts.resume(iter(LINES), evaluator.revision, refused.append, redaction).total()

    assert resume(MAILS) == 2
    for other in (NOTHING, Redaction(kinds=("email", "phone"))):
        with pytest.raises(ConfigurationError, match="has changed since it was judged, or what is redacted in it"):
            resume(other)
    assert not refused


def test_nothing_redacted_is_remembered_as_before() -> None:
    sample = Sample(id="s", response="x")
    assert sample_digest(sample, NOTHING) == sample.content_hash()[:16] != sample_digest(sample, MAILS)
