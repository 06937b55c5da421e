"""When a tick was sent, whatever somebody wrote into the queue in its place."""

from __future__ import annotations

import pytest

from assay.worker.fleet.ticks import _sent_at


@pytest.mark.parametrize("forged", [None, [], {}, {"sent_at": True}, {"sent_at": "1"}, {"sent_at": float("inf")}])
def test_what_is_no_moment_is_none(forged: object) -> None:
    assert _sent_at(forged) is None


def test_moment_beyond_all_numbers_is_none() -> None:
    assert _sent_at({"sent_at": 10**400}) is None
    assert _sent_at({"sent_at": 1_800_000_000}) == 1_800_000_000.0
