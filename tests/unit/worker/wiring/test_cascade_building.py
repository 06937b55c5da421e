"""From rubric and settings to tiers: endpoints by name, egress of every destination, a calibration for each tier."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.judges.calibration import Calibration, risk_hash
from assay.judges.cascade import Cascade
from assay.judges.errors import ConfigurationError, RubricError
from assay.judges.panel import PanelJudge
from assay.judges.rubric import Rubric, parse_rubric
from assay.judges.schema import Scored
from assay.worker.batch.run import choose_rubric
from assay.worker.calibration.judged_labels import tier_to_calibrate
from assay.worker.config.calibration_sets import CalibrationSet, parse_calibration_set
from assay.worker.config.egress import check_egress, may_see
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.root import ConfigRoot, calibration_path
from assay.worker.config.settings import Settings, load_settings
from assay.worker.config.use_cases import UseCase
from assay.worker.wiring.judges import build_evaluator, build_judges, load_calibrations
from assay.worker.wiring.runtime import Runtime
from tests.builders import make_sample
from tests.servers.openai_server import OpenAIServer
from tests.unit.judges.calibrations import make_calibration

JUDGE: dict[str, Any] = {
    "tiers": ["local", "llm", "panel"],
    "llm": {"model": "m"},
    "panel": {"models": ["a", {"model": "b", "endpoint": "in-house"}]},
}


def make_rubric(**judge: Any) -> Rubric:
    return parse_rubric(yaml.safe_dump({"name": "r", "judge": {**JUDGE, **judge}}), source="rubrics/r.yaml")


@pytest.fixture
def root(tmp_path: Path) -> ConfigRoot:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot, rubrics: [r]}]\n")
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "r.yaml").write_text(yaml.safe_dump({"name": "r", "judge": JUDGE}))
    return ConfigRoot(path=tmp_path)


@pytest.fixture
def endpoints(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The usual endpoint and one named `in-house`."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_URL", "http://127.0.0.1:8/v1")
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", "sk-in-house-key")
    return load_settings()


@pytest.mark.parametrize(
    ("judge", "expected"),
    [
        ({"tiers": ["llm", "local"]}, "judge: tiers must stand in the order local, decision, llm, panel"),
        ({"tiers": ["local", "local"]}, "judge: tiers must stand in the order"),
        ({"tiers": ["panel"], "panel": None}, "judge: tiers name `panel`; add `panel: {models: [...]}`"),
        ({"panel": {"models": ["a"]}}, "judge.panel.models: has 1, too few; write at least 2"),
        ({"panel": {"models": ["a", {"model": "a", "endpoint": "x"}]}}, "judge.panel: a model sits on the panel twice"),
        ({"llm": {"model": "m", "endpoint": "panel"}}, "judge.llm.endpoint: `panel` names a judge"),
        ({"escalate_when": {"risk_between": [0.9, 0.1]}}, "the second number lies below the first"),
        ({"escalate_when": {"states": ["tired"]}}, "judge.escalate_when.states.0: 'tired' is unknown;"),
        ({"audit_share": 1.5}, "judge.audit_share: "),
        ({"on_failure": "pretend"}, "judge.on_failure: "),
    ],
)
def test_broken_cascade_names_key_and_remedy(judge: dict[str, Any], expected: str) -> None:
    with pytest.raises(RubricError) as caught:
        make_rubric(**judge)
    assert str(caught.value).startswith("rubrics/r.yaml: ")
    assert expected in str(caught.value)


def test_rubric_reads_back_from_its_canonical_content() -> None:
    rubric = make_rubric()
    again = parse_rubric(rubric.content(), source="published")
    assert (again, again.content_hash()) == (rubric, rubric.content_hash())


def test_tiers_are_built_at_their_endpoints(root: ConfigRoot, endpoints: Settings) -> None:
    evaluator = build_evaluator(make_rubric(), root, endpoints)
    assert isinstance(evaluator.judge, Cascade)
    assert [judge.name for judge in evaluator.judge.judges] == ["local", "llm", "panel"]
    assert isinstance(evaluator.judge.judges[2], PanelJudge)
    alone = build_evaluator(make_rubric(), root, endpoints, tier="llm")
    assert alone.judge.name == "llm"
    assert alone.revision != evaluator.revision
    asyncio.run(evaluator.judge.close())
    asyncio.run(alone.judge.close())


def test_endpoint_that_is_not_configured_is_named(endpoints: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAY_ENDPOINT_IN_HOUSE_URL")
    with pytest.raises(ConfigurationError, match=r"judge\.panel: no endpoint for b; set ASSAY_ENDPOINT_IN_HOUSE_URL"):
        build_judges(make_rubric(), endpoints)
    with pytest.raises(ConfigurationError, match=r"judge\.llm: no endpoint for m; set OPENAI_API_KEY"):
        build_judges(make_rubric(), Settings(openai_base_url=""))


def test_keys_of_endpoints_are_shown_to_no_rubric(endpoints: Settings) -> None:
    assert "sk-in-house-key" not in str(endpoints.rubric_variables())
    endpoint = endpoints.endpoint_variables("in-house")
    assert "sk-in-house-key" not in repr(endpoint)
    assert endpoint.key is not None
    assert endpoint.key.get_secret_value() == "sk-in-house-key"
    asks = "name: r\ndescription: ${ASSAY_ENDPOINT_IN_HOUSE_KEY}"
    with pytest.raises(RubricError, match="has no value"):
        parse_rubric(asks, source="r", variables=endpoints.rubric_variables())


def test_members_of_a_panel_are_called_at_their_own_endpoints(
    root: ConfigRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer() as usual, OpenAIServer(api_key="k2") as in_house:
        monkeypatch.setenv("OPENAI_BASE_URL", usual.url)
        monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_URL", in_house.url)
        monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", "k2")
        evaluator = build_evaluator(make_rubric(), root, load_settings(), tier="panel")

        async def judge() -> object:
            try:
                return await evaluator.evaluate(make_sample())
            finally:
                await evaluator.judge.close()

        outcome = asyncio.run(judge())
    assert isinstance(outcome, Scored)
    assert outcome.verdict is not None
    assert [request.body["model"] for request in usual.requests] == ["a"]
    assert [request.body["model"] for request in in_house.requests] == ["b"]
    assert outcome.verdict.model_served == "a-2026-01-01, b-2026-01-01"
    assert outcome.verdict.usage.calls == 2


@pytest.mark.parametrize(
    ("allowed", "outside"),
    [
        (("local", "llm", "panel", "in-house"), ""),
        (("local", "llm", "panel"), "'in-house'"),
        (("local", "llm", "in-house"), "'panel'"),
        (("local",), "'in-house', 'llm', 'panel'"),
        ((), "'in-house', 'llm', 'local', 'panel'"),
    ],
)
def test_every_destination_of_a_cascade_must_be_allowed(
    allowed: tuple[str, ...], outside: str, root: ConfigRoot
) -> None:
    case = UseCase(name="bot", judges_allowed=allowed)
    deployment = root.deployment().model_copy(update={"use_cases": (case,)})
    assert may_see(deployment, "bot", make_rubric()) is not bool(outside)
    if not outside:
        check_egress(case, make_rubric())
        return
    with pytest.raises(ConfigurationError, match=f"judged by {outside}, which is not allowed"):
        check_egress(case, make_rubric())


def test_models_at_a_named_endpoint_go_by_its_name_alone() -> None:
    in_house = {"model": "m", "endpoint": "in-house"}
    rubric = make_rubric(tiers=["local", "llm"], llm=in_house)
    check_egress(UseCase(name="a", judges_allowed=("local", "in-house")), rubric)
    with pytest.raises(ConfigurationError, match="'in-house'"):
        check_egress(UseCase(name="a", judges_allowed=("local", "llm")), rubric)


def test_high_stakes_with_a_rubric_that_escalates_only_where_unsure_is_said(caplog: pytest.LogCaptureFixture) -> None:
    case = UseCase(name="contracts", stakes="high")
    with caplog.at_level(logging.WARNING):
        check_egress(case, make_rubric(stakes="high"))
        check_egress(UseCase(name="bot"), make_rubric())
        assert not caplog.records
        check_egress(case, make_rubric())
    assert "use_cases.contracts.stakes" in caplog.records[0].getMessage()


# Calibration


def write_calibration(root: ConfigRoot, rubric: Rubric, judge: str, fingerprint: str) -> Calibration:
    made = make_calibration(
        rubric="r", rubric_hash=risk_hash(rubric, judge), judge=judge, judge_fingerprint=fingerprint
    )
    path = calibration_path(root.path, "r", judge)
    path.parent.mkdir(exist_ok=True)
    path.write_text(made.model_dump_json())
    return made


def test_each_tier_finds_its_own_file_and_messages_name_them_together(root: ConfigRoot, endpoints: Settings) -> None:
    rubric = make_rubric()
    local, llm, panel = build_judges(rubric, endpoints)
    plain = build_evaluator(rubric, root, endpoints)
    made = [write_calibration(root, rubric, judge.name, judge.fingerprint) for judge in (local, panel)]
    evaluator = build_evaluator(rubric, root, endpoints)
    assert evaluator.revision != plain.revision
    (found,) = load_calibrations(root, [rubric], endpoints).values()
    assert found == CalibrationSet.of(reversed(made))
    assert parse_calibration_set(found.content(), source="x") == found

    class Published:
        async def put(self, digest: str, content: str) -> None:
            raise AssertionError("only a sweep publishes")

        async def get(self, digest: str) -> str | None:
            return {found.content_hash(): found.content()}.get(digest)

    async def ask() -> None:
        runtime = Runtime(endpoints, root, redis_url="redis://127.0.0.1:1/0")
        runtime.state = replace(runtime.state, documents=Published())
        named = await runtime.evaluator(rubric.content_hash(), found.content_hash())
        unnamed = await runtime.evaluator(rubric.content_hash())
        assert named is not None
        assert unnamed is not None
        assert (named.revision, unnamed.revision) == (evaluator.revision, plain.revision)
        await runtime.close()
        for judge in (local, llm, panel):
            await judge.close()

    asyncio.run(ask())


def test_document_that_is_no_set_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="calibrations: missing"):
        parse_calibration_set(json.dumps({"v": 1}), source="calibration abc")


def test_calibrating_a_cascade_asks_fortier_to_calibrate(root: ConfigRoot) -> None:
    rubric = make_rubric()
    with pytest.raises(ConfigurationError, match=r"names local, llm, panel; choose one with --judge"):
        tier_to_calibrate(rubric, None)
    assert tier_to_calibrate(rubric, "panel") == "panel"
    assert tier_to_calibrate(make_rubric(tiers=["llm"]), None) == "llm"
    assert choose_rubric(root, {}, rubric="r", judge="panel").name == "r"
    with pytest.raises(ConfigurationError, match=r"names local, --judge says 'llm'"):
        choose_rubric(root, {}, rubric="grounding", judge="llm")


def test_window_of_an_endpoint_shapes_the_judge_and_its_fingerprint(root: ConfigRoot, endpoints: Settings) -> None:
    plain, *_ = (judge.fingerprint for judge in build_judges(make_rubric(tiers=["llm"]), endpoints))
    (root.path / "endpoints.yaml").write_text("default: {context_window: 16384}\n")
    files = read_judge_files(root, endpoints)
    smaller, *_ = (judge.fingerprint for judge in build_judges(make_rubric(tiers=["llm"]), endpoints, files=files))
    assert smaller != plain
    (root.path / "endpoints.yaml").write_text("default: {context_window: 2048}\n")
    with pytest.raises(ConfigurationError, match=r"rubric r: judge\.llm: context_window 2,048 .* too small"):
        build_judges(make_rubric(tiers=["llm"]), endpoints, files=read_judge_files(root, endpoints))


@pytest.mark.parametrize(("protocol", "tier"), [("systemone", "llm"), ("openai", "decision")])
def test_tier_at_an_endpoint_that_speaks_otherwise_is_refused(
    root: ConfigRoot, endpoints: Settings, protocol: str, tier: str
) -> None:
    (root.path / "endpoints.yaml").write_text(f"in-house: {{protocol: {protocol}}}\n")
    rubric = make_rubric(tiers=[tier], **{tier: {"model": "m", "endpoint": "in-house"}})
    with pytest.raises(
        ConfigurationError, match=rf"judge\.{tier}: endpoint in-house speaks {protocol}; set its protocol"
    ):
        build_judges(rubric, endpoints, files=read_judge_files(root, endpoints))
