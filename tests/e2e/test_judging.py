"""`assay judge` and `assay calibrate` as a person runs them: real processes, Ctrl-C, a reader that goes away."""

from __future__ import annotations

import gzip
import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_command import PATHS, assay, configure, one_line
from tests.servers.openai_server import Answer, OpenAIServer
from tests.waiting import PATIENCE_S, until

EVIDENCE = "The bridge was opened in 1932 by the Premier of New South Wales. It is 1,149 metres long."
RIGHT, WRONG = "The bridge was opened in 1932.", "Purple elephants built the tower in 1987."


def samples(n: int, **over: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"s{i}", "question": "When?", "contexts": [EVIDENCE], "response": (RIGHT, WRONG)[i % 2], **over}
        for i in range(n)
    ]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def parsed(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def start(*args: str, cwd: Path, **streams: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "assay.worker.cli", *args],
        cwd=cwd,
        env={**PATHS, "HOME": str(cwd)},
        stderr=subprocess.PIPE,
        **streams,
    )


def test_samples_in_verdicts_out_in_order_with_bad_lines_named(tmp_path: Path) -> None:
    rows = [json.dumps(row) for row in samples(20, task="QA")]
    rows.insert(4, "{nope")
    (tmp_path / "s.jsonl.gz").write_bytes(gzip.compress(("\n".join(rows) + "\n").encode()))
    done = assay("judge", "s.jsonl.gz", cwd=tmp_path)
    assert done.returncode == 2
    verdicts = parsed(done.stdout)
    assert [one["id"] for one in verdicts] == [f"s{i}" for i in range(20)]
    assert all(one["outcome"] == "scored" and one["task"] == "QA" for one in verdicts)
    assert verdicts[0]["scores"]["hallucination_risk"] < 0.5 < verdicts[1]["scores"]["hallucination_risk"]
    bad, summary = done.stderr.splitlines()
    assert bad.startswith("assay: s.jsonl.gz: line 5: no JSON from column")
    assert summary == "20 judged (20 scored); 1 lines refused"


def test_explanation_goes_where_the_verdicts_are_not(tmp_path: Path) -> None:
    write(tmp_path / "s.jsonl", samples(2))
    to_stdout = assay("judge", "s.jsonl", "--explain", cwd=tmp_path)
    assert len(parsed(to_stdout.stdout)) == 2
    assert "'1987' is not in the evidence" in to_stdout.stderr
    to_file = assay("judge", "s.jsonl", "--explain", "--out", "v.jsonl", cwd=tmp_path)
    assert "'1987' is not in the evidence" in to_file.stdout
    assert (tmp_path / "v.jsonl").read_text() == to_stdout.stdout


