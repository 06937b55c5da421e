"""Judging whole files: in order whoever finishes first, continued byte for byte, and never a number for a failure."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.judges.errors import (
    ConfigurationError,
    ModelAccessDenied,
    ModelRefused,
    ModelTimeout,
    RequestRejected,
    UnjudgeableSample,
)
from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample
from assay.worker.batch import process_pool as pool
from assay.worker.batch.chunks import CHUNK_LINES
from assay.worker.batch.concurrent import judge_concurrently
from assay.worker.batch.process_pool import JudgingPool, ProcessLost
from assay.worker.batch.reading import RawLine
from assay.worker.batch.run import judge_all
from assay.worker.batch.verdict_lines import Judged
from assay.worker.batch.writing import open_verdicts
from assay.worker.records.jsonl import BadLine
from tests.examples import examples
from tests.fakes import PlannedJudge, supported
from tests.waiting import PATIENCE_S

RUBRIC = Rubric(name="grounding")
ANSWERS = ["The bridge was opened in 1932.", "Purple elephants built it in 1987.", "Sorry, I cannot say.", ""]


def raw(number: int, **over: Any) -> RawLine:
    fields = {"id": f"s{number}", "contexts": [ANSWERS[0]], "response": ANSWERS[number % 4], **over}
    return RawLine(number, json.dumps(fields).encode() + b"\n")


def raws(n: int) -> list[RawLine | BadLine]:
    return [raw(i) if i % 10 else RawLine(i, b"{nope\n") for i in range(1, n + 1)]


def in_processes(lines: Sequence[RawLine | BadLine], workers: int = 2) -> list[Judged | BadLine]:
    with JudgingPool(Evaluator(RUBRIC, LocalJudge()), workers=workers) as judging:
        return list(judging.judge(lines))


def on_a_loop(
    lines: Sequence[RawLine | BadLine], judge: Any = None, concurrency: int = 8, *, explain: bool = False
) -> list[Judged | BadLine]:
    taken: list[Judged | BadLine] = []
    evaluator = Evaluator(RUBRIC, judge or LocalJudge())
    judge_all(lines, evaluator, taken.append, workers=1, concurrency=concurrency, explain=explain)
    return taken


def records(results: Sequence[Judged | BadLine]) -> list[dict[str, Any]]:
    return [json.loads(one.line) for one in results if isinstance(one, Judged)]


def test_processes_and_one_loop_write_the_same_bytes_in_the_order_of_the_input() -> None:
    lines = raws(60)
    assert in_processes(lines) == on_a_loop(lines)
    found = [one.number if isinstance(one, BadLine) else json.loads(one.line)["id"] for one in in_processes(lines)]
    assert found == [i if i % 10 == 0 else f"s{i}" for i in range(1, 61)]


def test_no_line_makes_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_Process", None)
    assert in_processes([]) == []


def test_what_is_in_flight_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CHUNKS_AHEAD", 2)
    taken = 0

    def lines() -> Iterator[RawLine]:
        nonlocal taken
        for taken in range(1, 400):  # read by the test while it counts
            yield raw(taken)

    with JudgingPool(Evaluator(RUBRIC, LocalJudge()), workers=2) as judging:
        for given_back, _ in enumerate(judging.judge(lines()), 1):
            # Two chunks ahead and one begun for each of two processes, two waiting, one being read.
            assert taken - given_back <= (2 * (2 + 1) + 2 + 1) * CHUNK_LINES


def test_line_over_which_a_process_dies_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = pool._Process._receive

    def dying(process: Any) -> Any:
        """Kill the process that was handed line 11, before its answer is read."""
        if any(line.number == 11 for _, line in process.chunk) and process.is_ready:
            os.kill(process._process.pid, signal.SIGKILL)
            process._process.wait()
            raise EOFError
        return receive(process)

    monkeypatch.setattr(pool._Process, "_receive", dying)
    lines = [raw(i, response=ANSWERS[0]) for i in range(1, 31)]
    found = records(in_processes(lines))
    assert [one["id"] for one in found] == [f"s{i}" for i in range(1, 31)]
    assert [one["id"] for one in found if one["outcome"] != "scored"] == ["s11"]
    assert found[10]["error"]["type"] == "ProcessLost"
    assert "scores" not in found[10]


def test_processes_that_cannot_start_are_an_error_not_failed_samples(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pool, "_START", "raise SystemExit(7)")
    with pytest.raises(ProcessLost, match="exit code 7"):
        in_processes(raws(3))
    assert "Traceback" not in capfd.readouterr().err


@settings(max_examples=examples(20))
@given(st.lists(st.floats(0, 0.02), min_size=1, max_size=20), st.integers(1, 6))
def test_order_is_kept_whatever_finishes_first(delays: list[float], concurrency: int) -> None:
    plan = {f"s{i}": delay for i, delay in enumerate(delays)}
    found = on_a_loop(
        [raw(i, response="x") for i in range(len(delays))], PlannedJudge(lambda s: plan[s.id]), concurrency
    )
    assert [one["id"] for one in records(found)] == list(plan)


def test_no_more_than_the_concurrency_is_asked_at_once() -> None:
    running = most = 0

    class Counting(PlannedJudge):
        async def assess(self, sample: Sample, rubric: Rubric) -> Any:
            nonlocal running, most
            running, most = running + 1, max(most, running + 1)
            await asyncio.sleep(0.002)
            running -= 1
            return await super().assess(sample, rubric)

    assert len(on_a_loop([raw(i, response="x") for i in range(40)], Counting(), concurrency=5)) == 40
    assert most == 5


def test_closing_early_cancels_what_is_in_flight() -> None:
    judge = PlannedJudge(lambda sample: 0.0 if sample.id == "s0" else 2 * PATIENCE_S)

    async def first() -> Judged | BadLine:
        lines = [raw(i, response="x") for i in range(10)]
        async with aclosing(judge_concurrently(lines, Evaluator(RUBRIC, judge), concurrency=4)) as results:
            async for result in results:
                return result
        raise AssertionError

    assert isinstance(asyncio.run(asyncio.wait_for(first(), PATIENCE_S)), Judged)


def test_reading_error_reaches_the_caller() -> None:
    def lines() -> Iterator[RawLine]:
        yield raw(1)
        raise ConfigurationError("s.jsonl: gone")

    with pytest.raises(ConfigurationError, match="gone"):
        judge_all(lines(), Evaluator(RUBRIC, PlannedJudge()), lambda _: None, workers=1, concurrency=2)


def test_failure_has_an_error_and_no_scores() -> None:
    (record,) = records(on_a_loop([raw(1)], PlannedJudge(lambda _: ModelTimeout("too slow"))))
    assert record["outcome"] == "failed"
    assert record["error"] == {"type": "ModelTimeout", "message": "too slow"}
    assert "scores" not in record


@pytest.mark.parametrize("error", [ModelAccessDenied("bad key"), RequestRejected("bad key")])
def test_endpoint_that_refuses_all_stops_the_run_before_anything_is_written(error: Exception) -> None:
    taken: list[Judged | BadLine] = []
    evaluator = Evaluator(RUBRIC, PlannedJudge(lambda _: error))
    lines = [raw(i, response="x") for i in range(9)]
    with pytest.raises(ConfigurationError, match="3 calls in a row were refused: bad key"):
        judge_all(lines, evaluator, taken.append, workers=1, concurrency=2)
    assert taken == []


@pytest.mark.parametrize("error", [ModelRefused("filter"), UnjudgeableSample("too_long_for_model", "status 413")])
def test_samples_that_are_refused_or_too_long_are_skipped_and_end_nothing(error: Exception) -> None:
    found = records(on_a_loop([raw(i, response="x") for i in range(6)], PlannedJudge(lambda _: error)))
    assert [record["outcome"] for record in found] == ["skipped"] * 6


def test_sample_that_the_endpoint_refuses_fails_alone() -> None:
    def plan(sample: Sample) -> Any:
        return ModelAccessDenied("too long") if sample.id in {"s3", "s4", "s7"} else supported(sample)

    found = records(on_a_loop([raw(i, response="x") for i in range(8)], PlannedJudge(plan)))
    assert [one["id"] for one in found] == [f"s{i}" for i in range(8)]
    assert [one["id"] for one in found if one["outcome"] == "failed"] == ["s3", "s4", "s7"]


def test_verdict_has_plain_scores_states_claims_and_the_kept_fields() -> None:
    line = raw(1, response=ANSWERS[1], label=1, scores="mine", input="also mine")
    (record,) = records(on_a_loop([line]))
    assert set(record["scores"]) == {"groundedness", "hallucination_risk"}
    assert all(isinstance(value, float) for value in record["scores"].values())
    assert record["states"] == {"grounding_state": "evidence_silent", "risk": "high"}
    assert record["not_applicable"] == {"faithfulness": "evidence_silent"}
    (claim,) = record["claims"]
    assert ANSWERS[1][slice(*claim["span"])] == claim["text"]
    assert {"text", "span", "verdict", "p", "quote", "source", "reason"} <= claim.keys()
    assert (record["label"], record["input"]) == (1, {"scores": "mine", "input": "also mine"})
    assert record["cost_usd"] == 0.0


def test_explanation_cannot_drive_a_terminal() -> None:
    (result,) = on_a_loop([raw(1, response="Green \x1b[2J\u202e elephants\nbuilt [red]it[/] :date:.")], explain=True)
    assert isinstance(result, Judged)
    assert "[red]it[/] :date:" in result.explanation
    assert all(char.isprintable() or char == "\n" for char in result.explanation)


def judged_into(path: Path, lines: Sequence[RawLine | BadLine], source: Path, rubric: Rubric = RUBRIC) -> list[int]:
    """Judge what is not there yet; returns the numbers of the bad lines reported."""
    bad: list[int] = []

    def take(result: Judged | BadLine) -> None:
        if isinstance(result, BadLine):
            bad.append(result.number)
        else:
            verdicts.write(result.line)

    evaluator = Evaluator(rubric, PlannedJudge())
    with open_verdicts(path, source) as verdicts:
        rest = iter(lines)
        verdicts.resume(rest, evaluator.revision, lambda one: bad.append(one.number))
        judge_all(rest, evaluator, take, workers=1, concurrency=4)
    return bad


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_continued_run_equals_an_uninterrupted_one_byte_for_byte(tmp_path: Path, data: st.DataObject) -> None:
    lines = raws(23)
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    whole.unlink(missing_ok=True)
    bad = judged_into(whole, lines, tmp_path)
    content = whole.read_bytes()
    cut.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    assert judged_into(cut, lines, tmp_path) == bad == [10, 20]
    assert cut.read_bytes() == content


@pytest.mark.parametrize(
    ("lines", "rubric", "expected"),
    [
        (raws(5)[:2], RUBRIC, "line 3: has no sample in the input, which is shorter"),
        ([raw(9), *raws(5)[1:]], RUBRIC, "line 1: is about 's1', the input has 's9' there"),
        ([raw(1, response="new"), *raws(5)[1:]], RUBRIC, "line 1: sample 's1' has changed since it was judged"),
        (raws(5), Rubric(name="other"), "was judged by evaluator revision"),
    ],
)
def test_verdicts_of_something_else_are_not_continued(
    tmp_path: Path, lines: list[RawLine | BadLine], rubric: Rubric, expected: str
) -> None:
    out = tmp_path / "o.jsonl"
    judged_into(out, raws(5), tmp_path)
    before = out.read_bytes() + b'{"half'
    out.write_bytes(before)
    with pytest.raises(ConfigurationError, match=r"give another --out, or remove this file") as caught:
        judged_into(out, lines, tmp_path, rubric)
    assert expected in str(caught.value)
    assert out.read_bytes() == before


@pytest.mark.parametrize("content", [b"hello\n", b"[]\n", b"3\n", b'{"id": "s1"}\n', b"\0\0\n", b"\xff\n"])
def test_file_of_something_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    out = tmp_path / "o.jsonl"
    out.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"line 1: holds no verdict"):
        judged_into(out, raws(5), tmp_path)
    assert out.read_bytes() == content


def test_input_is_never_taken_as_output(tmp_path: Path) -> None:
    source = tmp_path / "s.jsonl"
    source.write_text("{}\n")
    (tmp_path / "link.jsonl").symlink_to(source)
    with pytest.raises(ConfigurationError, match="is the input"), open_verdicts(tmp_path / "link.jsonl", source):
        pass
    assert source.read_text() == "{}\n"


def test_two_runs_never_write_one_file(tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    with (
        open_verdicts(out, tmp_path),
        pytest.raises(ConfigurationError, match="another assay judge writes to it"),
        open_verdicts(out, tmp_path),
    ):
        pass


@pytest.mark.parametrize("name", ["o.jsonl.gz", "missing/o.jsonl", "."])
def test_output_that_cannot_be_written_names_itself(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="--out"), open_verdicts(tmp_path / name, tmp_path / "s"):
        pass


def test_full_disk_is_one_line_with_the_remedy() -> None:
    full = Path("/dev/full")
    with (
        pytest.raises(ConfigurationError, match=r"No space left on device.*make room"),
        open_verdicts(full, Path("s")) as verdicts,
    ):
        verdicts.write("{}")


def test_what_failed_at_the_end_is_judged_again_and_what_failed_before_stays(tmp_path: Path) -> None:
    """A spent budget fails all that follow. Whoever raises it runs the same command again."""
    lines, path, source = raws(6), tmp_path / "verdicts.jsonl", tmp_path / "answers.jsonl"
    judged_into(path, lines, source)
    whole = path.read_bytes().splitlines(keepends=True)
    failed = [json.dumps({**json.loads(line), "outcome": "failed", "scores": {}}).encode() + b"\n" for line in whole]
    path.write_bytes(b"".join([whole[0], failed[1], whole[2], *failed[3:]]))
    judged_into(path, lines, source)
    assert path.read_bytes().splitlines(keepends=True) == [whole[0], failed[1], *whole[2:]]
