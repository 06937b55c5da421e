"""When a worker's memory is over its limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.worker.fleet import memory_limit


def test_without_a_limit_nothing_is_looked_at() -> None:
    assert not memory_limit.is_over(None)


def test_own_memory_is_measured() -> None:
    """This process holds more than one MiB and less than a hundred thousand."""
    assert memory_limit.is_over(1)
    assert not memory_limit.is_over(100_000)


def test_limit_below_what_a_worker_holds_at_rest_is_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    """It would be started again for ever."""
    assert memory_limit.usable_limit(1) is None
    assert "set ASSAY_MEMORY_LIMIT_MB to" in "".join(capsys.readouterr())
    assert memory_limit.usable_limit(100_000) == 100_000
    assert memory_limit.usable_limit(None) is None


def test_system_that_does_not_say_is_no_reason_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", lambda _: "nonsense")
        assert not memory_limit.is_over(128)
