"""Golden runs: each item's way to passed, failed or missing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.golden.report.json_report import run_json
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult, read_run
from assay.worker.golden.runs.run import run_golden
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.targets import HttpTarget, RecordedTarget, TargetFailure, TargetResponse, target_for
from tests.unit.worker.golden.golden_sets import WrittenJudge, frozen_set, item, run_release

PASSED, FAILED, MISSING = ItemStatus.PASSED, ItemStatus.FAILED, ItemStatus.MISSING


def one(tmp_path: Path, response: str, judge: WrittenJudge | None = None, **changes: Any) -> ItemResult:
    """The result of a set with one item."""
    settings = changes.pop("manifest", {})
    golden = frozen_set(tmp_path / "one", [item("a", **changes)], releases={"r": {"a": response}}, **settings)
    (result,) = run_release(golden, "r", judge).items
    return result


@pytest.mark.parametrize(
    ("response", "status", "reason"),
    [
        ("risk=0.1", PASSED, ""),
        ("risk=0.5", PASSED, ""),
        ("risk=0.51", FAILED, "hallucination_risk 0.510, must be at most 0.5"),
        ("refuse", FAILED, "refusal where an answer is expected"),
        ("small talk", FAILED, "no_claims where an answer is expected"),
        ("silent", FAILED, "hallucination_risk not applicable: evidence_silent"),
        ("", FAILED, "empty response"),
        (" \n\u00a0", FAILED, "empty response"),
        ("<think>risk=0.1, what to say?</think>\n", FAILED, "reasoning and no answer"),
        ("<think>risk=0.1, cut off", FAILED, "reasoning and no answer"),
        ("fail", MISSING, "judge failed: ModelUnavailable: judge is down"),
        ("raise", MISSING, "judge failed: ModelUnavailable: connection refused"),
        ("skip:model_refused", MISSING, "judge skipped: model_refused"),
        ("skip:no_evidence", FAILED, "context lost"),
    ],
)
def test_an_answer_item_ends_as_it_should(tmp_path: Path, response: str, status: ItemStatus, reason: str) -> None:
    result = one(tmp_path, response)
    assert result.status is status
    assert reason in "; ".join(result.reasons)
    assert bool(result.reasons) is (status is not PASSED)


@pytest.mark.parametrize(
    ("response", "status"),
    [("refuse", PASSED), ("risk=0.1", FAILED), ("small talk", FAILED), ("fail", MISSING), ("", FAILED)],
)
def test_a_refusal_item_wants_a_refusal(tmp_path: Path, response: str, status: ItemStatus) -> None:
    assert one(tmp_path, response, expect="refusal").status is status


def test_an_item_without_an_answer_is_missing(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "two", [item("a"), item("b")], releases={"r": {"a": "risk=0.1"}})
    run = run_release(golden, "r")
    assert [result.status for result in run.items] == [PASSED, MISSING]
    assert run.items[1].reasons[0].startswith("target failed: missing")
    assert run.items[1].response is None
    assert run.completed == 1


def test_uncalibrated_risk_decides_nothing_unless_allowed(tmp_path: Path) -> None:
    judge = WrittenJudge(calibrated=False)
    refused = one(tmp_path / "x", "risk=0.1", judge)
    assert refused.status is MISSING
    assert "not calibrated" in refused.reasons[0]
    assert one(tmp_path / "y", "risk=0.9", judge).status is MISSING
    allowed = {"gate": {"allow_uncalibrated": True}}
    assert one(tmp_path / "z", "risk=0.1", judge, manifest=allowed).status is PASSED


def test_uncalibrated_risk_does_not_matter_to_other_scores(tmp_path: Path) -> None:
    by_groundedness = {"pass_when": {"groundedness": {"at_least": 0.7}}}
    assert one(tmp_path, "risk=0.1", WrittenJudge(calibrated=False), manifest=by_groundedness).status is PASSED


def test_every_threshold_must_hold(tmp_path: Path) -> None:
    both = {"pass_when": {"hallucination_risk": {"at_most": 0.5}, "groundedness": {"at_least": 0.7}}}
    result = one(tmp_path, "risk=0.4", manifest=both)
    assert result.reasons == ("groundedness 0.600, must be at least 0.7",)


@pytest.mark.parametrize(
    ("response", "status"),
    [("Über  DREI\nTage risk=0.1", PASSED), ("risk=0.1", FAILED), ("über drei Tage, guaranteed risk=0.1", FAILED)],
)
def test_wording_is_compared_without_case_and_spacing(tmp_path: Path, response: str, status: ItemStatus) -> None:
    result = one(tmp_path, response, must_include=["über drei tage"], must_not_include=["Guaranteed"])
    assert result.status is status


def test_words_in_the_reasoning_were_not_said(tmp_path: Path) -> None:
    wording: dict[str, Any] = {"must_include": ["cheese"], "must_not_include": ["rock"]}
    lacks = one(tmp_path / "x", "<think>cheese</think> risk=0.1", **wording)
    assert (lacks.status, lacks.reasons) == (FAILED, ("does not say 'cheese'",))
    assert one(tmp_path / "y", "<think>rock</think> cheese risk=0.1", **wording).status is PASSED


def test_wording_counts_on_refusals_too(tmp_path: Path) -> None:
    assert one(tmp_path, "refuse rudely", expect="refusal", must_not_include=["rudely"]).status is FAILED


class StubTarget:
    """Answers every item with the same contexts."""

    name = "stub"
    identity = "stub"

    def __init__(self, contexts: tuple[str, ...] | None) -> None:
        self.contexts = contexts

    async def respond(self, item: GoldenItem) -> TargetResponse:
        if item.id == "down":
            raise TargetFailure(item.id, "timeout", "too slow")
        return TargetResponse(response="risk=0.1", contexts=self.contexts)

    async def close(self) -> None:
        """Nothing is held."""


def _with_contexts(golden: GoldenSet, contexts: tuple[str, ...] | None, judge: WrittenJudge) -> ItemResult:
    (result,) = asyncio.run(run_golden(golden, StubTarget(contexts), judge, concurrency=1)).items
    return result


def test_evidence_comes_from_the_target_and_else_from_the_item(tmp_path: Path) -> None:
    golden, judge = frozen_set(tmp_path / "ctx", [item("a")]), WrittenJudge()
    assert _with_contexts(golden, ("From the target.",), judge).status is PASSED
    assert _with_contexts(golden, None, judge).status is PASSED
    assert [sample.contexts for sample in judge.samples] == [("From the target.",), ("The moon is rock.",)]


@pytest.mark.parametrize("contexts", [(), ("",), (" ", "\n")])
def test_evidence_the_target_lost_is_a_failure_without_asking_the_judge(
    tmp_path: Path, contexts: tuple[str, ...]
) -> None:
    golden, judge = frozen_set(tmp_path / "ctx", [item("a")]), WrittenJudge()
    result = _with_contexts(golden, contexts, judge)
    assert result.status is FAILED
    assert "context lost" in result.reasons[0]
    assert judge.samples == []


def test_no_evidence_anywhere_is_missing_and_no_verdict(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "ctx", [item("a", contexts=[])])
    result = _with_contexts(golden, None, WrittenJudge())
    assert result.status is MISSING
    assert "no evidence" in result.reasons[0]


def test_a_run_says_what_it_was_made_with(tmp_path: Path) -> None:
    golden = frozen_set(
        tmp_path / "set", [item("a", tags=["t"]), item("b")], releases={"r": {"a": "x", "b": "risk=0.9"}}
    )
    seen: list[str] = []
    run = run_release(golden, "r", on_item=lambda result: seen.append(result.id))
    assert sorted(seen) == ["a", "b"]
    assert (run.golden_set, run.target, run.revision) == ("set", "r", "rev-1")
    assert run.set_digest == golden.digest
    assert run.rubric_hash == golden.rubric.content_hash()
    assert run.started <= run.finished
    assert (run.usage.calls, run.usage.prompt_tokens) == (2, 200)
    assert run.cost_usd == pytest.approx(0.002)
    assert run.models_served == ("written-1",)
    assert run.items[1].worst_claim is not None
    assert run.items[0].worst_claim is None


def test_a_run_survives_being_written_and_read(tmp_path: Path) -> None:
    releases = {"r": {"a": "ok", "b": "fail", "c": "skip:too_long", "d": "refuse"}}
    run = run_release(frozen_set(tmp_path / "set", [item(name) for name in "abcde"], releases=releases), "r")
    text = run.model_dump_json()
    assert '"schema":2' in text
    assert GoldenRun.model_validate_json(text) == run


def test_a_run_file_is_read_again(tmp_path: Path) -> None:
    run = run_release(frozen_set(tmp_path / "set", [item("a"), item("b")], releases={"r": {"a": "ok"}}), "r")
    path = tmp_path / "run.json"
    path.write_text(run_json(run), encoding="utf-8")
    assert read_run(path) == run
    assert read_run(path).missing == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 1}', "null", "\x00"])
def test_a_file_that_is_no_run_is_an_input_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GoldenSetError, match=r"run\.json.*golden run --out"):
        read_run(path)
    with pytest.raises(GoldenSetError, match="cannot be read"):
        read_run(tmp_path / "gone.json")


def test_a_release_nobody_recorded_is_an_input_error(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "set", [item("a")], releases={"r": {"a": "ok"}})
    with pytest.raises(GoldenSetError, match="none is named; choose one of r"):
        target_for(golden)
    with pytest.raises(GoldenSetError, match=r"there is no .\.\./r."):
        target_for(golden, release="../r")


def test_variables_fill_the_address_and_a_missing_one_is_named(tmp_path: Path) -> None:
    spec = {"kind": "http", "url": "${BOT}/chat", "headers": {"X-Key": "${KEY}"}}
    golden = frozen_set(tmp_path / "set", [item("a")], target=spec, releases={"r": {"a": "ok"}})
    variables = {"BOT": SecretStr("http://bot.test"), "KEY": SecretStr("k3y-of-bot")}
    target = target_for(golden, lookup=variables.get)
    assert target.name == "http://bot.test/chat"
    asyncio.run(target.close())
    assert target_for(golden, release="r").name == "r"
    with pytest.raises(GoldenSetError, match=r"BOT\} has no value"):
        target_for(golden, lookup={"KEY": SecretStr("k3y-of-bot")}.get)
    with pytest.raises(GoldenSetError, match=r"headers.X-Key: a secret has at least 8 characters"):
        target_for(golden, lookup={"BOT": variables["BOT"], "KEY": SecretStr("k")}.get)


def test_a_variable_that_is_no_secret_is_none(tmp_path: Path) -> None:
    """Looked for in answers, a stage's name would be found in harmless text."""
    spec = {"kind": "http", "url": "https://${HOST}/t/${TENANT}/chat", "headers": {"X-Stage": "${STAGE}"}}
    golden = frozen_set(tmp_path / "set", [item("a")], target=spec, releases={"r": {"a": "ok"}})
    words = {"HOST": "bot.example", "TENANT": "tenant-0815", "STAGE": "production"}
    target = target_for(golden, lookup={name: SecretStr(value) for name, value in words.items()}.get)
    assert target.name == "https://bot.example/t/[removed]/chat"
    assert isinstance(target, HttpTarget)
    assert target._endpoint._secrets == ["tenant-0815"]
    asyncio.run(target.close())


