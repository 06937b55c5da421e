"""What `assay doctor` says of traces, what `--fix` writes, and what `rubrics preview` shows of what is missing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import load_rubric
from assay.worker.cli.commands import app
from assay.worker.config.root import packaged_root
from assay.worker.launch.broker import Broker
from assay.worker.records.traces import Trace
from assay.worker.stores.sqlite.store import SqliteStore
from tests.servers.langfuse import LangfuseServer
from tests.unit.worker.setup import decoy_shapes, foreign_shapes
from tests.unit.worker.setup.foreign_shapes import Shape, traces_of
from tests.unit.worker.setup.test_part_checks import unknown_key
from tests.unit.worker.stores.langfuse.making import use

ONE_CASE = "use_cases: [{name: all}]\n"
TWO_CASES = """
use_cases:
  - {name: shop, match: {trace_name: [german_kwargs]}}
  - {name: rest, match: {trace_name: ["root_*"]}}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str) -> Path:
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    (tmp_path / "assay.yaml").write_text(ONE_CASE)
    return tmp_path


def fill(home: Path, *traces: Trace) -> None:
    async def add() -> None:
        store = SqliteStore(home / ".assay" / "traces.db")
        try:
            await store.add_traces(traces)
        finally:
            await store.close()

    (home / ".assay").mkdir(exist_ok=True)
    asyncio.run(add())


def fill_with(home: Path, *shapes: Shape, age: timedelta = timedelta(0)) -> None:
    fill(home, *(trace for shape in shapes for trace, _ in traces_of(shape, datetime.now(UTC) - age)))


def run(*arguments: object, answer: str = "") -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=answer)


def examine(home: Path, *options: str) -> dict[str, dict[str, Any]]:
    result = run("doctor", "-c", home, "--json", *options)
    assert result.exit_code == 0, result.output
    return {check["name"]: check for check in json.loads(result.stdout)}


def test_each_use_case_has_its_shares_and_shapes_that_lack_a_part(home: Path) -> None:
    (home / "assay.yaml").write_text(TWO_CASES)
    fill_with(home, foreign_shapes.german_kwargs, foreign_shapes.root_alone)
    checks = examine(home)
    shop = checks["evidence (shop, grounding)"]
    assert shop["status"] == "warn"
    assert "in 0 of 8 traces (0%, 95% interval 0%–32%)" in shop["message"]
    assert shop["details"]["found"] == 0
    (shape,) = shop["details"]["shapes"]
    assert "span kb_lookup, generation llm" in shape["shape"]
    assert shape["trace"].startswith("german_kwargs-")
    assert shape["reason"]
    assert checks["evidence (rest, grounding)"]["details"]["n"] == 8
    assert checks["traces"]["details"]["use_cases"][0] == {"use_case": "shop", "recent": 8, "looked_at": 8}


def test_the_bar_is_the_same_for_all_parts(home: Path) -> None:
    fill_with(home, foreign_shapes.german_kwargs, foreign_shapes.root_alone)
    checks = examine(home)
    bars = {check["details"]["bar"] for check in checks.values() if "bar" in check["details"]}
    assert bars == {0.8}
    for check in (check for check in checks.values() if "bar" in check["details"]):
        assert (check["status"] == "warn") == (check["details"]["share"] < 0.8)
        assert bool(check["remedy"]) == (check["status"] == "warn")


def test_traces_that_no_use_case_takes_are_told(home: Path) -> None:
    (home / "assay.yaml").write_text("use_cases: [{name: shop, match: {trace_name: [german_kwargs]}}]\n")
    fill_with(home, foreign_shapes.german_kwargs, foreign_shapes.root_alone)
    traces = examine(home)["traces"]
    assert traces["status"] == "warn"
    assert "8 of 16 traces match no use case" in traces["message"]


def test_old_traces_of_an_import_are_looked_at_and_their_age_is_told(home: Path) -> None:
    fill_with(home, foreign_shapes.german_kwargs, age=timedelta(days=90))
    checks = examine(home)
    assert "8 traces, 90 days old" in checks["store"]["message"]
    assert checks["evidence (all, grounding)"]["details"]["n"] == 8


