"""A scheduled run whose judge's endpoint is edited before its batch is sent: nothing goes there, and the run ends."""

from __future__ import annotations

from pathlib import Path

from assay.worker.config.deployment import Deployment
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.root import ConfigRoot
from assay.worker.golden.scheduling.slot_records import SlotState
from tests.unit.worker.golden.scheduling.batch_runs import JUDGEMENTS, BatchFleet
from tests.unit.worker.golden.scheduling.test_judge_by_batch import travel


def edit_endpoint(fleet: BatchFleet) -> None:
    """Another edit is in force than the one that the run's judge was built by."""
    edited = Deployment.model_validate({"endpoints": {"default": {"timeout_s": 7}}, "use_cases": [{"name": "bot"}]})
    fleet.endpoints.files = read_judge_files(ConfigRoot(path=fleet.home), fleet.settings, edited)


async def assert_withheld(fleet: BatchFleet) -> None:
    assert {(job.state, job.word) for job in await fleet.jobs()} == {
        ("dropped", "withheld: endpoint default was edited")
    }
    assert fleet.server.lines == {}
    assert fleet.money.reserved == fleet.money.ended


def test_run_goes_on_once_both_know_the_same_endpoint(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        before = fleet.endpoints.files
        edit_endpoint(fleet)
        assert (await fleet.begin()).state is SlotState.WAITING
        await assert_withheld(fleet)
        fleet.endpoints.files = before
        record = await fleet.go_on()
        assert record.state is SlotState.WAITING
        assert [len(lines) for lines in fleet.server.lines.values()] == [JUDGEMENTS]
        assert (await fleet.finish()).state is SlotState.DONE
        assert (fleet.server.live, set(fleet.server.paid.values())) == ([], {1})

    travel(tmp_path, work)


def test_run_that_never_agrees_with_what_is_in_force_is_judged_live_in_the_end(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        edit_endpoint(fleet)
        record = await fleet.begin()
        rounds = 0
        while not record.state.is_final:
            rounds += 1
            assert rounds < 40, record
            record = await fleet.go_on()
        assert record.state is SlotState.DONE
        assert len(fleet.server.live) >= JUDGEMENTS
        await assert_withheld(fleet)

    travel(tmp_path, work)
