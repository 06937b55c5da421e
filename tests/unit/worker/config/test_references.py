"""Names in assay.yaml that stand for a rubric or a judge: refused with file, line, key and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError, RubricError
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.wiring.judges import load_rubrics


def refused(home: Path, text: str) -> str:
    """What loading this assay.yaml is refused with, without the path of the file."""
    path = home / "assay.yaml"
    path.write_text(text)
    root = ConfigRoot(path=home)
    with pytest.raises(ConfigurationError) as caught:
        load_rubrics(root, root.deployment(), Settings())
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "use_cases:\n  - name: a\n    rubrics:\n      - grounding\n      - groundng\n",
            "line 5: use_cases.a.rubrics: rubric 'groundng': unknown; did you mean 'grounding'?",
        ),
        (
            "defaults:\n  rubrics: [../rubrics/grounding]\nuse_cases: [{name: a}]\n",
            "line 2: defaults.rubrics: rubric '../rubrics/grounding': unknown; ",
        ),
        ("use_cases:\n- {name: a}\n- {name: b, rubrics: ['']}\n", "line 3: use_cases.b.rubrics: rubric '': unknown"),
        (
            "use_cases:\n  - name: a\n    judges_allowed: [llm,\n      lokal]\n",
            "line 4: use_cases.a.judges_allowed: rubric 'grounding' is judged by 'local', which is not allowed here; "
            "did you mean 'local' by 'lokal'?",
        ),
        (
            "use_cases:\n  - name: a\n    judges_allowed: []\n",
            "line 3: use_cases.a.judges_allowed: rubric 'grounding' is judged by 'local', which is not allowed here; "
            "allow it or choose another rubric",
        ),
        (
            "use_cases:\n  - name: a\n    judges_allowed: [llm]\n",
            "line 3: use_cases.a.judges_allowed: rubric 'grounding' is judged by 'local', which is not allowed here; "
            "allow it or choose another rubric",
        ),
    ],
)
def test_message_names_line_key_and_what_was_meant(tmp_path: Path, text: str, expected: str) -> None:
    assert refused(tmp_path, text).startswith(expected)


def test_typo_in_a_rubric_is_not_put_into_the_allowed_judges(tmp_path: Path) -> None:
    """The endpoint that is described is the one that is meant, wherever the other name stands."""
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "r.yaml").write_text("name: r\njudge: {tiers: [llm], llm: {model: m, endpoint: inhouse}}\n")
    use_cases = "use_cases: [{name: a, rubrics: [r], judges_allowed: [in-house]}]\n"
    assert "did you mean 'inhouse' by 'in-house'?" in refused(tmp_path, use_cases)
    (tmp_path / "endpoints.yaml").write_text("in-house: {url: 'http://h'}\n")
    assert "did you mean 'in-house' by 'inhouse' in the rubric?" in refused(tmp_path, use_cases)
    (tmp_path / "endpoints.yaml").unlink()
    described = "endpoints: {in-house: {url: 'http://h'}}\n"
    assert "did you mean 'in-house' by 'inhouse' in the rubric?" in refused(tmp_path, use_cases + described)


def test_endpoint_of_the_environment_is_meant_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_URL", "http://127.0.0.1:9/v1")
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "r.yaml").write_text("name: r\njudge: {tiers: [llm], llm: {model: m, endpoint: inhouse}}\n")
    use_cases = "use_cases: [{name: a, rubrics: [r], judges_allowed: [in-house]}]\n"
    assert "did you mean 'in-house' by 'inhouse' in the rubric?" in refused(tmp_path, use_cases)


def test_unused_default_is_no_error_and_allowed_judges_may_be_more_than_are_asked(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text(
        "defaults: {rubrics: [later]}\nuse_cases: [{name: a, rubrics: [grounding], judges_allowed: [local, in-house]}]"
    )
    root = ConfigRoot(path=tmp_path)
    assert set(load_rubrics(root, root.deployment(), Settings())) == {"grounding"}


def test_a_name_never_leads_out_of_the_rubrics_directory(tmp_path: Path) -> None:
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "other.yaml").write_text("name: other\n")
    with pytest.raises(RubricError, match="unknown"):
        ConfigRoot(path=tmp_path).rubric("../other", {})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("use_cases: [{name: a, rate: yes}]", "use_cases.a.rate"),
        ("defaults: {min_per_day: on}\nuse_cases: [{name: a}]", "defaults.min_per_day"),
        ("use_cases: [{name: a}]\ndefaults: {low_traffic: {below_per_day: off}}", "defaults.low_traffic.below_per_day"),
        ("store: {read_lag_seconds: true}\nuse_cases: [{name: a}]", "store.read_lag_seconds"),
        ("window_seconds: true\nuse_cases: [{name: a}]", "window_seconds"),
    ],
)
def test_yes_is_no_number(tmp_path: Path, text: str, key: str) -> None:
    (tmp_path / "assay.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=rf"line \d: {key}: (true|false) is no number"):
        ConfigRoot(path=tmp_path).deployment()


def test_yes_stays_what_it_is_where_a_truth_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text(
        "use_cases: [{name: a, rate: 0.9, allow_rate: yes, match: {metadata: {beta: yes}}}]"
    )
    case = ConfigRoot(path=tmp_path).deployment().use_cases[0]
    assert case.allow_rate
    assert case.match.metadata == {"beta": True}
