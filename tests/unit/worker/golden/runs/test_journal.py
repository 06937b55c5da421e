"""Interrupted runs go on where they stopped: nothing is judged twice, nothing of another run is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.judges.schema import Outcome, Sample
from assay.worker.golden.gate.session import GoldenSession
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.runs.journal import JOURNAL, Journal, JournalHeader, is_run_id, new_run_id, run_directory
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.targets import RecordedTarget
from tests.unit.worker.golden.golden_sets import IDS, WrittenJudge, a_set, anchors, answers

RUN = "20261121T060000-0a1b2c"


class Pulled(Exception):  # what happens to a process, not an error of ours
    """Somebody pulled the plug."""


class Mortal(WrittenJudge):
    """Judges so many samples, then the process dies."""

    def __init__(self, lives: int = 10_000) -> None:
        super().__init__()
        self.lives = lives

    async def evaluate(self, sample: Sample) -> Outcome:
        if len(self.samples) >= self.lives:
            raise Pulled
        return await super().evaluate(sample)


def header(golden: GoldenSet, **changes: Any) -> JournalHeader:
    made = {
        "run_id": RUN,
        "golden_set": golden.name,
        "set_digest": golden.digest,
        "revision": "rev-1",
        "targets": {"baseline": "old", "candidate": "new"},
        "repeats": 2,
    }
    return JournalHeader.model_validate(made | changes)


def gate(golden: GoldenSet, judge: WrittenJudge, journal: Journal, **fields: Any) -> GateResult:
    async def run() -> GateResult:
        session = GoldenSession(golden, judge, 4, run_id=RUN, repeats=2, journal=journal, **fields)
        sides = [RecordedTarget(golden.release_path(release)) for release in ("old", "new")]
        return gate_result(await session.gate(*sides))

    try:
        return asyncio.run(run())
    finally:
        journal.close()


def size(directory: Path, golden: GoldenSet) -> int:
    """How many results a journal on disk holds."""
    journal = Journal.resume(directory, header(golden))
    journal.close()
    return len(journal)


@pytest.fixture
def golden(tmp_path: Path) -> GoldenSet:
    return a_set(tmp_path, {"old": answers(1), "new": answers(3)}, labelled=anchors(12), gate={"must_pass": ["q2"]})


ASKED = 2 * 2 * 40 + 24


@pytest.mark.parametrize("lives", [0, 1, 100, ASKED - 1])
def test_a_resumed_gate_judges_only_what_is_left_and_finds_the_same(
    tmp_path: Path, golden: GoldenSet, lives: int
) -> None:
    directory = tmp_path / RUN
    dying = Mortal(lives)
    with pytest.raises(Pulled):
        gate(golden, dying, Journal.start(directory, header(golden)))
    kept = len((directory / JOURNAL).read_text(encoding="utf-8").splitlines()) - 1
    second = Mortal()
    resumed = gate(golden, second, Journal.resume(directory, header(golden)))
    whole = gate(golden, Mortal(), Journal())
    confirmations = 2 * 2
    assert len(second.samples) == ASKED - kept + confirmations
    assert kept >= lives - 4
    ignored = {"started", "finished"}
    assert resumed.model_dump(exclude=ignored) == whole.model_dump(exclude=ignored)
    third = Mortal(0)
    assert gate(golden, third, Journal.resume(directory, header(golden))).verdict is whole.verdict


def test_what_was_missing_is_tried_again(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(q5="fail")}, labelled=anchors(12))
    directory = tmp_path / RUN
    first = gate(golden, WrittenJudge(), Journal.start(directory, header(golden)))
    assert first.exit_code == 3
    again = WrittenJudge()
    assert gate(golden, again, Journal.resume(directory, header(golden))).exit_code == 3
    assert {sample.id for sample in again.samples} == {"q5"}


def test_half_a_line_is_not_there(tmp_path: Path, golden: GoldenSet) -> None:
    directory = tmp_path / RUN
    with pytest.raises(Pulled):
        gate(golden, Mortal(50), Journal.start(directory, header(golden)))
    path = directory / JOURNAL
    whole = path.read_bytes()
    kept = len(whole.splitlines()) - 1
    path.write_bytes(whole[:-20])
    journal = Journal.resume(directory, header(golden))
    assert len(journal) == kept - 1
    gate(golden, Mortal(), journal)
    assert size(directory, golden) == ASKED


@pytest.mark.parametrize(
    "changes",
    [{"set_digest": "other"}, {"revision": "rev-2"}, {"targets": {"candidate": "new"}}, {"repeats": 3}],
)
def test_another_run_is_not_gone_on_with(tmp_path: Path, golden: GoldenSet, changes: dict[str, Any]) -> None:
    Journal.start(tmp_path / RUN, header(golden)).close()
    (key,) = changes
    with pytest.raises(GoldenSetError, match=f"{key}: .* then, .* now; start a new run"):
        Journal.resume(tmp_path / RUN, header(golden, **changes))


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"not json\n", b"\xff\xfe\n"])
def test_a_file_that_is_no_journal_is_an_input_error(tmp_path: Path, golden: GoldenSet, content: bytes) -> None:
    (tmp_path / JOURNAL).write_bytes(content)
    with pytest.raises(GoldenSetError, match="line 1"):
        Journal.resume(tmp_path, header(golden))


def test_a_run_nobody_started_is_an_input_error(tmp_path: Path, golden: GoldenSet) -> None:
    with pytest.raises(GoldenSetError, match="no such run"):
        Journal.resume(tmp_path / RUN, header(golden))


@pytest.mark.parametrize("name", ["../../etc", "", "20261121T060000", "a/b", "20261121T060000-0A1B2C"])
def test_a_runs_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    assert not is_run_id(name)
    with pytest.raises(GoldenSetError, match="no run's name"):
        run_directory(tmp_path, name)


def test_run_ids_are_names_and_differ() -> None:
    made = {new_run_id() for _ in range(50)}
    assert len(made) == 50
    assert all(map(is_run_id, made))


# --- the time of the whole run ------------------------------------------------------------------------------------


class Slow(WrittenJudge):
    """Never answers about some samples."""

    def __init__(self, is_slow: Callable[[Sample], bool]) -> None:
        super().__init__()
        self.is_slow = is_slow

    async def evaluate(self, sample: Sample) -> Outcome:
        if self.is_slow(sample):
            await asyncio.Event().wait()
        return await super().evaluate(sample)


def test_when_time_is_up_what_was_not_asked_is_missing_and_the_rest_is_kept(tmp_path: Path) -> None:
    golden = a_set(
        tmp_path, {"old": answers(), "new": answers(q5="never")}, labelled=anchors(12), gate={"min_completed": 0.1}
    )
    directory = tmp_path / RUN
    judge = Slow(lambda sample: sample.response == "never")
    result = gate(golden, judge, Journal.start(directory, header(golden)), timeout_s=5.0)
    assert result.exit_code == 3
    assert "candidate: the time of the whole run was up with 2 of 80" in result.reasons[0]
    missing = [item for pair in result.pairs for item in pair.candidate if item.status is ItemStatus.MISSING]
    assert {item.id for item in missing} == {"q5"}
    assert size(directory, golden) == ASKED - 2


def test_an_exam_that_did_not_finish_in_time_decides_nothing(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, labelled=anchors(12))
    judge = Slow(lambda sample: sample.id == "s")
    result = gate(golden, judge, Journal(), timeout_s=5.0)
    assert result.exit_code == 3
    assert "judge exam incomplete: 24 of 24 anchors" in result.reasons[0]


def test_no_time_at_all_is_inconclusive(golden: GoldenSet) -> None:
    result = gate(golden, WrittenJudge(), Journal(), timeout_s=1e-9)
    assert (result.exit_code, result.candidate_missing) == (3, 2 * len(IDS))


def test_both_sides_and_the_exam_share_one_limit(golden: GoldenSet) -> None:
    judge = WrittenJudge()
    gate(golden, judge, Journal())
    assert judge.most_in_flight <= 4
