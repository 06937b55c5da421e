"""`assay compare` over a record in SQLite: exit codes, what is said, and what is written. No Redis runs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assay.judges.errors import ConfigurationError
from assay.worker.cli.commands import app
from assay.worker.history.opening import FILE, open_history
from assay.worker.records.history import HistoryRow
from tests.unit.worker.reporting.compare.rows import NOW, release
from tests.waiting import PATIENCE_S

POLICY = "store: {kind: sqlite}\nuse_cases: [{name: bot}, {name: contracts}]\n"
SPAN = ("--since", "2026-11-22", "--until", "2026-11-29T12:00Z")
RELEASES = ("--by", "release", "--a", "v41", "--b", "v42")


def written(home: Path, rows: Iterable[HistoryRow]) -> Path:
    """A deployment whose record has these rows."""

    async def write() -> None:
        history = open_history(None, home / FILE)
        try:
            await history.writer.write(list(rows))
        finally:
            await history.close()

    (home / "assay.yaml").write_text(POLICY)
    asyncio.run(write())
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three releases of the bot: the second is like the first, the third is worse; one of the contracts, of few."""
    rows = [*release("v41", 600, 0.05), *release("v42", 600, 0.05), *release("v43", 600, 0.15, input_tokens=4000)]
    few = [
        *release("v41", 30, 0.05, seed=4, use_case="contracts"),
        *release("v43", 30, 0.05, seed=4, use_case="contracts"),
    ]
    return written(tmp_path_factory.mktemp("deployment"), [*rows, *few])


def run(home: Path, *args: str) -> Result:
    env = {"ASSAY_DATA_DIR": str(home), "ASSAY_REDIS_URL": "redis://localhost:1/0", "COLUMNS": "300"}
    return CliRunner().invoke(app, ["compare", "--config", str(home), *args], env=env)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ((*RELEASES, "--use-case", "bot"), 0, "pass: b is not shown to be worse"),
        (("--by", "release", "--a", "v41", "--b", "v43", "--use-case", "bot"), 1, "regressed: b is shown to be worse"),
        (("--by", "release", "--a", "v41", "--b", "v43", "--use-case", "contracts"), 3, "answers are needed"),
        (("--by", "release", "--a", "v41", "--b", "v43"), 1, "the worst of 2 rows"),
        ((*RELEASES, "--use-case", "bot", "--non-inferior", "0.1"), 0, "shown to be worse by less than 10 points"),
        ((*RELEASES, "--use-case", "bot", "--non-inferior", "0.001"), 3, "not shown to stay within 0.1 points"),
    ],
)
def test_exit_codes_are_the_gates(home: Path, args: tuple[str, ...], code: int, words: str) -> None:
    done = run(home, *args, *SPAN)
    assert done.exit_code == code, done.output
    assert words in done.output
    assert f"exit code {code}" in done.output


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--by", "release", "--a", "v41", "--b", "v44"), "did you mean 'v4"),
        (("--by", "release", "--a", "v41", "--b", "v41"), "name two different values"),
        (("--by", "tag", "--a", "x", "--b", "y"), "has a tag; the application has to say it"),
        (("--by", "release", "--a", "v41"), "--by, --a, --b: name the fact and its two values"),
        ((*RELEASES, "--changed-at", "2026-11-25"), "leave one out"),
        (("--changed-at", "2026-12-25"), "is not before"),
        ((*RELEASES, "--use-case", "bots"), "did you mean 'bot'"),
        ((*RELEASES, "--rubric", "groundng"), "did you mean 'grounding'"),
        ((*RELEASES, "--alpha", "0.9"), "--alpha: 0.9 is not between 0.000001 and 0.5"),
        ((*RELEASES, "--alpha", "1"), "--alpha: 1 is not between"),
        ((*RELEASES, "--alpha", "1e-300"), "--alpha: 1e-300 is not between"),
        ((*RELEASES, "--alpha", "nan"), "--alpha: nan is not between"),
        ((*RELEASES, "--non-inferior", "1"), "--non-inferior: 1 is not between"),
        ((*RELEASES, "--must-see", "1e-300"), "--must-see: 1e-300 is not between"),
        ((*RELEASES, "--markdown", "/proc"), "--markdown: /proc: is a folder"),
        ((*RELEASES, "--markdown", "/nowhere/at/all.md"), "--markdown: /nowhere/at/all.md"),
    ],
)
def test_what_cannot_be_compared_is_an_input_error(home: Path, args: tuple[str, ...], words: str) -> None:
    error = run(home, *args, *SPAN).exception
    assert isinstance(error, ConfigurationError)  # exit code 2
    assert words in str(error)
    assert len(str(error).splitlines()) == 1


