"""Error bodies of any shape: what is read of them, and that nothing of them can break the reading."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.models.answer_errors import answered_error
from assay.judges.models.error_fields import decoded_error, error_fields

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "detail", "type", "@type", "metadata", "raw", "x"]), inner
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_body_is_read(body: Any) -> None:
    fields = error_fields(body)
    assert len(fields.complaint) < 20 * 20 * 20 * 2_000
    assert all(isinstance(code, str) for code in fields.codes)
    answered_error(body)


@given(st.binary())
def test_any_bytes_are_read(body: bytes) -> None:
    error_fields(decoded_error(body))


@pytest.mark.parametrize(
    ("body", "complaint", "codes", "status"),
    [
        ({"error": {"message": "A", "type": "B", "code": 429}}, "a", ("b",), 429),
        ({"error": {"message": "A", "code": "400", "type": "budget_exceeded"}}, "a", ("budget_exceeded",), 400),
        ([{"error": {"message": "A", "status": "NOT_FOUND", "code": 404}}], "a", ("not_found",), 404),
        ({"error": "A b"}, "a b", (), None),
        ({"error": "Unauthorized"}, "unauthorized", ("unauthorized",), None),
        ({"detail": [{"loc": ["body", "x"], "msg": "A", "type": "t"}]}, "a body x", ("t",), None),
        ({"message": "A", "__type": "com.amazon#ThrottlingException"}, "a", ("throttlingexception",), None),
        ({"base_resp": {"status_code": 1004, "status_msg": "A"}}, "a", ("base_resp_1004",), None),
        ("A `b`  c", "a b c", (), None),
        ({"error": {"message": "A", "metadata": {"raw": '{"error":{"code":"x","message":"B"}}'}}}, "a b", ("x",), None),
        ({"error": {"input": "secret", "flagged_input": "s", "failed_generation": "s"}}, "", (), None),
    ],
)
def test_speaking_fields_are_read(body: Any, complaint: str, codes: tuple[str, ...], status: int | None) -> None:
    fields = error_fields(body)
    assert (fields.complaint, fields.codes, fields.status) == (complaint, codes, status)


@pytest.mark.parametrize(
    ("body", "is_page"),
    [
        (b"<!DOCTYPE html><html><head><style>x</style></head><body>Request <b>blocked</b></body></html>", True),
        (b"\n <html>x</html>", True),
        (b"Internal Server Error", False),
        (b'{"message": "<html>"}', False),
    ],
)
def test_page_is_told_from_a_text(body: bytes, is_page: bool) -> None:
    fields = error_fields(decoded_error(body))
    assert fields.is_page is is_page
    assert "style" not in fields.complaint


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "x"}},
        {"error": "x", "choices": []},
        [{"error": {"code": 400}}],
        {"code": "Arrearage", "message": "x", "request_id": "1"},
        {"detail": "x"},
        {"base_resp": {"status_code": 1008, "status_msg": "x"}, "choices": None},
        "Internal Server Error",
    ],
)
def test_error_of_a_200_is_found(body: Any) -> None:
    assert answered_error(body)


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [], "error": None},
        {"choices": [{"message": {"content": "x"}}], "message": "ok", "base_resp": {"status_code": 0}},
        {"id": None, "choices": None},
        {},
        [],
        None,
        {"candidates": [], "message": "x"},
    ],
)
def test_answer_is_no_error(body: Any) -> None:
    assert answered_error(body) is None


def test_what_a_model_wrote_is_no_complaint() -> None:
    body = {"error": {"message": "x"}, "choices": [{"message": {"content": "api key not valid"}}]}
    assert "api key" not in error_fields(answered_error(body)).complaint


def test_deep_bodies_end() -> None:
    body: Any = "x"
    for _ in range(500):
        body = {"error": [body]}
    assert error_fields(body).complaint == ""
    assert error_fields(decoded_error(json.dumps("y" * 100_000).encode())).complaint.startswith("y")


@pytest.mark.parametrize(
    ("body", "doubtful"),
    [
        ({"error": {"code": "insufficient_quota"}}, set()),
        ({"error": {"message": '{"code": "insufficient_quota"}'}}, {"insufficient_quota"}),
        ({"error": "insufficient_quota"}, {"insufficient_quota"}),
        ({"error": {"code": "billing", "reason": "billing"}}, set()),
        ({"error": {"message": "broken", "response": '{"code": "insufficient_quota"}'}}, set()),
    ],
)
def test_code_that_a_text_could_have_brought_is_doubtful(body: Any, doubtful: set[str]) -> None:
    fields = error_fields(body)
    assert fields.doubtful == doubtful
    assert "insufficient_quota" in fields.codes or "response" in str(body) or "billing" in fields.codes


def test_models_own_reply_in_an_error_says_nothing() -> None:
    fields = error_fields(
        {"error": {"message": "broken", "response": '{"code": "insufficient_quota"}', "result": "busy"}}
    )
    assert (fields.complaint, fields.codes) == ("broken", ())
