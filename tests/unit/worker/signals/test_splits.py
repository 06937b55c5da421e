"""Rates by feature, user tier and day."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.worker.signals.rows import START, row, traffic_of


def test_feature_and_tier_split_traffic_and_unknown_stands_apart() -> None:
    rows = [row("t1", feature="search"), row("t2", feature="search", user_tier="pro"), row("t3")]
    assert {key.value: traffic.n for key, traffic in traffic_of(rows, by="feature").items()} == {"search": 2, None: 1}
    assert {key.value: traffic.n for key, traffic in traffic_of(rows, by="user_tier").items()} == {"pro": 1, None: 2}


def test_days_are_those_of_utc_in_their_order() -> None:
    begin = START.replace(hour=23, minute=59)
    rows = [row(f"t{n}", started_at=begin + n * timedelta(minutes=1)) for n in range(3)]
    slices = traffic_of(rows, by="day")
    first, second = f"{begin:%Y-%m-%d}", f"{begin + timedelta(days=1):%Y-%m-%d}"
    assert [(key.value, traffic.n) for key, traffic in slices.items()] == [(first, 1), (second, 2)]