def test_ctrl_c_leaves_a_file_that_the_same_command_completes(tmp_path: Path) -> None:
    # The wrong half last and long, so that the run takes its time.
    rows = samples(40) + samples(800, response=WRONG * 30)
    write(tmp_path / "s.jsonl", rows)
    out = tmp_path / "v.jsonl"
    run = start("judge", "s.jsonl", "--out", "v.jsonl", "--workers", "2", cwd=tmp_path)
    until(lambda: out.exists() and out.read_bytes().count(b"\n") > 20)
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 130, stderr
    assert stderr.decode() == "assay: stopped; the same command goes on from here\n"
    there = out.read_bytes()
    assert 20 < there.count(b"\n") < 840
    assert there.endswith(b"\n")
    out.write_bytes(there + b'{"id": "half')
    done = assay("judge", "s.jsonl", "--out", "v.jsonl", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"{there.count(chr(10).encode())} of them were there already" in done.stderr
    assert out.read_bytes().startswith(there)
    assert [one["id"] for one in parsed(out.read_text())] == [row["id"] for row in rows]
    whole = assay("judge", "s.jsonl", "--workers", "1", cwd=tmp_path)
    assert whole.stdout == out.read_text()


def test_verdicts_of_another_input_are_not_continued(tmp_path: Path) -> None:
    write(tmp_path / "s.jsonl", samples(3))
    assert assay("judge", "s.jsonl", "-o", "v.jsonl", cwd=tmp_path).returncode == 0
    before = (tmp_path / "v.jsonl").read_text()
    write(tmp_path / "s.jsonl", samples(3)[::-1])
    done = assay("judge", "s.jsonl", "-o", "v.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert "give another --out, or remove this file" in one_line(done.stderr)
    assert (tmp_path / "v.jsonl").read_text() == before


@pytest.mark.parametrize("workers", ["1", "2"])
def test_reader_that_goes_away_ends_it_quietly(tmp_path: Path, workers: str) -> None:
    write(tmp_path / "s.jsonl", samples(400))
    run = start("judge", "s.jsonl", "--workers", workers, cwd=tmp_path, stdout=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline().startswith(b'{"id": "s0"')
    run.stdout.close()
    assert run.stderr is not None
    said = run.stderr.read()
    run.stderr.close()
    assert (run.wait(PATIENCE_S), said) == (141, b"")


def test_ctrl_c_while_waiting_for_input_ends_at_once(tmp_path: Path) -> None:
    for workers in ("1", "2"):
        run = start("judge", "-", "--workers", workers, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert run.stdin is not None
        run.stdin.write(b"".join(json.dumps(row).encode() + b"\n" for row in samples(16)))
        run.stdin.flush()
        assert run.stdout is not None
        assert run.stdout.readline()
        run.send_signal(signal.SIGINT)
        assert run.wait(PATIENCE_S) == 130
        _, stderr = run.communicate()
        assert stderr == b"assay: stopped\n"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("none.jsonl",), "none.jsonl: No such file"),
        (("s.jsonl", "--rubric", "nope"), "known rubrics: answer-relevance"),
        (("s.jsonl", "--judge", "llm"), "set OPENAI_API_KEY"),
        (("s.jsonl", "--judge", "local", "--rubric", "grounding-llm"), "leave --judge out"),
        (("s.jsonl", "--out", "s.jsonl"), "is the input"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(tmp_path: Path, args: tuple[str, ...], expected: str) -> None:
    write(tmp_path / "s.jsonl", samples(2))
    done = assay("judge", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert expected in one_line(done.stderr)


def test_llm_judges_at_the_endpoint_and_a_failed_sample_is_exit_3(tmp_path: Path) -> None:
    write(tmp_path / "s.jsonl", samples(6))
    refused = Answer(status=403, body={"error": {"message": "no", "code": "invalid_request"}})
    args = ("judge", "s.jsonl", "--judge", "llm", "--concurrency", "1")
    with OpenAIServer([refused]) as server:
        done = assay(*args, cwd=tmp_path, OPENAI_API_KEY="sk-test", OPENAI_BASE_URL=server.url)
    failed, *rest = parsed(done.stdout)
    assert (done.returncode, failed["id"], failed["outcome"]) == (3, "s0", "failed")
    assert "scores" not in failed
    assert [one["id"] for one in rest] == [f"s{i}" for i in range(1, 6)]
    assert all((one["judge"], one["outcome"], one["calibrated"]) == ("llm", "scored", False) for one in rest)


def test_refused_key_is_one_line_and_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "s.jsonl", samples(6))
    args = ("judge", "s.jsonl", "--judge", "llm", "-o", "v.jsonl")
    with OpenAIServer([Answer(status=401, body={"error": {"message": "no"}})] * 20) as server:
        done = assay(*args, cwd=tmp_path, OPENAI_API_KEY="sk-hunter2", OPENAI_BASE_URL=server.url)
    assert done.returncode == 2
    assert "check key, model name and base URL" in one_line(done.stderr)
    assert "hunter2" not in done.stderr
    assert (tmp_path / "v.jsonl").read_bytes() == b""


def labelled(n: int) -> list[dict[str, Any]]:
    generator = random.Random(1)
    rows = samples(n)
    for number, row in enumerate(rows):
        wrong = row["response"] == WRONG
        row |= {"label": int(generator.uniform(0, 1) < (0.7 if wrong else 0.1)), "source_id": number // 4, "task": "QA"}
    return rows


def test_calibrate_writes_a_file_that_judge_then_uses(tmp_path: Path) -> None:
    configure(tmp_path)
    write(tmp_path / "labels.jsonl", labelled(200))
    before = parsed(assay("judge", "labels.jsonl", cwd=tmp_path).stdout)
    done = assay(
        "calibrate",
        "--labels",
        "labels.jsonl",
        "--plot",
        "p.png",
        "--slice",
        "task",
        "--json",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [one["group"] for one in report["groups"]] == ["all", "task=QA"]
    assert (report["calibration"]["curve"]["kind"], report["calibration"]["n"]) == ("logistic", 200)
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "calibration" / "grounding-local.json").is_file()
    after = parsed(assay("judge", "labels.jsonl", cwd=tmp_path).stdout)
    assert {one["revision"] for one in after}.isdisjoint(one["revision"] for one in before)
    assert all(one["calibrated"] for one in after)
    assert [one["raw_risk"] for one in after] == [one["raw_risk"] for one in before]
    assert after[1]["scores"]["hallucination_risk"] == pytest.approx(0.7, abs=0.15)
    assert before[1]["scores"]["hallucination_risk"] > 0.9


def test_calibrate_takes_verdicts_that_were_judged_already(tmp_path: Path) -> None:
    configure(tmp_path)
    write(tmp_path / "labels.jsonl", labelled(120))
    assert assay("judge", "labels.jsonl", "-o", "v.jsonl", cwd=tmp_path).returncode == 0
    one = assay("calibrate", "--labels", "labels.jsonl", "-o", "one.json", cwd=tmp_path)
    two = assay("calibrate", "--labels", "v.jsonl", "-o", "two.json", cwd=tmp_path)
    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    first, second = (json.loads((tmp_path / name).read_text()) for name in ("one.json", "two.json"))
    assert first.pop("data_digest") != second.pop("data_digest")
    assert first == second
    assert "Cohen's kappa" in one.stdout


def test_calibrate_refuses_labels_it_cannot_use_and_writes_nothing(tmp_path: Path) -> None:
    configure(tmp_path)
    write(tmp_path / "labels.jsonl", [*labelled(40), *samples(1)])
    done = assay("calibrate", "--labels", "labels.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert "line 41: label: must be 1" in done.stderr
    assert not (tmp_path / "calibration").exists()


def test_calibrate_never_writes_into_the_installed_package(tmp_path: Path) -> None:
    write(tmp_path / "labels.jsonl", labelled(40))
    done = assay("calibrate", "--labels", "labels.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert "name one with --config" in one_line(done.stderr)


def test_calibration_of_an_older_judge_is_left_out_and_said(tmp_path: Path) -> None:
    configure(tmp_path)
    write(tmp_path / "labels.jsonl", labelled(120))
    assert assay("calibrate", "--labels", "labels.jsonl", cwd=tmp_path).returncode == 0
    path = tmp_path / "calibration" / "grounding-local.json"
    path.write_text(path.read_text().replace('"judge_fingerprint": "', '"judge_fingerprint": "old'))
    done = assay("judge", "labels.jsonl", cwd=tmp_path)
    assert done.returncode == 0
    assert "grounding-local.json: not used: judge 'local'" in done.stderr
    assert len(parsed(done.stdout)) == 120
    path.write_text("{}")
    broken = assay("judge", "labels.jsonl", cwd=tmp_path)
    assert broken.returncode == 2
    assert "write it anew with `assay calibrate`" in one_line(broken.stderr)