def test_an_empty_store_names_the_next_step_and_no_line_says_ok_of_traces(home: Path) -> None:
    checks = examine(home)
    assert checks["store"]["status"] == checks["traces"]["status"] == "warn"
    assert "assay import" in checks["store"]["remedy"]
    assert "assay import" in checks["traces"]["remedy"]


def test_proposals_have_counts_and_no_text_of_traces_leaves_the_terminal(home: Path) -> None:
    pairs = traces_of(foreign_shapes.german_kwargs, datetime.now(UTC))
    fill(home, *(trace for trace, _ in pairs))
    as_json = run("doctor", "-c", home, "--json").stdout
    for _, truth in pairs:
        assert truth.question not in as_json
        assert truth.passages[0] not in as_json
    checks = {check["name"]: check for check in json.loads(as_json)}
    (line,) = (
        proposal
        for proposal in checks["selectors (grounding)"]["details"]["proposals"]
        if proposal["part"] == "contexts" and "kb_lookup" in proposal["selector"]
    )
    assert (line["before"], line["after"], line["traces"]) == (0, 8, 8)
    shown = run("doctor", "-c", home).stdout
    assert re.search(r"sample\.contexts: span\[name=kb_lookup\]\S*\s+0 → 8 of 8 traces", shown)
    assert any(truth.passages[0] in shown for _, truth in pairs)


def test_hostile_names_and_texts_cannot_drive_the_terminal(home: Path) -> None:
    traces = []
    for trace, truth in traces_of(foreign_shapes.metadata_kb, datetime.now(UTC)):
        kb = [{"absatz": f"\x1b[2J\x1b]0;owned\x07{passage}" + "x" * 5000} for passage in truth.passages]
        root = trace.root.model_copy(update={"metadata": {"kb": kb}})
        steps = [step.model_copy(update={"name": "evil\x1b[31m\u202e[bold]"}) for step in trace.observations]
        traces.append(trace.model_copy(update={"root": root, "observations": tuple(steps)}))
    fill(home, *traces)
    for shown in (
        run("doctor", "-c", home).stdout,
        run("rubrics", "preview", "grounding", "--trace", traces[0].id, "-c", home).stdout,
    ):
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "x" * 200 not in shown.replace("\n", "")


def test_fix_shows_the_difference_and_asks(home: Path) -> None:
    fill_with(home, foreign_shapes.german_kwargs)
    refused = run("doctor", "-c", home, "--fix", answer="n\n")
    assert refused.exit_code == 0, refused.output
    assert "+++" in refused.stdout
    assert "kb_lookup" in refused.stdout.partition("+++")[2]
    assert not (home / "rubrics").exists()
    assert run("doctor", "-c", home, "--fix", answer="y\n").exit_code == 0
    assert (home / "rubrics" / "grounding.yaml").is_file()


def test_fix_copies_a_packaged_rubric_keeps_its_comments_and_is_done_after_one_time(home: Path) -> None:
    fill_with(home, foreign_shapes.german_kwargs, foreign_shapes.no_model_call, foreign_shapes.metadata_kb)
    shown = run("doctor", "-c", home, "--fix", "--yes")
    assert shown.exit_code == 0, shown.output
    assert "copy of the packaged rubric" in shown.stdout
    path, packaged = home / "rubrics" / "grounding.yaml", packaged_root() / "rubrics" / "grounding.yaml"
    written = path.read_text()
    comments = [line for line in packaged.read_text().splitlines() if line.startswith("#")]
    assert [line for line in comments[1:] if line not in written] == []
    before, after = load_rubric(packaged), load_rubric(path)
    assert after == before.model_copy(update={"sample": after.sample})
    checks = examine(home)
    shares = {name: check["details"]["share"] for name, check in checks.items() if "share" in check["details"]}
    assert set(shares.values()) == {1.0}
    assert "selectors (grounding)" not in checks
    again = run("doctor", "-c", home, "--fix", "--yes")
    assert "nothing to write" in again.stdout
    assert path.read_text() == written


