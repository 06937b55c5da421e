"""The list of flagged answers from the command line, on traces that a real fleet judged."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_command import assay, configure, one_line
from tests.waiting import PATIENCE_S, until

HOSTILE = '=HYPERLINK("http://evil.example") \x1b]52;c;aGk=\x07 [x](http://evil.example) \u202e costs 4711 euros.'
GOOD = "The ferry leaves at 05:40."


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A deployment whose four traces, one of them bad, are judged and written."""
    home = tmp_path_factory.mktemp("flagged")
    configure(home, "defaults: {quiet_seconds: 0}\nuse_cases: [{name: bot, rate: 1.0, allow_rate: true}]\n")
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    lines = [
        {
            "id": f"t-{n}",
            "name": "bot",
            "start": start,
            "end": start,
            "input": f"When does it leave? ({n})",
            "output": HOSTILE if n == 2 else GOOD,
            "observations": [{"type": "retriever", "output": [{"text": "The ferry leaves at 05:40."}]}],
        }
        for n in range(4)
    ]
    (home / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert assay("import", "t.jsonl", cwd=home).returncode == 0
    up = subprocess.Popen(
        [sys.executable, "-m", "assay.worker.cli", "up", "--workers", "1"],
        cwd=home,
        env={"PATH": os.environ["PATH"], "ASSAY_VERIFY_EVERY_S": "1"},  # noqa: TID251  # a child's PATH
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _counts(home).get("judged") == 4 and not _counts(home)["unwritten"], every_s=0.5)
        yield home
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(timeout=PATIENCE_S)


def _counts(home: Path) -> dict[str, int]:
    done = assay("flagged", "--json", cwd=home)
    counts: dict[str, int] = json.loads(done.stdout)["counts"] if done.returncode == 0 else {}
    return counts


def test_the_worst_answer_is_listed_with_its_denominator(judged: Path) -> None:
    done = assay("flagged", cwd=judged)
    assert done.returncode == 0, done.stderr
    assert "1 flagged of 4 judged answers: hallucination_risk 0.5 or more" in done.stdout
    assert "t-2" in done.stdout
    assert "4711" in done.stdout
    assert "assay why t-2" in done.stdout
    assert not set(done.stdout) & set("\x1b\x07\u202e")


def test_every_format_can_be_read_and_holds_the_sentence(judged: Path) -> None:
    data = json.loads(assay("flagged", "--json", cwd=judged).stdout)
    (answer,) = data["answers"]
    assert "\x1b]52;c;aGk=\x07" in "".join(claim["text"] for claim in answer["outcome"]["verdict"]["claims"])
    assert data["told_by"] == {"verdict": 1, "comment": 0, "nothing": 0}
    (row,) = csv.DictReader(io.StringIO(assay("flagged", "--format", "csv", cwd=judged).stdout))
    assert (row["trace_id"], row["use_case"]) == ("t-2", "bot")
    markdown = assay("flagged", "--format", "markdown", cwd=judged).stdout
    assert "1. **hallucination_risk" in markdown


def test_rows_are_data_whatever_the_locale(judged: Path) -> None:
    """In the locale C a character is put into plain words for a terminal. In a row that could end a quote."""
    # Named, since a minute may end between the two commands.
    begin, end = (time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(time.time() - ago)) for ago in (86_400, 0))
    for form in ("csv", "markdown"):
        args = ("flagged", "--format", form, "--from", begin, "--to", end)
        plain = assay(*args, cwd=judged, PYTHONUTF8="1").stdout
        assert not plain.isascii()
        assert assay(*args, cwd=judged, LC_ALL="C").stdout == plain


def test_a_file_gets_the_format_of_its_name_and_is_whole(judged: Path) -> None:
    done = assay("flagged", "--out", "worst.csv", cwd=judged)
    assert done.returncode == 0
    assert done.stdout == ""
    assert "1 flagged of 4" in done.stderr
    assert len(list(csv.DictReader(io.StringIO((judged / "worst.csv").read_text(encoding="utf-8"))))) == 1
    assert not list(judged.glob(".worst*"))
    refused = assay("flagged", "--out", "no/such/folder.csv", cwd=judged)
    assert refused.returncode == 2
    assert "--out no/such/folder.csv" in one_line(refused.stderr)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("--use-case", "bt"), "did you mean bot?"),
        (("--score", "groundednes"), "did you mean groundedness?"),
        (("--rubric", "groundin"), "did you mean grounding?"),
        (("--since", "soon"), "is no moment"),
        (("--above", "2"), "between 0 and 1"),
        (("--above", "0.1", "--below", "0.9"), "leave one out"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(judged: Path, args: tuple[str, ...], expected: str) -> None:
    done = assay("flagged", *args, cwd=judged)
    assert done.returncode == 2
    assert expected in one_line(done.stderr)


def test_nothing_flagged_is_said_and_no_error(judged: Path) -> None:
    done = assay("flagged", "--above", "1", cwd=judged)
    assert done.returncode == 0
    assert "nothing flagged of 4 judged answers" in done.stdout
    none = assay("flagged", "--from", "2026-01-01", "--to", "2026-01-02", cwd=judged)
    assert none.returncode == 0
    assert "no answer was judged" in none.stdout


def test_why_of_an_unknown_trace_is_exit_2_and_says_what_was_looked_at(judged: Path) -> None:
    for args in ((), ("--json",)):
        done = assay("why", "nosuch", *args, cwd=judged)
        assert done.returncode == 2
        assert "trace 'nosuch': unknown" in one_line(done.stderr)
        assert "ledger of rubric grounding" in done.stderr
    assert json.loads(done.stdout)["trace"] is None
    assert assay("why", "t-2", cwd=judged).returncode == 0


def test_report_counts_as_status_does(judged: Path) -> None:
    def reported() -> dict[str, Any]:
        cases: list[dict[str, Any]] = json.loads(assay("report", "--json", cwd=judged).stdout)["use_cases"]
        return cases[0]["coverage"] if cases else {"scored": {}}

    until(lambda: sum(reported()["scored"].values()) == 4, every_s=0.5)  # rows are written by the fleet's next tick
    (row,) = json.loads(assay("status", "--json", cwd=judged).stdout)["funnel"]["rows"]
    coverage = reported()
    assert {name: coverage[name] for name in ("seen", "not_selected", "scored")} == {
        name: row[name] for name in ("seen", "not_selected", "scored")
    }
    shown = assay("report", cwd=judged).stdout
    assert "4 seen, 0 not taken, 4 selected: 4 scored, 0 skipped, 0 dead, 0 in flight" in shown
    assert "of traces with a risk" in shown


def test_a_report_needs_no_redis_and_marks_the_sentence(judged: Path) -> None:
    until(lambda: "in flight not known" not in assay("report", cwd=judged).stdout, every_s=0.5)
    nowhere = "redis://127.0.0.1:1/0"
    done = assay("report", "--html", "r.html", "--markdown", "r.md", cwd=judged, ASSAY_REDIS_URL=nowhere)
    assert done.returncode == 0, done.stderr
    page = (judged / "r.html").read_text(encoding="utf-8")
    assert "<mark" in page
    assert "4711 euros" in page
    assert "Redis does not answer" in page
    assert "in flight not known" in (judged / "r.md").read_text(encoding="utf-8")


def test_redis_that_is_down_is_one_line_and_exit_3(judged: Path) -> None:
    done = assay("flagged", cwd=judged, ASSAY_REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 3
    assert "redis://127.0.0.1:1" in one_line(done.stderr)
