"""Profiles: keys that are written once, and three hundred use cases in three hundred short lines."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.judges.redaction.policy import KINDS, Redaction
from assay.worker.config.deployment import Deployment, parse_deployment
from assay.worker.config.redaction import redaction_of, strictest
from assay.worker.config.shown_use_cases import never_reached, shown_use_case
from assay.worker.config.use_cases import Policy
from assay.worker.flow.selection import first_match
from tests.builders import make_root

PROFILE = "profiles:\n  rag: {match: {environment: [production]}, rate: 0.2, redact: [email, phone]}\n"


def read(text: str, folder: Path) -> Deployment:
    path = folder / "assay.yaml"
    path.write_text(text)
    return parse_deployment(path)


def test_use_case_has_the_keys_of_its_profile_where_it_does_not_say(tmp_path: Path) -> None:
    text = "use_cases:\n  - {name: a, profile: rag, rate: 0.1, match: {trace_name: [a]}}\n  - {name: b, profile: rag}\n"
    a, b = read(PROFILE + text, tmp_path).use_cases
    assert (a.rate, a.redact, a.profile) == (0.1, ("email", "phone"), "rag")
    assert (a.match.environment, a.match.trace_name) == (("production",), ("a",)), "each key of match has its own"
    assert (b.rate, b.match.environment) == (0.2, ("production",))


def test_names_make_use_cases_in_their_order_after_those_that_are_written_out(tmp_path: Path) -> None:
    text = (
        "use_cases_from:\n  - {profile: rag, by: tags_any, names: [legal, tax]}\n"
        "  - {profile: rag, names: {billing: 'Billing *'}}\nuse_cases: [{name: first, match: {level: [ERROR]}}]\n"
    )
    cases = read(PROFILE + text, tmp_path).use_cases
    assert [case.name for case in cases] == ["first", "legal", "tax", "billing"]
    assert cases[1].match.tags_any == ("legal",)
    assert cases[3].match.trace_name == ("Billing *",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "use_cases:\n  - {name: a, profile: rga}\n",
            "line 4: use_cases.a.profile: 'rga' is unknown; did you mean 'rag'?",
        ),
        ("use_cases:\n  - {name: a, profile: rag, stakes: high, rate: 0.1}\n", "line 4: use_cases.a.rate: 0.1 is low"),
        ("use_cases_from:\n  - {profile: rg, names: [a]}\n", "line 4: use_cases_from.0.profile: 'rg' is unknown"),
        ("use_cases_from:\n  - {profile: rag, by: tag, names: [a]}\n", "'tag' is unknown; did you mean 'tags_any'?"),
        ("use_cases_from:\n  - {profile: rag, names: [A B]}\n", "names: 'A B' must begin with small letters"),
        ("use_cases_from:\n  - {profile: rag, names: [a]}\nuse_cases: [{name: a}]\n", "names must be unique: a"),
        ("", "use_cases: must hold at least one use case"),
        ("use_cases:\n  - {name: a, profile: rag, redact: }\n", "line 4: use_cases.a.redact: is empty; write a value"),
        ("use_cases:\n  - {name: a, judges_allowed: }\n", "use_cases.a.judges_allowed: is empty; write a value"),
        ("use_cases:\n  - {name: a, budget_usd_per_day: }\n", "use_cases.a.budget_usd_per_day: is empty"),
        ("defaults: {redact: }\nuse_cases: [{name: a}]\n", "defaults.redact: must be a list"),
        ("limits: {usd_per_day: }\nuse_cases: [{name: a}]\n", "limits.usd_per_day: is empty; write a value"),
        ("use_cases_from:\n  - {profile: rag, names: [a, on]}\n", "YAML reads one name as true"),
        ("use_cases_from:\n  - {profile: rag, names: [a, 123]}\n", "YAML reads one name as 123"),
        ("use_cases_from:\n  - {profile: rag, names: [a, b, a]}\n", "names: 'a' stands there twice; remove one"),
        (
            "use_cases_from:\n  - {profile: rag, by: environment, names: [a]}\n",
            "profile 'rag' has match.environment too",
        ),
        ("use_cases: [{name: a, redact: [{email: true}]}]", "redact.0: a kind has no value; write email alone"),
        ("use_cases: [{name: a, redact: [email, phon]}]", "redact.1: 'phon' is unknown; did you mean 'phone'?"),
        ("use_cases: [{name: a, redact: email}]", "redact: must be a list"),
        ("use_cases: [{name: a, redact: [{name: x1, pattern: '('}]}]", "redact.x1.pattern: not a regular expression"),
        ("use_cases: [{name: a, redact: [{name: x1, pattern: 'x*'}]}]", "redact.x1.pattern: 'x*' matches every text"),
        ("use_cases: [{name: a, redact: [{name: ref, pattern: R}]}]", "[REF_1] reads as a mark of a source"),
        ("use_cases: [{name: a, redact: [{name: email, pattern: R}]}]", "is a kind that is known already"),
    ],
)
def test_mistake_names_file_key_and_remedy(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(PROFILE + text, tmp_path)
    assert str(tmp_path / "assay.yaml") in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profiles: {rag: {rat: 0.2}}", "profiles.rag.rat: unknown key; did you mean 'rate'?"),
        ("profiles: {rag: {rate: 0.02}}", "profiles.rag.rate: 0.02 lies outside 0.05–0.30"),
        ("profiles: {rag: {name: x}}", "profiles.rag.name: unknown key"),
    ],
)
def test_mistake_in_a_profile_is_told_where_it_stands(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=message.replace("?", r"\?")):
        read(f"{text}\nuse_cases: [{{name: a, profile: rag}}]\n", tmp_path)


def test_a_profile_may_allow_what_a_use_case_asks_for(tmp_path: Path) -> None:
    text = "profiles: {rare: {allow_rate: true}}\nuse_cases: [{name: a, profile: rare, rate: 0.01}]\n"
    assert read(text, tmp_path).use_cases[0].rate == 0.01


@pytest.mark.parametrize(
    ("profile", "case", "is_allowed"),
    [
        ("rate: 0.01, allow_rate: true", "", True),
        ("rate: 0.01, allow_rate: true", "rate: 0.02", False),
        ("rate: 0.01, allow_rate: true", "rate: 0.02, allow_rate: true", True),
        ("rate: 0.01, allow_rate: true", "rate: 0.1, stakes: high", False),
        ("rate: 0.01, allow_rate: true", "rate: 0.2, stakes: high", True),
    ],
)
def test_what_a_profile_allows_is_its_own_rate(profile: str, case: str, is_allowed: bool, tmp_path: Path) -> None:
    text = f"profiles: {{rare: {{{profile}}}}}\nuse_cases: [{{name: a, profile: rare, {case}}}]\n"
    if is_allowed:
        assert read(text, tmp_path).use_cases[0].rate
    else:
        with pytest.raises(ConfigurationError, match=r"use_cases\.a\.rate: .* set allow_rate: true"):
            read(text, tmp_path)


@pytest.mark.parametrize("key", [name for name, field in Policy.model_fields.items() if field.default is None])
def test_no_key_of_a_profile_is_switched_off_by_a_line_with_nothing_behind_it(key: str) -> None:
    use_case = {"name": "a", "profile": "rag"}
    Deployment.model_validate({"profiles": {"rag": {}}, "use_cases": [use_case]})
    with pytest.raises(ValueError, match="is empty; write a value behind it, or remove the key"):
        Deployment.model_validate({"profiles": {"rag": {}}, "use_cases": [{**use_case, key: None}]})
    with pytest.raises(ValueError, match="is empty; write a value behind it, or remove the key"):
        Deployment.model_validate({"profiles": {"rag": {key: None}}, "use_cases": [use_case]})


def test_three_hundred_lines_are_read_and_matched_in_little_time(tmp_path: Path) -> None:
    lines = "".join(f"      case-{number}: 'Case {number} *'\n" for number in range(300))
    began = time.process_time()
    deployment = read(f"{PROFILE}use_cases_from:\n  - profile: rag\n    names:\n{lines}", tmp_path)
    read_s = time.process_time() - began
    roots = [make_root(f"t{number}", name=f"Case {number % 300} x") for number in range(600)]
    began = time.process_time()
    names = [case.name for root in roots if (case := first_match(root, deployment))]
    assert names == [f"case-{number % 300}" for number in range(600)]
    assert read_s < 2.0, "about 0.1 s"
    assert (time.process_time() - began) / len(roots) < 0.002, "about 0.0002 s"


def test_redaction_is_that_of_the_use_case_else_of_the_defaults() -> None:
    deployment = Deployment.model_validate(
        {
            "defaults": {"redact": ["ip"]},
            "use_cases": [
                {"name": "own", "redact": ["phone", "email", "email"]},
                {"name": "none", "redact": []},
                {"name": "usual"},
                {"name": "pattern", "redact": [{"name": "customer", "pattern": "KD-[0-9]+"}]},
            ],
        }
    )
    assert redaction_of(deployment, "own") == Redaction(kinds=("email", "phone"))
    assert redaction_of(deployment, "none").is_empty
    assert redaction_of(deployment, "usual") == Redaction(kinds=("ip",))
    assert redaction_of(deployment, "pattern").patterns[0].name == "customer"
    whole = strictest(deployment)
    assert set(whole.kinds) == {"email", "phone", "ip"} < set(KINDS)
    assert whole.patterns == redaction_of(deployment, "pattern").patterns
    with pytest.raises(ConfigurationError, match="none is called 'gone'"):
        redaction_of(deployment, "gone")


def test_use_case_is_shown_as_it_is_in_force(tmp_path: Path) -> None:
    text = "defaults: {rubrics: [own], redact: [ip]}\nuse_cases: [{name: usual}]\n"
    text += "use_cases_from: [{profile: rag, names: {billing: 'Billing *'}}]\n"
    deployment = read(PROFILE + text, tmp_path)
    assert shown_use_case(deployment, "billing") == {
        "name": "billing",
        "profile": "rag",
        "match": {"environment": ["production"], "trace_name": ["Billing *"]},
        "stakes": "standard",
        "rate": 0.2,
        "rubrics": ["own"],
        "redact": ["email", "phone"],
        "weight": 1.0,
    }
    assert shown_use_case(deployment, "usual")["redact"] == ["ip"]
    with pytest.raises(ConfigurationError, match="did you mean 'billing'"):
        shown_use_case(deployment, "biling")


def test_use_cases_behind_one_that_takes_everything_are_named(tmp_path: Path) -> None:
    text = "use_cases_from:\n  - {profile: rag, by: tags_any, names: [legal, tax]}\nuse_cases: [{name: every}]\n"
    told = never_reached(read(PROFILE + text, tmp_path))
    assert told == "every takes every trace, so legal and 1 more behind it will get none; put it last"
    last = "use_cases: [{name: legal, match: {tags_any: [legal]}}, {name: every}]\n"
    assert never_reached(read(last, tmp_path)) is None