def test_fix_edits_the_teams_own_rubric_and_keeps_its_mode_and_its_link(home: Path) -> None:
    fill_with(home, foreign_shapes.german_kwargs)
    kept = home / "kept.yaml"
    kept.write_text(
        "name: grounding  # ours\nsample:\n  # they ask here\n  question: root.input.q\nclosed_book: skip\n"
    )
    kept.chmod(0o640)
    (home / "rubrics").mkdir()
    (home / "rubrics" / "grounding.yaml").symlink_to(kept)
    assert run("doctor", "-c", home, "--fix", "--yes").exit_code == 0
    assert (home / "rubrics" / "grounding.yaml").is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o640
    text = kept.read_text()
    assert "# they ask here" in text
    assert "[root.input.q, root.input.kwargs.frage]" in text
    assert [path.name for path in home.iterdir() if path.name.endswith(".new")] == []


def test_fix_refuses_a_read_only_file_in_one_line(home: Path) -> None:
    fill_with(home, foreign_shapes.german_kwargs)
    (home / "rubrics").mkdir()
    path = home / "rubrics" / "grounding.yaml"
    path.write_text("name: grounding\n")
    path.chmod(0o444)
    result = run("doctor", "-c", home, "--fix", "--yes")
    assert isinstance(result.exception, ConfigurationError)
    assert re.fullmatch(r"\S*grounding\.yaml: file: is read-only; [^\n]+", str(result.exception))
    assert path.read_text() == "name: grounding\n"


def test_fix_without_anybody_to_answer_writes_nothing_and_says_so(home: Path) -> None:
    fill_with(home, foreign_shapes.german_kwargs)
    for options in (("--fix",), ("--fix", "--json")):
        result = run("doctor", "-c", home, *options)
        assert isinstance(result.exception, ConfigurationError)
        assert "--yes" in str(result.exception)
    assert not (home / "rubrics").exists()


def test_fix_leaves_the_packaged_rubrics_alone(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("ASSAY_DATA_DIR", str(elsewhere / ".assay"))
    fill_with(elsewhere, foreign_shapes.german_kwargs)
    before = (packaged_root() / "rubrics" / "grounding.yaml").read_bytes()
    result = run("doctor", "--fix", "--yes")
    assert isinstance(result.exception, ConfigurationError)
    assert "assay init" in str(result.exception)
    assert (packaged_root() / "rubrics" / "grounding.yaml").read_bytes() == before


def test_fix_names_golden_sets_that_hold_the_version_before(home: Path) -> None:
    fill_with(home, foreign_shapes.german_kwargs)
    for name, rubric in (("mine", "grounding"), ("other", "tone")):
        (home / "golden_sets" / name).mkdir(parents=True)
        (home / "golden_sets" / name / "manifest.yaml").write_text(f"name: {name}\nrubric: {rubric}\n")
    written = examine(home, "--fix", "--yes")["fix (grounding)"]
    assert "assay golden freeze mine" in written["message"]
    assert "other" not in written["message"]


def test_preview_shows_what_is_at_the_places_that_were_looked_at(home: Path) -> None:
    fill_with(home, foreign_shapes.german_kwargs)
    shown = run("rubrics", "preview", "grounding", "--trace", "german_kwargs-0", "-c", home).stdout
    assert "no step of type tool; there are span kb_lookup, generation llm" in shown
    assert "no key contexts" in shown
    assert "→ sample.contexts: span[name=kb_lookup].output.zeilen[*].inhalt" in shown
    data = json.loads(run("rubrics", "preview", "grounding", "--trace", "german_kwargs-0", "-c", home, "--json").stdout)
    assert data["missing"]["contexts"]["looked_at"][0]["selector"] == "retriever.documents"
    assert data["missing"]["contexts"]["proposals"][0]["selector"].startswith("span[name=kb_lookup]")


def test_preview_says_why_an_answer_was_not_taken(home: Path) -> None:
    fill_with(home, decoy_shapes.labels_for_an_answer)
    shown = run("rubrics", "preview", "grounding", "--trace", "labels_for_an_answer-0", "-c", home).stdout
    answer = shown.partition("\nresponse")[2]
    assert "no answer" in answer
    assert "label: text, 14 characters: “refund request”" in answer
    assert "→" not in answer, "a label is not proposed as an answer"


def test_fix_writes_no_place_that_is_unsure_and_preview_shows_it_with_the_steps_nobody_looks_at(home: Path) -> None:
    fill_with(home, unknown_key)
    checks = examine(home, "--fix", "--yes")
    assert checks["answer (all, grounding)"]["details"]["plausible"][0]["selector"] == "root.output.res.speech_md"
    written = (home / "rubrics" / "grounding.yaml").read_text() if (home / "rubrics").exists() else ""
    assert "speech_md" not in written
    shown = run("rubrics", "preview", "grounding", "--trace", "unknown_key-0", "-c", home).stdout
    assert "unsure: look at root.output.res.speech_md: “Sie können die Ware 30 Tage lang" in shown
    evidence = shown.partition("\ncontexts")[2].partition("\nresponse")[0]
    assert "span stage-7, output  no selector leads there; an object with bundle" in evidence
    data = json.loads(run("rubrics", "preview", "grounding", "--trace", "unknown_key-0", "-c", home, "--json").stdout)
    assert data["missing"]["response"]["plausible"][0]["selector"] == "root.output.res.speech_md"
    assert data["missing"]["contexts"]["not_looked_at"][0]["selector"] == "span stage-7, output"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangfuseServer]:
    with LangfuseServer() as running:
        use(running, monkeypatch)
        yield running


