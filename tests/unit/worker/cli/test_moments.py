"""Moments and ranges as people give them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ConfigurationError
from assay.worker.cli.moments import parse_moment, parse_range
from tests.builders import NOW


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T09:30Z", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20T09:30:15+01:00", datetime(2026, 11, 20, 8, 30, 15, tzinfo=UTC)),
        ("2026-11-20 09:30Z", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("7d", NOW - timedelta(days=7)),
        ("36h", NOW - timedelta(hours=36)),
        ("90m", NOW - timedelta(minutes=90)),
        ("2w", NOW - timedelta(days=14)),
        (" 7D ", NOW - timedelta(days=7)),
        ("now", NOW),
    ],
)
def test_day_time_and_distance_are_moments(text: str, moment: datetime) -> None:
    assert parse_moment(text, "--from", NOW) == moment


def test_day_that_ends_a_range_is_meant_as_a_whole() -> None:
    assert parse_range("2026-11-19", "2026-11-19", NOW) == (
        datetime(2026, 11, 19, tzinfo=UTC),
        datetime(2026, 11, 20, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-20T09:30", "no time zone; write 2026-11-20T09:30Z"),
        ("yesterday", "is no moment; write 2026-11-20"),
        ("2026-W48", "is no moment; write 2026-11-20"),
        ("7", "is no moment"),
        ("7y", "is no moment"),
        ("-7d", "is no moment"),
        ("", "is no moment"),
        ("2026-13-01", "is no moment"),
        ("2026-02-30", "is no moment"),
        ("999999w", "is no moment"),
        ("0001-01-01T00:00+05:00", "is no moment"),
        ("20.11.2026", "is no moment"),
    ],
)
def test_anything_else_is_one_line_with_the_option_and_a_remedy(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match="--from: ") as error:
        parse_moment(text, "--from", NOW)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2d", "7d", "is not before"),
        ("2026-11-20", "2026-11-19", "is not before"),
        ("2026-12-01", "2026-12-02", "not in the past"),
        ("now", "now", "not in the past"),
    ],
)
def test_range_that_is_empty_or_to_come_is_refused(start: str, end: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        parse_range(start, end, NOW)


def test_range_ends_no_later_than_now() -> None:
    assert parse_range("7d", "2027-01-01", NOW)[1] == NOW


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    try:
        moment = parse_moment(text, "--to", NOW, is_end=True)
    except ConfigurationError as exc:
        message = str(exc)
    else:
        message = f"--to: {moment.astimezone(UTC)}"
    assert message.startswith("--to: ")
    assert len(message.splitlines()) == 1
