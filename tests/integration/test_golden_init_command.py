"""From a table of questions to the first gate, by the commands that a person types."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from assay.worker.cli import main
from tests.integration.golden_home import EVIDENCE, GOOD, WRONG, Home

ITEMS = 50
HEADER = ["user_input", "retrieved_contexts", "response", "hallucinated", "ground_truth", "conversation_id", "note"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def table(home: Home, *, labelled: int = 25, sources: int = 50) -> Path:
    """Fifty questions as a spreadsheet saves them; to the first ones a wrong answer, too, and labels to all or none."""
    rows = []
    for n in range(ITEMS):
        asked = [f"When was bridge number {n} opened?", json.dumps([EVIDENCE])]
        rest = ["In 1932.", f"c{n % sources}", "x"]
        rows.append([*asked, GOOD, "0" if labelled else "", *rest])
        if n < labelled:
            rows.append([*asked, WRONG, "1", *rest])
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([HEADER, *rows])
    path = home.path / "questions.csv"
    path.write_bytes(out.getvalue().encode("utf-8-sig"))
    return path


def typed(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    """What a person types at the questions of a command."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{key}\n" for key in keys)))


def test_a_labelled_table_is_a_gate_after_three_commands(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    told = ("--by", "Ada", "--licence", "internal")
    assert home.assay("golden", "init", "faq-v1", "--from", str(table(home)), *told) == 0
    printed = capsys.readouterr().out
    assert "50 items, 25 + 50 anchors (wrong + right), release first" in printed
    assert "user_input → question" in printed
    assert "not used: note" in printed
    assert "assay golden freeze faq-v1" in printed
    assert home.assay("golden", "freeze", "faq-v1", "--yes") == 0
    summary = capsys.readouterr().out
    assert "items: 50; 50 expect an answer, 0 a refusal" in summary
    assert "anchors: 25 wrong and 50 right" in summary
    assert "unset" not in summary
    assert home.assay("gate", "faq-v1", "--candidate", "first") == 0
    assert "PASS (exit 0)" in capsys.readouterr().out


def test_the_first_freeze_names_deviations_and_later_ones_changes(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.assay("golden", "init", "faq-v1", "--from", str(table(home)), "--by", "Ada", "--licence", "internal")
    manifest = home.path / "golden_sets" / "faq-v1" / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("alpha: 0.05", "alpha: 0.01"))
    capsys.readouterr()
    assert home.assay("golden", "freeze", "faq-v1", "--yes") == 0
    first = " ".join(capsys.readouterr().out.split())
    assert "warning: gate: alpha: 0.01, the default is 0.05" in first
    assert "→" not in first
    manifest.write_text(manifest.read_text().replace("alpha: 0.01", "alpha: 0.02"))
    assert home.assay("golden", "freeze", "faq-v1", "--yes") == 0
    second = " ".join(capsys.readouterr().out.split())
    assert "alpha: 0.01 → 0.02" in second
    assert "the default is" not in second
    assert "items: 50" in second


def test_unlabelled_answers_are_labelled_one_by_one_and_may_be_left(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ("--by", "Ada", "--licence", "internal")
    assert home.assay("golden", "init", "faq-v1", "--from", str(table(home, labelled=0)), *told) == 0
    assert "assay golden label faq-v1" in capsys.readouterr().out
    directory = home.path / "golden_sets" / "faq-v1"
    typed(monkeypatch, "rwsrXq")
    assert home.assay("golden", "label", "faq-v1") == 0
    printed = capsys.readouterr().out
    assert "When was bridge number 0 opened?" in printed
    assert "1 wrong and 2 right anchors; 47 answers wait" in printed
    labels = [json.loads(line)["label"] for line in (directory / "anchors.jsonl").read_text().splitlines()]
    assert labels == [0, 1, 0]
    typed(monkeypatch, "r")  # and then nobody is there any more
    assert home.assay("golden", "label", "faq-v1") == 0
    assert "46 answers wait" in capsys.readouterr().out
    assert home.assay("golden", "freeze", "faq-v1", "--yes") == 2
    assert "1 marked and 3 unmarked anchors" in " ".join(capsys.readouterr().out.split())


def test_conversations_of_the_table_are_clusters_of_the_gate(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    path = table(home, sources=4)
    home.assay("golden", "init", "faq-v1", "--from", str(path), "--by", "Ada", "--licence", "internal")
    assert home.assay("golden", "freeze", "faq-v1", "--yes") == 0
    assert "the smallest p-value is 1/16" in " ".join(capsys.readouterr().out.split())
    assert home.assay("golden", "verify", "faq-v1") == 0
    assert "with 50 items in 4 clusters no drop" in " ".join(capsys.readouterr().out.split())
    assert home.assay("golden", "verify", "faq-v1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["items"], told["clusters"], told["minimum_detectable_drop"]) == (50, 4, None)
    assert {finding["check"] for finding in told["findings"]} == {"size", "tags", "labels"}
    assert "80 + 80 do for a middling judge" in told["note"]
    assert home.assay("gate", "faq-v1", "--candidate", "first") == 3
    assert "are too few to show a regression" in " ".join(capsys.readouterr().out.split())


def test_without_a_table_there_is_an_example_that_cannot_be_frozen_yet(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.assay("golden", "init", "faq-v1") == 0
    assert home.assay("golden", "freeze", "faq-v1", "--yes") == 2
    out = " ".join(capsys.readouterr().out.split())
    assert "labels.by is 'TODO'" in out
    assert "2 items; 50 to 200" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "absent.csv"), "absent.csv: file: cannot be read"),
        (("--map", "a=question", "--from", "{table}"), "--map a=question: no such column"),
        (("--map", "question", "--from", "{table}"), "--map question: write COLUMN=FIELD"),
        (("--from", "{table}", "--from-flagged"), "leave one out"),
        (("--since", "7d"), "belong to --from-flagged"),
        (("--target", "smoke"), "--target"),
    ],
)
def test_what_cannot_be_done_is_2_and_writes_nothing(
    home: Home, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(table(home))
    assert home.assay("golden", "init", "faq-v1", *(argument.format(table=path) for argument in arguments)) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (home.path / "golden_sets").exists()


def test_a_set_is_never_written_into_the_packaged_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["assay", "golden", "init", "faq-v1"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "make one by `assay init`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "key"), [("manifest", "pass_when"), ("item", "expect"), ("anchor", "label"), ("release", "response")]
)
def test_a_schema_is_printed(
    name: str, key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["assay", "golden", "schema", name])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert key in json.loads(capsys.readouterr().out)["properties"]