def test_evidence_in_cut_metadata_of_a_remote_store_is_proposed_and_then_read_whole(
    home: Path, server: LangfuseServer
) -> None:
    """Metadata longer than 200 characters comes cut: doctor asks for it whole, and so do workers once it is named."""
    (home / "assay.yaml").write_text(f"store: {{kind: langfuse, plan: self-hosted}}\n{ONE_CASE}")
    for number, (trace, truth) in enumerate(traces_of(foreign_shapes.metadata_kb, datetime.now(UTC))):
        kb = [{"absatz": f"{passage} {'Dazu gibt es noch viel mehr zu sagen. ' * 5}"} for passage in truth.passages]
        common: dict[str, Any] = {"traceId": f"{number + 1:032x}", "environment": "production"}
        common["startTime"] = trace.root.start.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        server.project.add_observation(
            **common, id=f"{number + 1:016x}", type="SPAN", name="chat", isRootObservation=True,
            input=truth.question, output=truth.answer, metadata={"kb": json.dumps(kb, ensure_ascii=False)},
        )  # fmt: skip
    checks = examine(home, "--no-write")
    (line,) = checks["selectors (grounding)"]["details"]["proposals"]
    assert (line["selector"], line["before"], line["after"]) == ("root.metadata.kb[*].absatz", 0, 8)
    fixed = examine(home, "--no-write", "--fix", "--yes")
    assert "wrote" in fixed["fix (grounding)"]["message"]
    assert examine(home, "--no-write")["evidence (all, grounding)"]["details"]["share"] == 1.0
    shown = run("rubrics", "preview", "grounding", "--trace", f"{1:032x}", "-c", home).stdout
    assert "root.metadata.kb[0].absatz" in shown


def test_rubrics_that_look_at_the_same_places_are_told_once_and_fixed_each(home: Path) -> None:
    (home / "assay.yaml").write_text("use_cases: [{name: all, rubrics: [grounding, refusal, own]}]\n")
    (home / "rubrics").mkdir()
    (home / "rubrics" / "own.yaml").write_text("name: own  # a second one\nclosed_book: score\n")
    fill_with(home, foreign_shapes.german_kwargs)
    checks = examine(home)
    assert "evidence (all, grounding, own)" in checks
    assert "answer (all, grounding, refusal, own)" in checks
    assert [name for name in checks if name.startswith("selectors")] == ["selectors (grounding, own)"]
    fixed = examine(home, "--fix", "--yes")
    assert {name for name in fixed if name.startswith("fix")} == {"fix (grounding)", "fix (own)"}
    assert "# a second one" in (home / "rubrics" / "own.yaml").read_text()
    assert not (home / "rubrics" / "refusal.yaml").exists(), "it looks at no evidence"