def identities(tmp_path: Path, *specs: dict[str, Any]) -> list[str]:
    """What a journal knows each target by; `tmp_path` holds one set a target."""
    found = []
    for number, spec in enumerate(specs):
        golden = frozen_set(tmp_path / str(number), [item("a")], target=spec, releases={"r": {"a": "ok"}})
        target = target_for(golden, lookup={"OPENAI_API_KEY": SecretStr("a-long-enough-key")}.get)
        found.append(target.identity)
        asyncio.run(target.close())
    return found


def test_a_target_that_would_answer_otherwise_is_another_one(tmp_path: Path) -> None:
    """A resumed run must not take verdicts on answers that the target of today would not give."""
    http = {"kind": "http", "url": "http://bot.test/chat"}
    changes: list[dict[str, Any]] = [
        {},
        {"url": "http://bot.test/chat?version=2"},
        {"request": {"q": "{question}"}},
        {"response": "text"},
        {"headers": {"X-Version": "2"}},
    ]
    assert len(set(identities(tmp_path / "http", *({**http, **change} for change in changes)))) == len(changes)
    patient = identities(tmp_path / "patient", http, {**http, "timeout_s": 5, "retries": 0, "concurrency": 3})
    assert patient[0] == patient[1]
    python = {"kind": "python", "call": "json:dumps"}
    assert len(set(identities(tmp_path / "python", python, {**python, "call": "json:loads"}))) == 2


