"""How long an endpoint asks to wait: the places and spellings in use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.models.wait_hints import LONGEST_RETRY_AFTER_S, detailed_wait_s, retry_after_s, spoken_wait

NOW = datetime(2026, 11, 5, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1200"}, 1.2),
        ({"retry-after-ms": "1200", "retry-after": "9"}, 1.2),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "20s"}, 20.0),
        ({"retry-after": "2026-11-05T12:00:30Z"}, 30.0),
        ({"retry-after": "0"}, 0.0),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"}, 360.0),
        ({"x-ratelimit-reset-requests": "120ms", "x-ratelimit-reset-tokens": "6s"}, 0.12),
        (
            {
                "x-ratelimit-reset-requests": "120ms",
                "x-ratelimit-remaining-requests": "20",
                "x-ratelimit-reset-tokens": "1m6s",
                "x-ratelimit-remaining-tokens": "0",
            },
            66.0,
        ),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 40)}, 40.0),
        ({"x-ratelimit-reset": str((int(NOW.timestamp()) + 40) * 1000)}, 40.0),
        ({"x-ratelimit-reset": "7"}, 7.0),
        ({"anthropic-ratelimit-tokens-reset": "2026-11-05T12:00:05Z"}, 5.0),
        ({"x-ratelimit-reset": "9" * 12}, LONGEST_RETRY_AFTER_S),
        ({"x-ratelimit-reset": "tomorrow"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
    ],
)
def test_headers_are_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == (seconds if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("rate limit reached. please try again in 1.2s. visit", 1.2),
        ("please try again in 6m0s.", 360.0),
        ("please try again in 120ms.", 0.12),
        ("please retry after 7 seconds", 7.0),
        ("try again in 60 seconds. passed model", 60.0),
        ("please wait for 2 minutes", 120.0),
        ("please retry in 34.07s.", 34.07),
        ("try again in 99999999 hours", LONGEST_RETRY_AFTER_S),
        ("slow down", None),
        ("try again later", None),
    ],
)
def test_words_are_read(words: str, seconds: float | None) -> None:
    told = spoken_wait(words)
    assert (told and told[0]) == (seconds if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}]}}, 34.0),
        ([{"error": {"details": [{"retryDelay": "1.5s"}, {"retryDelay": "3s"}]}}], 3.0),
        ({"error": {"details": [{"retryDelay": "soon"}]}}, None),
        ({"error": "x"}, None),
        ("x", None),
    ],
)
def test_details_are_read(body: object, seconds: float | None) -> None:
    assert detailed_wait_s(body) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date", "x-ratelimit-reset"]), st.text()))
def test_any_header_is_borne(headers: dict[str, str]) -> None:
    wait_s = retry_after_s(headers, NOW)
    assert wait_s is None or 0 <= wait_s <= LONGEST_RETRY_AFTER_S


@given(st.text(alphabet="tryagainwtfors 0123456789.smh"))
def test_any_words_are_borne(words: str) -> None:
    told = spoken_wait(f"try again in {words}")
    assert told is None or 0 <= told[0] <= LONGEST_RETRY_AFTER_S
