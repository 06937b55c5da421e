"""Periods as a person types them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ConfigurationError
from assay.worker.cli.period import read_period

NOW = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "start", "end", "expected"),
    [
        (None, None, None, (NOW - timedelta(days=7), NOW)),
        ("90m", None, None, (NOW - timedelta(minutes=90), NOW)),
        ("24h", None, None, (NOW - timedelta(hours=24), NOW)),
        ("2w", None, None, (NOW - timedelta(days=14), NOW)),
        ("2026-11-20", None, None, (datetime(2026, 11, 20, tzinfo=UTC), NOW)),
        (None, "2026-11-20", "2026-11-21", (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))),
        (None, "2026-11-20T08:00Z", None, (datetime(2026, 11, 20, 8, tzinfo=UTC), NOW)),
        (None, "2026-11-20T08:00+02:00", None, (datetime(2026, 11, 20, 6, tzinfo=UTC), NOW)),
        (
            None,
            None,
            "2026-11-20T08:00Z",
            (datetime(2026, 11, 13, 8, tzinfo=UTC), datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ),
        (None, "2d", "1d", (NOW - timedelta(days=2), NOW - timedelta(days=1))),
    ],
)
def test_a_period_is_read(
    since: str | None, start: str | None, end: str | None, expected: tuple[datetime, datetime]
) -> None:
    assert read_period(since, start, end, now=NOW) == expected


@pytest.mark.parametrize(
    ("since", "start", "end", "expected"),
    [
        ("yesterday", None, None, "--since: 'yesterday' is no moment"),
        ("7", None, None, "is no moment"),
        ("2026-13-01", None, None, "is no moment"),
        ("\x1b[31m", None, None, r"--since: '\\x1b\[31m'"),
        ("0001-01-01T00:00+14:00", None, None, "is no moment"),
        (None, "2026-11-21", "2026-11-20", "the period is empty"),
        ("0m", None, None, "the period is empty"),
        ("24h", "2026-11-20", None, "--since and --from"),
        ("999w", None, None, "longer than 400 days"),
        ("999999w", None, None, "is no moment"),
    ],
)
def test_what_is_no_period_is_one_line(since: str | None, start: str | None, end: str | None, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected) as raised:
        read_period(since, start, end, now=NOW)
    assert len(str(raised.value).splitlines()) == 1


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_an_error_of_ours(text: str) -> None:
    try:
        begin, end = read_period(text, None, None, now=NOW)
    except ConfigurationError:
        return
    assert begin < end
