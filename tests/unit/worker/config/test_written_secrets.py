"""Secrets written out in `endpoints.yaml`: refused and not shown. What only looks like one may be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.config.root import ConfigRoot
from assay.worker.config.written_secrets import filled, looks_secret, names_in
from tests.unit.worker.config.test_endpoints import SECRET, USE_CASES, described, refusal


@pytest.fixture
def root(tmp_path: Path) -> ConfigRoot:
    (tmp_path / "assay.yaml").write_text(USE_CASES)
    return ConfigRoot(path=tmp_path, is_named=True)


@pytest.mark.parametrize(
    "section",
    [
        f"key: {SECRET}",
        f"api_key: {SECRET}",
        f"headers: {{Authorization: Bearer {SECRET}}}",
        f"headers: {{x-api-key: {SECRET}}}",
        f"headers: {{X-Gateway-Token: {SECRET}}}",
        f"headers: {{X-Anything: sk-{SECRET}}}",
        f"query: {{subscription-key: {SECRET}}}",
        f"query: {{code: {SECRET}}}",
        f"headers: {{X-Api-Key: {SECRET}}}",
        "headers: {X-Api-Key: two-words}",
        "headers: {X-Token: two-words}",
        f"headers: {{X-Gateway-Key: {SECRET}}}",
        "headers: {X-Whatever: 0123456789abcdef0123456789abcdef}",
        f"headers: {{X-Whatever: 'x sk-{SECRET}'}}",
        f"headers: {{X-Whatever: hf_{SECRET}}}",
        f"url: https://user:{SECRET}@gw/v1",
        f"url: https://gw/v1?key={SECRET}",
        f"proxy: http://user:{SECRET}@proxy:3128",
        f"extra_body: {{api_key: {SECRET}}}",
    ],
)
def test_secret_that_is_written_out_is_refused_and_not_shown(root: ConfigRoot, section: str) -> None:
    message = refusal(root, f"in-house:\n  {section}\n")
    assert "${NAME}" in message or "ASSAY_ENDPOINT_IN_HOUSE_KEY" in message or "send it by `headers`" in message


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Team": "quality"},
        {"X-Key-Version": "2024-10-21"},
        {"HTTP-Referer": "https://example.org/our-app"},
        {"X-Tenant": "3f0c9a52-6f0e-4c2c-9d6a-0a2f5b7f1c11"},
        {"OpenAI-Project": "proj-evaluation"},
        {"anthropic-version": "2023-06-01"},
        {"X-Cost-Key": "team42"},
        {"X-Cost-Key": "quality-eu-west1"},
        {"X-Request-Code": "judging-run"},
        {"X-Trace": "0123456789abcdef0123456789abcdef"},
        {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {"X-Team": "risk-assessment"},
        {"X-Task": "task-evaluation-of-answers"},
        {"X-Title": "key-performance-indicators"},
        {"X-Build": "pk-builders-of-models"},
    ],
)
def test_header_that_is_no_secret_may_be_written(root: ConfigRoot, headers: dict[str, str]) -> None:
    made = described(root, url="http://gw", headers=headers)
    assert {name: value.get_secret_value() for name, value in made.headers.items()} == headers


@given(st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True), st.text(max_size=40))
def test_variable_is_named_and_filled_whatever_stands_in_it(name: str, value: str) -> None:
    text = f"Bearer ${{{name}}}"
    assert names_in(text) == [name]
    assert filled(text, {name: value}) == f"Bearer {value}"
    assert not looks_secret("Authorization", text)


@given(st.from_regex(r"(sk|gsk|xai|hf)-[A-Za-z0-9]{16,48}", fullmatch=True), st.sampled_from(["X-Team", "Referer"]))
def test_key_of_a_provider_is_seen_under_any_name(key: str, name: str) -> None:
    assert looks_secret(name, key)
    assert looks_secret(name, f"Bearer {key}")


@given(st.from_regex(r"[a-z]{3,12}([-_ ][a-z]{3,12}){0,5}", fullmatch=True).filter(lambda words: "sk-" not in words))
def test_words_are_no_secret(words: str) -> None:
    assert not looks_secret("X-Team", words)
