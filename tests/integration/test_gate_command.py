"""`assay gate` as a pipeline meets it.

These are the rows of the table of exit codes in docs/reference/golden-sets.md, but for the fleet's.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.golden_home import GOOD, ITEMS, REFUSAL, WRONG, Home, N, anchors, answers, chat, target
from tests.servers.openai_server import OpenAIServer, fails, slow
from tests.unit.worker.golden.golden_sets import write_lines
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


# --- it ran -------------------------------------------------------------------------------------------------------


def test_an_unchanged_release_is_0(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    capsys.readouterr()
    assert home.gate("--candidate", "new", "--json") == 0
    out = capsys.readouterr()
    assert "drops from 14.3% are caught with 80 % power" in out.err
    report = json.loads(out.out)
    assert (report["schema"], report["exit_code"], report["items_worse"]) == (3, 0, [])
    assert len(report["pairs"]) == N


def test_a_worse_release_is_1(home: Home) -> None:
    home.write({"old": answers(2), "new": answers(20)})
    assert home.gate() == 1


def test_a_release_that_refuses_every_item_is_1(home: Home) -> None:
    home.write({"old": answers(2), "new": answers(N, REFUSAL)})
    assert home.gate() == 1


def test_refusing_every_item_on_both_sides_is_3(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write({"old": answers(N, REFUSAL), "new": answers(N, REFUSAL)})
    assert home.gate() == 3
    assert "refusals" in capsys.readouterr().out


def test_a_failed_must_pass_item_is_1(home: Home) -> None:
    home.write({"old": answers(2), "new": answers(2)}, gate={"must_pass": ["q1"]})
    assert home.gate() == 1


def test_a_blocking_secondary_is_1_and_a_warning_one_is_0(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Every answer passes as before, and every third now says something besides that nobody can find."""
    padded = answers() | {f"q{n}": f"{GOOD} {WRONG}" for n in range(0, N, 3)}
    for secondary, code in (("block", 1), ("warn", 0)):
        rest: dict[str, Any] = {"pass_when": {"groundedness": {"at_least": 0.3}}, "gate": {"secondary": secondary}}
        home.write({"old": answers(), "new": padded}, **rest)
        assert home.gate() == code
        assert "groundedness worse: 1.000 → 0.833" in _flat(capsys)


