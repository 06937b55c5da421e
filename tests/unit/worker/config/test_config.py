"""assay.yaml and settings: every mistake is one line that names file, key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.egress import check_egress
from assay.worker.config.root import ConfigRoot, find_root, packaged_root
from assay.worker.config.settings import Settings, load_settings
from assay.worker.wiring.judges import load_rubrics


def write(tmp_path: Path, text: str) -> ConfigRoot:
    (tmp_path / "assay.yaml").write_text(text, encoding="utf-8")
    return ConfigRoot(path=tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use_cases: []", "use_cases: "),
        ("use_cases: [{name: a, rte: 0.1}]", "use_cases.a.rte: unknown key"),
        ("use_cases: [{match: {}}]", "use_cases.0.name: missing; add it"),
        ("use_cases: [{name: a, rate: 0.9}]", "allow_rate: true"),
        ("use_cases: [{name: a}, {name: a}]", "must be unique: a"),
        ("use_cases: [{name: a, rate: ten}]", "use_cases.a.rate"),
        ("store: {kind: mongo}\nuse_cases: [{name: a}]", "store.kind"),
        ("use_cases: [{name: a", "line 1"),
        ("", "use_cases: must hold at least one use case"),
        ("- a", "must hold keys"),
        ("defaults: {rate: 1.0}\nuse_cases: [{name: a}]", "defaults.rate"),
        ("use_cases: [{name: a, stakes: high, rate: 0.05}]", "low for high stakes"),
        ("window_seconds: 3500\nuse_cases: [{name: a}]", "does not divide a day"),
        ("defaults: {quiet_seconds: 3600}\nuse_cases: [{name: a}]", "late_seconds"),
        ("use_cases: [{name: a, rate: 0.1, rate: 0.2}]", "key 'rate' stands twice"),
    ],
)
def test_broken_configuration_names_file_key_and_remedy(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        write(tmp_path, text).deployment()
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "assay.yaml"))
    assert expected in message
    assert "\n" not in message


def test_rates_outside_the_usual_are_allowed_when_meant(tmp_path: Path) -> None:
    deployment = write(tmp_path, "use_cases: [{name: a, rate: 1.0, allow_rate: true}]").deployment()
    assert deployment.use_cases[0].rate == 1.0


def test_unknown_rubric_says_which_are_known(tmp_path: Path) -> None:
    root = write(tmp_path, "use_cases: [{name: a, rubrics: [nope]}]")
    with pytest.raises(ConfigurationError, match=r"nope.*known rubrics: .*grounding"):
        load_rubrics(root, root.deployment(), Settings())


def test_judge_that_a_use_case_forbids_is_refused_at_start(tmp_path: Path) -> None:
    root = write(tmp_path, "use_cases: [{name: a, judges_allowed: [llm]}]")
    with pytest.raises(ConfigurationError, match="judges_allowed"):
        load_rubrics(root, root.deployment(), Settings())


def test_allowed_judge_passes_the_egress_check(tmp_path: Path) -> None:
    root = write(tmp_path, "use_cases: [{name: a, judges_allowed: [local]}]")
    case = root.deployment().use_cases[0]
    check_egress(case, root.rubric("grounding", {}))


def test_team_rubric_stands_before_the_packaged_one(tmp_path: Path) -> None:
    root = write(tmp_path, "use_cases: [{name: a}]")
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "grounding.yaml").write_text("name: grounding\ndescription: ours\n")
    assert root.rubric("grounding", {}).description == "ours"


def test_named_root_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--config"):
        find_root(tmp_path, Settings())
    with pytest.raises(ConfigurationError, match="ASSAY_CONFIG_DIR"):
        find_root(None, Settings(config_dir=tmp_path))


def test_root_is_the_current_directory_before_the_packaged_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_root(None, Settings()).path == packaged_root()
    write(tmp_path, "use_cases: [{name: a}]")
    assert find_root(None, Settings()).path == tmp_path


def test_packaged_defaults_are_whole() -> None:
    root = ConfigRoot(path=packaged_root())
    assert load_rubrics(root, root.deployment(), Settings())


def test_wrong_setting_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_WORKER_THREADS", "many")
    with pytest.raises(ConfigurationError, match="ASSAY_WORKER_THREADS"):
        load_settings()


def test_secrets_are_not_shown_and_not_given_to_rubrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_REDIS_URL", "redis://:hush-hush@host/0")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hush-hush")
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", "sk-lf-hush-hush")
    settings = load_settings()
    assert "hush-hush" not in repr(settings)
    assert not any("hush-hush" in value for value in settings.rubric_variables().values())


def test_settings_survive_the_way_to_a_child_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSAY_REDIS_URL", "redis://:pw@host:1/0")
    settings = load_settings().model_copy(update={"verify_every_s": 2.5, "data_dir": tmp_path})
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_empty_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("ASSAY_REDIS_URL", "")
    assert not load_settings().has_llm
    assert load_settings().redis_url is None


def test_misspelt_setting_is_refused_and_the_teams_own_variables_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_SUPPORT_BOT_URL", "http://bot")
    assert load_settings().rubric_variables()["ASSAY_SUPPORT_BOT_URL"] == "http://bot"
    monkeypatch.setenv("ASSAY_REDIS_ULR", "redis://h/0")
    with pytest.raises(ConfigurationError, match="did you mean ASSAY_REDIS_URL"):
        load_settings()


def test_deadline_that_never_comes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_BATCH_DEADLINE_S", "inf")
    with pytest.raises(ConfigurationError, match="ASSAY_BATCH_DEADLINE_S"):
        load_settings()
