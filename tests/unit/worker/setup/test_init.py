"""`assay init`: what it writes for what it finds; any name it meets becomes a pattern that matches it alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from assay.judges.errors import ConfigurationError
from assay.worker.cli.commands import app
from assay.worker.config.deployment import Deployment
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.config.store_section import own_section
from assay.worker.flow.selection import matching_use_cases
from assay.worker.setup.found_stores import found_stores
from assay.worker.setup.init import Beginning, first_config
from assay.worker.setup.traffic import Stream, Traffic
from assay.worker.stores.langfuse.factory import LangfuseSection
from tests.builders import make_root
from tests.examples import examples
from tests.servers.langfuse import LangfuseServer, LangfuseSettings

NOTHING_SET = Settings()


def init(home: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["init", str(home), *options])
    if isinstance(result.exception, ConfigurationError):
        return 2, str(result.exception)
    return result.exit_code, result.stdout


def use(server: LangfuseServer, monkeypatch: pytest.MonkeyPatch, **over: str) -> None:
    keys = {
        "LANGFUSE_BASE_URL": server.url,
        "LANGFUSE_PUBLIC_KEY": server.public_key,
        "LANGFUSE_SECRET_KEY": server.secret_key,
    }
    for name, value in {**keys, **over}.items():
        monkeypatch.setenv(name, value)


def parsed(beginning: Beginning) -> Deployment:
    return Deployment.model_validate(yaml.safe_load(first_config([beginning], NOTHING_SET)))


def test_init_writes_a_use_case_for_each_application_it_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LangfuseServer() as server:
        use(server, monkeypatch)
        server.project.add_synthetic(400, start_ms=int(time.time() * 1000) - 3_000_000, span_ms=2_000_000)
        code, said = init(tmp_path)
    assert code == 0, said
    assert "assay doctor" in said
    deployment = ConfigRoot(path=tmp_path).deployment()
    assert own_section(deployment.store) == LangfuseSection(plan="self-hosted")
    assert "support-chat" in {case.name for case in deployment.use_cases}
    assert deployment.use_cases[-1].name == "everything-else"
    assert all(case.match.environment == ("production",) for case in deployment.use_cases)
    text = (tmp_path / "assay.yaml").read_text()
    assert "a day" in text
    assert (tmp_path / ".assay" / "assay.schema.json").exists()


def test_init_never_overwrites_unless_told(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text("mine")
    code, said = init(tmp_path)
    assert code == 2
    assert "--force" in said
    assert (tmp_path / "assay.yaml").read_text() == "mine"
    assert init(tmp_path, "--force")[0] == 0
    assert ConfigRoot(path=tmp_path).deployment().store.kind == "sqlite"


def test_init_writes_a_configuration_even_where_the_server_is_away_or_refuses_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LangfuseServer() as server:
        use(server, monkeypatch, LANGFUSE_SECRET_KEY="wrong")
        assert "LANGFUSE_SECRET_KEY" in init(tmp_path)[1]
        use(server, monkeypatch, LANGFUSE_BASE_URL="http://127.0.0.1:9")
        code, said = init(tmp_path, "--force")
    assert code == 0
    assert "could not be looked at" in said
    deployment = ConfigRoot(path=tmp_path).deployment()
    assert deployment.store.kind == "langfuse"
    assert [case.name for case in deployment.use_cases] == ["everything"]


@pytest.mark.parametrize("settings", [LangfuseSettings(), LangfuseSettings(generation="dual")])
def test_init_gives_late_traces_half_an_hour_on_every_langfuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: LangfuseSettings
) -> None:
    with LangfuseServer(settings) as server:
        use(server, monkeypatch)
        assert init(tmp_path)[0] == 0
    assert ConfigRoot(path=tmp_path).deployment().late_seconds == 1800


def test_init_says_which_of_two_keys_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "pk-lf-1")
    code, said = init(tmp_path)
    assert code == 2
    assert "LANGFUSE_SECRET_KEY: not set" in said
    with pytest.raises(ConfigurationError, match="LANGFUSE_SECRET_KEY"):
        found_stores()


def test_init_lists_all_stores_that_have_keys_and_looks_at_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONEYCOMB_API_KEY", "secret-of-honeycomb")
    monkeypatch.setenv("OPIK_URL_OVERRIDE", "http://127.0.0.1:9/api")
    with LangfuseServer() as server:
        use(server, monkeypatch)
        server.project.add_synthetic(400, start_ms=int(time.time() * 1000) - 3_000_000, span_ms=2_000_000)
        code, said = init(tmp_path)
    assert code == 0, said
    assert "Langfuse (LANGFUSE_PUBLIC_KEY" in said
    assert "opik: could not be looked at" in said
    assert "--store KIND" in said
    deployment = ConfigRoot(path=tmp_path).deployment()
    assert [(place.name, place.config.kind) for place in deployment.places] == [
        ("langfuse", "langfuse"), ("opik", "opik"), ("honeycomb", "honeycomb")
    ]  # fmt: skip
    assert {case.store for case in deployment.use_cases} == {"langfuse", "opik"}
    assert {case.copies_to for case in deployment.use_cases} == {("honeycomb",)}
    assert {case.name for case in deployment.use_cases} >= {"support-chat", "langfuse-everything-else"}
    assert [case.name for case in deployment.use_cases if case.store == "opik"] == ["opik-everything"]
    text = (tmp_path / "assay.yaml").read_text()
    assert "secret-of-honeycomb" not in text + said
    assert "late_seconds: 1800" in text


def test_init_takes_the_store_that_is_named_whatever_keys_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "pk-lf-1")
    monkeypatch.setenv("OPIK_URL_OVERRIDE", "http://127.0.0.1:9/api")
    assert init(tmp_path, "--store", "phoenix")[0] == 0
    assert ConfigRoot(path=tmp_path).deployment().store.kind == "phoenix"
    code, said = init(tmp_path, "--force", "--store", "datadog", "--store", "otlp")
    assert code == 0
    assert "could not be looked at: environment: DD_API_KEY" in said
    deployment = ConfigRoot(path=tmp_path).deployment()
    assert [place.name for place in deployment.places] == ["datadog", "otlp"]
    assert [case.copies_to for case in deployment.use_cases] == [("otlp",)]


@pytest.mark.parametrize(
    ("kind", "expected"), [("lanfuse", "did you mean 'langfuse'"), ("honeycomb", "honeycomb gives no traces")]
)
def test_init_refuses_a_kind_that_cannot_be_a_store(tmp_path: Path, kind: str, expected: str) -> None:
    code, said = init(tmp_path, "--store", kind)
    assert code == 2
    assert expected in said
    assert not (tmp_path / "assay.yaml").exists()


def test_init_leaves_out_a_store_with_half_its_keys_where_another_has_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "pk-lf-1")
    monkeypatch.setenv("OPIK_URL_OVERRIDE", "http://127.0.0.1:9/api")
    code, said = init(tmp_path)
    assert code == 0
    assert "left out: environment: LANGFUSE_SECRET_KEY: not set" in said
    assert ConfigRoot(path=tmp_path).deployment().store.kind == "opik"


def test_init_proposes_copies_beside_the_embedded_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_RESULTS_OTLP_ENDPOINT", "http://collector:4318")
    assert init(tmp_path)[0] == 0
    deployment = ConfigRoot(path=tmp_path).deployment()
    assert [place.config.kind for place in deployment.places] == ["sqlite", "otlp"]
    assert deployment.use_cases[0].copies_to == ("otlp",)


def test_init_makes_a_data_directory_that_nobody_else_may_read(tmp_path: Path) -> None:
    assert init(tmp_path / "new")[0] == 0
    assert (tmp_path / "new" / ".assay").stat().st_mode & 0o077 == 0


def test_help_of_init_is_short_enough_to_read() -> None:
    shown = CliRunner().invoke(app, ["init", "--help"]).output
    assert "LANGFUSE_SECRET_KEY" not in shown
    assert len(shown.splitlines()) < 40


def test_one_application_needs_no_use_case_of_its_own_and_rare_names_get_none() -> None:
    one = parsed(Beginning(kind="sqlite", traffic=_traffic(("bot", 50))))
    assert [case.name for case in one.use_cases] == ["everything"]
    many = parsed(Beginning(kind="sqlite", traffic=_traffic(*((f"bot {n}", 100 - n) for n in range(30)), ("rare", 1))))
    assert len(many.use_cases) == 9
    assert "rare" not in {case.name for case in many.use_cases}


def test_environments_other_than_production_are_named_and_left_out() -> None:
    streams = (Stream(environment="production", name="a", traces=5), Stream(environment="staging", name="a", traces=9))
    text = first_config([Beginning(kind="sqlite", traffic=Traffic(streams=streams, hours=24))], NOTHING_SET)
    assert "Not judged: traces in staging" in text
    only = (Stream(environment="default", name="a", traces=5),)
    assert (
        parsed(Beginning(kind="sqlite", traffic=Traffic(streams=only, hours=24))).use_cases[0].match.environment == ()
    )


@settings(max_examples=examples(60))
@given(st.lists(st.text(min_size=1, max_size=40), min_size=2, max_size=6, unique=True))
def test_any_name_becomes_a_pattern_that_matches_it_and_no_other(names: list[str]) -> None:
    deployment = parsed(Beginning(kind="sqlite", traffic=_traffic(*((name, 10) for name in names), environment="prod")))
    found = [matching_use_cases(make_root("t", name=name, environment="prod"), deployment)[0].name for name in names]
    assert len(set(found)) == len(names)
    assert "everything-else" not in found
    other = make_root("t", name="".join(names) + "x", environment="prod")
    assert matching_use_cases(other, deployment)[0].name == "everything-else"


def _traffic(*counts: tuple[str, int], environment: str = "production") -> Traffic:
    streams = tuple(Stream(environment=environment, name=name, traces=n) for name, n in counts)
    return Traffic(streams=streams, hours=24)
