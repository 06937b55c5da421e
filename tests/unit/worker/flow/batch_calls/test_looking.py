"""A look at batches that takes long keeps the control worker from nothing else."""

from __future__ import annotations

import asyncio

import pytest

from assay.worker.flow.batch_calls import looking
from assay.worker.flow.batch_calls.answers import BatchReport
from assay.worker.flow.batch_calls.looking import BackgroundLook
from assay.worker.ports.state import StateUnavailable
from tests.waiting import PATIENCE_S


class Looks:
    """Counts looks. Each waits until it may end."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = self.cancelled = 0
        self.may_end = asyncio.Event()
        self._error = error

    async def tick(self) -> BatchReport:
        self.begun += 1
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self._error is not None:
            raise self._error
        return BatchReport(ended=1)


async def nothing_is_under_way(background: BackgroundLook) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while background._look is not None:
            await asyncio.sleep(0.005)


def test_tick_ends_though_its_look_hangs_and_no_second_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "TICK_S", 0.02)

    async def main() -> None:
        looks, background = Looks(), BackgroundLook()
        for _ in range(3):
            assert (await background.tick(looks)).is_empty  # type: ignore[arg-type]
        assert looks.begun == 1
        looks.may_end.set()
        await nothing_is_under_way(background)
        assert (await background.tick(looks)).ended == 1  # type: ignore[arg-type]
        assert looks.begun == 2
        await background.close()

    asyncio.run(main())


def test_quick_look_is_the_ticks_own_with_its_error() -> None:
    async def main() -> None:
        looks, background = Looks(StateUnavailable("Redis is away")), BackgroundLook()
        looks.may_end.set()
        for _ in range(2):
            with pytest.raises(StateUnavailable):
                await background.tick(looks)  # type: ignore[arg-type]
        assert looks.begun == 2

    asyncio.run(main())


@pytest.mark.parametrize("error", [StateUnavailable("away"), ValueError("a bug")])
def test_late_look_that_fails_is_told_and_the_next_one_begins(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(looking, "TICK_S", 0.02)

    async def main() -> None:
        looks, background = Looks(error), BackgroundLook()
        await background.tick(looks)  # type: ignore[arg-type]
        looks.may_end.set()
        await nothing_is_under_way(background)
        with pytest.raises(type(error)):
            await background.tick(looks)  # type: ignore[arg-type]

    asyncio.run(main())
    assert "batch.look_failed" in capsys.readouterr().out


def test_process_that_ends_ends_its_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "TICK_S", 0.02)

    async def main() -> None:
        looks, background = Looks(), BackgroundLook()
        await background.tick(looks)  # type: ignore[arg-type]
        await background.close()
        assert looks.cancelled == 1
        await background.close()

    asyncio.run(main())