@pytest.mark.parametrize(("bad", "code"), [(0, 0), (2, 3), (9, 1)])
def test_non_inferiority_is_0_only_where_it_is_shown(
    home: Home, bad: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write({"old": answers(), "new": answers(bad)}, gate={"mode": "non_inferiority", "margin": 0.06})
    assert home.gate() == code
    assert "an unchanged release is shown to be no worse than 6.0% with a probability of" in _flat(capsys)


@pytest.mark.parametrize("passing", [0, 4])
def test_a_baseline_that_could_show_no_regression_is_3(
    home: Home, passing: int, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write({"old": answers(N - passing), "new": answers(N)})
    assert home.gate() == 3
    assert "baseline: " in _flat(capsys)


def test_what_the_call_overrides_is_said_once(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    capsys.readouterr()
    assert home.gate("--candidate", "new", "--baseline", "old", "--repeats", "2", "--json") == 0
    repeats = "not as frozen: every item was asked 2 times, the set says 1"
    assert json.loads(capsys.readouterr().out)["warnings"] == [repeats]
    assert home.gate("--candidate", "new", "--baseline", "new", "--repeats", "2") == 0
    printed = _flat(capsys)
    assert printed.count("warning: ") == 2
    assert printed.count(repeats) == 1
    assert printed.count("not as frozen: compared with 'new', the manifest names 'old'") == 1


def test_a_live_application_that_answers_well_is_0(home: Home) -> None:
    with chat() as server:
        home.write(target=target(server))
        assert home.assay("gate", "bot-v1") == 0
        assert len(server.requests) == N


# --- it did not run -----------------------------------------------------------------------------------------------


def test_an_application_that_is_down_for_three_items_is_3(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with chat(down=3) as server:
        home.write(target=target(server))
        assert home.assay("gate", "bot-v1") == 3
    assert "candidate: 3 of 60 items missing (first: q57: target failed: http_status" in _flat(capsys)


def test_an_application_that_is_down_is_3(home: Home) -> None:
    home.write(target={"kind": "http", "url": "http://127.0.0.1:9/", "timeout_s": 2})
    assert home.assay("gate", "bot-v1") == 3


def test_a_judge_that_is_down_is_3(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer(default=fails(401, code="invalid_api_key")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        home.write(rubric="grounding-llm", gate={"allow_uncalibrated": True})
        assert home.gate() == 3
    assert "judge exam incomplete: 24 of 24 anchors could not be judged" in _flat(capsys)


def test_a_judge_without_an_endpoint_is_2(home: Home) -> None:
    home.write(rubric="grounding-llm", gate={"allow_uncalibrated": True})
    assert home.gate() == 2


@pytest.mark.parametrize("command", [("golden", "run"), ("gate",)])
def test_a_risk_that_nothing_fitted_is_told_before_the_first_call(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        home.write(rubric="grounding-llm", pass_when={"hallucination_risk": {"at_most": 0.5}})
        assert home.assay(*command, "bot-v1") == 2
        assert not server.requests
    told = " ".join(capsys.readouterr().err.split())
    assert "the judge of rubric grounding-llm is not calibrated: no answer could be decided" in told
    assert home.assay("golden", "freeze", "bot-v1", "--yes") == 0
    assert "warning: gate: hallucination_risk decides" in _flat(capsys)


@pytest.mark.parametrize(("right", "few", "code"), [(False, False, 3), (True, True, 3)])
def test_a_judge_that_failed_its_exam_or_had_none_is_3(home: Home, right: bool, few: bool, code: int) -> None:
    labelled = anchors(right)[:6] if few else anchors(right)
    home.write(labelled=labelled, waive={"labels": "a test"})
    assert home.gate() == code


def test_wrong_digests_are_2_and_say_where(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    write_lines(home.set / "items.jsonl", [*ITEMS[1:], {**ITEMS[0], "question": "Another question?"}])
    assert home.gate() == 2
    assert home.assay("golden", "verify", "bot-v1") == 2
    err = capsys.readouterr().err
    assert "items" in err
    assert "(changed q0)" in err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pass_when": {"vibes": {"at_least": 0.5}}}, "pass_when.vibes"),
        ({"rubric": "nobody"}, "nobody"),
        ({"surprise": 1}, "surprise"),
        ({"gate": {"primary": "vibes"}}, "gate.primary"),
        ({"gate": {"must_pass": ["nobody"]}}, "gate.must_pass"),
        ({"gate": {"mode": "non_inferiority", "margin": 0.02}}, "gate.margin: 0.02 can never be shown"),
        ({"gate": {"alpha": 0.2}}, "alpha: 0.05 → 0.2"),
        ({"baseline": "new"}, "baseline"),
    ],
)
def test_an_unknown_metric_or_a_changed_setting_is_2(
    home: Home, change: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write({"old": answers(2), "new": answers(3)})
    manifest = home.set / "manifest.yaml"
    content = yaml.safe_load(manifest.read_text(encoding="utf-8")) | change
    manifest.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    assert home.gate() == 2
    line = capsys.readouterr().err
    assert words in line
    assert "Traceback" not in line


def test_a_set_that_was_never_frozen_is_2(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    (home.set / "golden.lock").unlink()
    assert home.gate() == 2
    assert "golden.lock" in capsys.readouterr().err


def test_runs_with_other_repeats_are_2(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    kept = str(home.path / "old.json")
    assert home.assay("golden", "run", "bot-v1", "--release", "old", "--out", kept) == 0
    assert home.gate("--baseline", kept, "--candidate", "new", "--repeats", "2") == 2
    assert "both sides need the same" in " ".join(capsys.readouterr().err.split())


def test_a_run_that_cannot_be_written_is_2(home: Home) -> None:
    home.write()
    nowhere = str(home.path / "no" / "such" / "run.json")
    assert home.assay("golden", "run", "bot-v1", "--release", "new", "--out", nowhere) == 2


def test_a_set_without_items_is_2(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    (home.set / "items.jsonl").write_text("")
    assert home.gate() == 2
    assert "items.jsonl: file: is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    "args",
    [("--candidate", "nobody"), ("--candidate", "none.json"), ("--baseline", "nobody", "--candidate", "new"),
     ("--candidate", "new", "--repeats", "0"), ("--candidate", "new", "--resume", "../x"),
     ("--candidate", "new", "--resume", "20261121T060000-0a1b2c")],
)  # fmt: skip
def test_what_does_not_exist_is_2(home: Home, args: tuple[str, ...]) -> None:
    home.write()
    assert home.gate(*args) == 2


def test_one_gate_writes_all_reports_and_the_comment_names_the_page(home: Home) -> None:
    home.write()
    files = {kind: home.path / f"gate.{kind}" for kind in ("html", "markdown", "junit")}
    assert (
        home.gate("--candidate", "new", *(part for kind, path in files.items() for part in (f"--{kind}", str(path))))
        == 0
    )
    texts = {kind: path.read_text(encoding="utf-8") for kind, path in files.items()}
    assert texts["html"].startswith("<!doctype html>")
    assert "gate.html" in texts["markdown"]
    assert texts["junit"].count("<testcase") == N + 1
    assert home.assay("golden", "run", "bot-v1", "--release", "new", "--html", str(files["html"])) == 0
    text = files["html"].read_text(encoding="utf-8")
    assert "Run of bot-v1" in text
    assert 'id="h-history"' in text  # the gate before and this run


def test_a_report_that_cannot_be_written_is_2(home: Home) -> None:
    home.write()
    assert home.gate("--candidate", "new", "--markdown", str(home.path / "no" / "such" / "x.md")) == 2


def test_a_bug_is_3_and_not_a_verdict(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("assay.worker.golden.gate.session.compare", broken)
    assert home.gate() == 3


def test_when_the_time_of_the_run_is_up_it_is_3(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer(default=slow(30)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        home.write(rubric="grounding-llm", gate={"allow_uncalibrated": True, "min_completed": 0.01})
        assert home.gate("--candidate", "new", "--timeout", "0.5") == 3
    assert "the time of the whole run was up" in _flat(capsys)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_is_3_and_the_run_goes_on_where_it_stopped(home: Home, signum: signal.Signals) -> None:
    with OpenAIServer(latency_s=0.15) as server:
        env = {"OPENAI_BASE_URL": server.url}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENAI_BASE_URL", server.url)
            home.write(rubric="grounding-llm", gate={"allow_uncalibrated": True})
        args = ("gate", "bot-v1", "--candidate", "new", "--concurrency", "8", "--json")
        first = home.start(*args, **env)
        until(lambda: bool(home.runs()) and len(_kept(home)) > 20)
        first.send_signal(signum)
        out, err = first.communicate(timeout=PATIENCE_S)
        assert (first.returncode, out) == (3, "")
        (run,) = home.runs()
        assert f"--resume {run.name}" in err
        kept, asked = len(_kept(home)), len(server.requests)
        second = home.start(*args, "--resume", run.name, **env)
        out, err = second.communicate(timeout=PATIENCE_S)
        assert second.returncode == 0, err
        report = json.loads(out)
        assert (report["run_id"], report["candidate_missing"]) == (run.name, 0)
        assert len(server.requests) - asked == 2 * N + 24 - kept


def _kept(home: Home) -> list[str]:
    path = home.runs()[0] / "journal.jsonl"
    return path.read_text(encoding="utf-8").splitlines()[1:] if path.exists() else []


def _flat(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed, without the terminal's line breaks."""
    return " ".join(capsys.readouterr().out.split())


# --- the review ---------------------------------------------------------------------------------------------------


def test_a_baseline_is_taken_reviewed_frozen_and_compared_with(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with chat() as server:
        home.write(target=target(server))
        assert home.assay("golden", "run", "bot-v1", "--repeats", "5") == 0
        (run,) = home.runs()
        taken = ("golden", "baseline", "bot-v1", "--from", run.name, "--by", "Ada", "--why", "release 1")
        assert home.assay(*taken, "--yes") == 0
        assert home.gate() == 2, "nobody accepted it yet"
        assert home.assay("golden", "freeze", "bot-v1", "--yes") == 0
        lock = (home.set / "golden.lock").read_bytes()
        capsys.readouterr()
        assert home.assay("gate", "bot-v1", "--repeats", "3", "--json") == 0
        out = capsys.readouterr().out
        report = json.loads(out)
        assert report["repeats"] == 3
        assert report["baseline"].startswith("outputs-")
        assert len(set(report["baseline_runs"])) == 3, "an output for each repeat"
        assert report["exam"]["change"]["n"] == 24
        assert (home.set / "golden.lock").read_bytes() == lock, "a gate never changes what it compares with"
    assert home.assay("golden", "series", "bot-v1") == 3
    capsys.readouterr()
    assert home.assay("golden", "runs", "bot-v1", "--json") == 0
    assert [line["kind"] for line in json.loads(capsys.readouterr().out)] == ["run", "gate"]
    assert not list(home.path.rglob("journal.jsonl")), "what is through needs no journal"
    capsys.readouterr()
    assert home.assay("golden", "ls", "--json") == 0
    assert "5 outputs, by Ada on" in json.loads(capsys.readouterr().out)["bot-v1"]["baseline"]


def test_one_lucky_run_of_a_live_application_is_no_baseline(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with chat() as server:
        home.write(target=target(server))
        assert home.assay("golden", "run", "bot-v1") == 0
    taken = (
        "golden",
        "baseline",
        "bot-v1",
        "--from",
        home.runs()[0].name,
        "--by",
        "Ada",
        "--why",
        "release 1",
        "--yes",
    )
    assert home.assay(*taken) == 2
    assert "at least 5" in capsys.readouterr().err
    assert not (home.set / "baseline").exists()


def test_freezing_refuses_a_set_with_errors(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    lock = (home.set / "golden.lock").read_bytes()
    write_lines(home.set / "items.jsonl", [*ITEMS, {**ITEMS[0], "id": "twin"}])
    assert home.assay("golden", "freeze", "bot-v1", "--yes") == 2
    assert "q0 = twin" in _flat(capsys)
    assert (home.set / "golden.lock").read_bytes() == lock


def test_freezing_shows_the_change_and_asks_first(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write()
    lock = (home.set / "golden.lock").read_bytes()
    write_lines(home.set / "items.jsonl", [*ITEMS[1:], {**ITEMS[0], "tags": ["rivers"] * 1}])
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert home.assay("golden", "freeze", "bot-v1") == 2
    assert "(changed q0)" in _flat(capsys)
    assert (home.set / "golden.lock").read_bytes() == lock


def test_a_set_that_was_never_frozen_is_listed_in_a_line(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    (home.set / "golden.lock").unlink()
    assert home.assay("golden", "ls") == 0
    out = capsys.readouterr().out
    assert "never frozen" in " ".join(out.split())
    assert "unset" not in out
