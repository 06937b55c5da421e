"""The fleet's pulse: a tick is sent once at a time and done once, and who was seen is known."""

from __future__ import annotations

from assay.worker.ports.state import FleetState
from tests.contract.state.making import Run


def test_tick_waits_once_and_carries_its_moment(run: Run) -> None:
    async def check(state: FleetState) -> None:
        pulse = state.pulse
        assert await pulse.ticks() == {}
        sent_at = await pulse.tick_sends("verify", queue="control")
        assert sent_at is not None
        assert await pulse.tick_sends("verify", queue="control") is None, "one of its kind waits"
        assert await pulse.tick_sends("sweep", queue="control") is not None
        turn = await pulse.tick_begins("verify", sent_at=sent_at)
        assert not turn.is_done
        assert 0 <= turn.late_s < 60
        assert await pulse.tick_sends("verify", queue="control") is not None, "the next may be sent"
        ticks = await pulse.ticks()
        assert ticks["verify"].done_ago_s is None
        await pulse.tick_done("verify", began_at=turn.began_at)
        ticks = await pulse.ticks()
        assert ticks["verify"].done_ago_s is not None
        assert ticks["sweep"].sent_ago_s is not None
        assert ticks["sweep"].done_ago_s is None

    run(check)


def test_tick_whose_work_a_later_run_has_done_is_told_from_one_that_is_needed(run: Run) -> None:
    async def check(state: FleetState) -> None:
        pulse = state.pulse
        early = await pulse.tick_begins("verify", sent_at=None)
        turn = await pulse.tick_begins("verify", sent_at=None)
        await pulse.tick_done("verify", began_at=turn.began_at)
        assert (await pulse.tick_begins("verify", sent_at=early.began_at - 5)).is_done
        assert not (await pulse.tick_begins("verify", sent_at=turn.began_at + 5)).is_done
        assert not (await pulse.tick_begins("verify", sent_at=None)).is_done

    run(check)


def test_processes_are_seen_with_their_queues_and_clocks_until_they_say_goodbye(run: Run) -> None:
    async def check(state: FleetState) -> None:
        pulse = state.pulse
        await pulse.seen("control@a", queues=["control", "golden"], offset_s=None, version="0.1.0")
        await pulse.seen("assess1@a", queues=["assess"], offset_s=-30.5, version="0.2.0")
        first, second = await pulse.processes()
        assert (first.name, first.queues, first.offset_s) == ("assess1@a", ("assess",), -30.5)
        assert (second.name, second.queues, second.offset_s) == ("control@a", ("control", "golden"), None)
        assert (first.version, second.version) == ("0.2.0", "0.1.0")
        await pulse.gone("assess1@a")
        assert [process.name for process in await pulse.processes()] == ["control@a"]
        assert await pulse.dropped() == {}

    run(check)