def test_a_log_has_each_sentence_on_one_line(home: Path) -> None:
    lines = subprocess_run(home, *RELEASES, "--use-case", "bot", *SPAN).stdout.splitlines()
    (rate,) = (line for line in lines if "expected share of answers with a problem" in line)
    assert rate.count("n=600") == 2
    assert not [line for line in lines if line != line.rstrip()]


def test_a_use_case_that_assay_yaml_no_longer_has_is_compared(tmp_path: Path) -> None:
    home = written(
        tmp_path, [*release("v41", 300, 0.05, use_case="retired"), *release("v42", 300, 0.01, use_case="retired")]
    )
    done = run(home, *RELEASES, *SPAN, "--use-case", "retired")
    assert done.exit_code == 0, done.output
    assert "retired  rubric grounding" in done.output
    error = run(home, *RELEASES, *SPAN, "--use-case", "retird").exception
    assert isinstance(error, ConfigurationError)
    assert "neither in assay.yaml nor in the record of these times; did you mean 'retired'?" in str(error)


def test_a_summary_that_cannot_be_written_hides_no_verdict(home: Path) -> None:
    done = run(
        home, "--by", "release", "--a", "v41", "--b", "v43", "--use-case", "bot", *SPAN, "--markdown", "/dev/full"
    )
    assert done.exit_code == 1
    assert "verdict: regressed; exit code 1" in done.stdout
    assert "warning: --markdown: /dev/full: No space left on device" in done.stderr


@pytest.mark.parametrize("name", ["日本 🙂", "x" * 500])
def test_a_release_is_named_as_the_application_names_it(tmp_path: Path, name: str) -> None:
    home = written(tmp_path, [*release("v41", 60, 0.05), *release("v42", 60, 0.9, release=name)])
    done = run(home, "--by", "release", "--a", "v41", "--b", name, *SPAN)
    assert done.exit_code == 1
    assert name[:100] in done.output.replace("\n", "")


def test_a_rise_that_is_meant_is_accepted_and_stays_to_be_seen(tmp_path: Path) -> None:
    shy = release("v42", 400, 0.0, seed=3, reason="refusal", risk=None, faithfulness=None)
    home = written(tmp_path, [*release("v41", 400, 0.05), *release("v42", 400, 0.05), *shy])
    stopped, passed = run(home, *RELEASES, *SPAN), run(home, *RELEASES, *SPAN, "--accept", "refusals")
    assert (stopped.exit_code, passed.exit_code) == (3, 0)
    assert "take it as meant (--accept refusals)" in stopped.output
    assert "b is shown to have more, p < 0.0001 (accepted: --accept)" in passed.output


def subprocess_run(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """The command as a pipeline runs it."""
    code = "import sys; from assay.worker.cli import main; sys.argv[0] = 'assay'; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "compare", "--config", str(home), *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env={"ASSAY_DATA_DIR": str(home), "ASSAY_REDIS_URL": "redis://localhost:1/0", "PATH": "/usr/bin:/bin"},
    )


def test_a_pipeline_is_stopped_by_the_process_and_gets_a_summary(home: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    worse = ("--by", "release", "--a", "v41", "--b", "v43", "--use-case", "bot")
    process = subprocess_run(home, *worse, *SPAN, "--json", "--markdown", str(summary))
    assert process.returncode == 1, process.stderr
    result = json.loads(process.stdout)
    assert (result["schema"], result["verdict"], result["rows"][0]["reason"]) == (1, "regressed", "shown_worse")
    assert result["rows"][0]["tested"]["a"]["n"] == 600
    assert summary.read_text(encoding="utf-8").startswith("### ❌ Compare: **regressed**")
    assert "input tokens a request" in summary.read_text(encoding="utf-8")


def test_the_time_before_a_change_is_as_long_as_that_after_it(home: Path) -> None:
    done = run(home, "--changed-at", "2026-11-26", "--until", "2026-11-29T12:00Z", "--use-case", "bot", "--json")
    question = json.loads(done.output)["question"]
    moments = [datetime.fromisoformat(question[side][end]) for side in "ab" for end in ("since", "until")]
    assert moments == [datetime(2026, 11, 22, 12, tzinfo=UTC), *[datetime(2026, 11, 26, tzinfo=UTC)] * 2, NOW]
    assert done.exit_code == 0


def test_a_record_that_is_not_there_yet_is_inconclusive(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text(POLICY)
    done = run(tmp_path, "--changed-at", "2026-11-26", "--until", "2026-11-29T12:00Z")
    assert done.exit_code == 3
    assert "no judged traffic" in done.output
    assert not (tmp_path / FILE).exists()