def test_a_release_recorded_anew_is_another_one(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "set", [item("a")], releases={"r": {"a": "ok"}})
    before = target_for(golden, release="r")
    golden.release_path("r").write_text('{"id": "a", "response": "something else"}\n', encoding="utf-8")
    after = target_for(golden, release="r")
    assert before.name == after.name == "r"
    assert before.identity != after.identity


def test_an_unknown_price_makes_the_cost_unknown_and_not_zero(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "set", [item("a")], releases={"r": {"a": "x"}})
    assert run_release(golden, "r", WrittenJudge(cost_usd=None)).cost_usd is None


def test_pass_rate_counts_completed_items_and_respects_sources(tmp_path: Path) -> None:
    items = [item(str(n), source_id=f"s{n // 10}") for n in range(40)]
    answers = {str(n): "risk=0.9" if n < 10 else "ok" for n in range(39)}
    run = run_release(frozen_set(tmp_path / "set", items, releases={"r": answers}), "r")
    rate = run.pass_rate()
    assert rate is not None
    assert (rate.n, rate.n_clusters) == (39, 4)
    assert rate.value == pytest.approx(29 / 39)
    assert rate.high - rate.low > 0.5


def test_pass_rate_of_nothing_is_not_estimable(tmp_path: Path) -> None:
    run = run_release(frozen_set(tmp_path / "set", [item("a")], releases={"r": {"a": "fail"}}), "r")
    assert run.pass_rate() is None


