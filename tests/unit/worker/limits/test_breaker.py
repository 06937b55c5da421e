"""A circuit breaker, by itself."""

from __future__ import annotations

import random

from assay.worker.limits.breaker import Breaker
from assay.worker.limits.rules import FAILURES_TO_OPEN


def test_endpoint_that_fails_one_call_in_five_at_random_opens_no_breaker_in_ten_thousand_calls() -> None:
    for seed in range(20):
        chance, breaker = random.Random(seed), Breaker()
        for n in range(10_000):
            if chance.random() < 0.2:
                breaker.failed(float(n), is_probe=False)
            else:
                breaker.answered()
            assert not breaker.is_open


def test_dead_endpoint_is_probed_less_than_thirty_times_a_minute() -> None:
    breaker, now, calls = Breaker(), 0.0, 0
    while now < 60:
        if breaker.wait_s(now) == 0:
            calls += 1
            is_probe = breaker.is_open
            if is_probe:
                breaker.begin_probe(now, 60)
            breaker.failed(now, is_probe=is_probe)
            assert calls < FAILURES_TO_OPEN or breaker.is_open
        now += 0.01
    assert calls - FAILURES_TO_OPEN == 8
