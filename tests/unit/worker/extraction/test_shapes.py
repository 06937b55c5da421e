"""Shapes of traces as applications and frameworks record them, by the default selectors.

`tests/fixtures/trace-shapes.jsonl` has one a line: where it comes from, the trace, and what must come out. Many must
give no answer, or no evidence: in doubt nothing is judged. `python -m benchmarks.trace_shapes` counts them by family.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.trace_shapes import extracted, problems

FILE = Path(__file__).parents[3] / "fixtures" / "trace-shapes.jsonl"
ROWS: dict[str, dict[str, Any]] = {
    row["id"]: row for row in map(json.loads, FILE.read_text(encoding="utf-8").splitlines())
}


@pytest.mark.parametrize("name", ROWS)
def test_question_answer_and_evidence_are_found_where_they_are(name: str) -> None:
    assert list(problems(ROWS[name]["expected"], extracted(ROWS[name]))) == []


def test_every_shape_says_where_it_comes_from_and_many_give_nothing() -> None:
    assert all(row["source"] for row in ROWS.values())
    expected = [row["expected"] for row in ROWS.values()]
    assert sum(want["response"] is None for want in expected) >= 40
    assert sum(want["contexts"] == [] for want in expected) >= 40


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row["expected"]["response"] is None])
def test_it_is_said_why_an_answer_was_not_taken(name: str) -> None:
    reason = extracted(ROWS[name]).reasons["response"]
    assert reason
    assert not re.search(r"\b(?:tent|cargo)\b", reason), "a reason names keys, and never tells the text of a trace"
    assert len(reason) < 300