def test_no_more_items_are_in_flight_than_allowed(tmp_path: Path) -> None:
    items = [item(str(n)) for n in range(30)]
    judge = WrittenJudge()
    run_release(frozen_set(tmp_path / "set", items, releases={"r": {str(n): "ok" for n in range(30)}}), "r", judge)
    assert judge.most_in_flight <= 4


def test_a_misconfigured_judge_ends_the_run(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "set", [item("a"), item("b")], releases={"r": {"a": "ok", "b": "misconfigured"}})
    with pytest.raises(ConfigurationError, match="no such model"):
        run_release(golden, "r")


def test_a_bug_is_not_taken_for_a_missing_item(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "set", [item("a")], releases={"r": {"a": "crash"}})
    with pytest.raises(RuntimeError, match="a bug"):
        run_release(golden, "r")


def test_concurrency_must_be_positive(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "set", [item("a")], releases={"r": {"a": "x"}})
    target = RecordedTarget(golden.release_path("r"))
    with pytest.raises(ValueError, match="concurrency"):
        asyncio.run(run_golden(golden, target, WrittenJudge(), concurrency=0))


def test_a_target_that_is_down_leaves_every_item_missing(tmp_path: Path) -> None:
    spec = {"kind": "http", "url": "http://127.0.0.1:9/", "timeout_s": 2, "retries": 0}
    golden = frozen_set(tmp_path / "set", [item("a"), item("b")], target=spec)

    async def run() -> GoldenRun:
        settings = golden.manifest.target
        assert settings.kind == "http"
        target = HttpTarget(settings)
        try:
            return await run_golden(golden, target, WrittenJudge(), concurrency=2)
        finally:
            await target.close()

    assert asyncio.run(run()).count(MISSING) == 2
