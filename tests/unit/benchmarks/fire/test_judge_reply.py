"""The mock judge speaks the prompt's language: our own reader takes its reply, and its verdict is the right one."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from assay.judges.schema import Sample
from benchmarks.fire.judge_reply import marker_of, verdict
from benchmarks.fire.traffic import is_flawed, marker, trace


def prompt(sample: Sample) -> str:
    lines = [sentence for text in sample.contexts for sentence in text.split(". ")]
    evidence = [f"E{n}: {line.rstrip('.')}." for n, line in enumerate(lines, start=1)]
    response = [f"R{n}: {line.rstrip('.')}." for n, line in enumerate(sample.response.split(". "), start=1)]
    return "\n".join([f"Q: {sample.question}", *evidence, *response])


def sample_of(number: int) -> Sample:
    line = trace(number, datetime(2026, 11, 29, tzinfo=UTC))
    contexts = [given["text"] for given in line["observations"][0]["output"]]
    return Sample(
        id="s", question=line["input"]["question"], contexts=tuple(contexts), response=line["output"]["answer"]
    )


@pytest.mark.parametrize("number", range(12))
def test_only_the_sentence_that_no_passage_holds_is_not_found(number: int) -> None:
    text = prompt(sample_of(number))
    entries = json.loads(verdict(text))["sentences"]
    assert sum("not_found" in entry for entry in entries) == is_flawed(number)
    assert len(entries) == text.count("\nR")
    assert marker_of(text) == marker(number)


def test_traffic_is_the_same_each_time() -> None:
    assert sample_of(7) == sample_of(7)
    assert sample_of(7) != sample_of(8)
