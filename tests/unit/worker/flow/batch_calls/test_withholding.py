"""What is gathered for a batch is held against the configuration in force when it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from assay.worker.records.ledger import LedgerState
from assay.worker.records.traces import Trace
from tests.builders import make_trace
from tests.servers.batch_servers import BatchServer
from tests.unit.worker.flow.batch_calls.edited_way import CASCADE, LLM, PANEL, EditedWay, deployment_of
from tests.unit.worker.flow.pipeline import traces

N = 3
HERE = ["local"]
FORBIDDEN = {(LedgerState.DEAD, "egress_forbidden"): N}
JUDGED = {(LedgerState.JUDGED, ""): N}


def gathered(
    work: Callable[[EditedWay], Awaitable[None]],
    home: Path,
    *,
    judge: dict[str, Any] = LLM,
    of: list[Trace] | None = None,
    desk: int = 0,
) -> None:
    """Work on traces whose calls are handed in, and not yet sent. So many of them are of use case `desk`."""

    async def main() -> None:
        with BatchServer() as server:
            way = EditedWay(server, of or traces(N), home, judge)
            way.promises[:desk] = [each.model_copy(update={"use_case": "desk"}) for each in way.promises[:desk]]
            try:
                await way.begin()
                await way.assess()
                assert {(e.state, e.reason) for e in (await way.entries()).values()} == {
                    (LedgerState.OPEN, "held_batch")
                }
                await work(way)
            finally:
                await way.close()

    asyncio.run(main())


async def arrive(way: EditedWay, server: BatchServer | None = None) -> None:
    """The whole way, from handing in."""
    await way.assess()
    await way.send()
    (server or way.server).end()
    await way.collect()
    await way.assess()


def asked(way: EditedWay) -> int:
    """Requests of any kind that have reached the endpoint."""
    return sum(way.server.asked.values())


def lines(server: BatchServer) -> list[str]:
    """What was uploaded, request by request."""
    return [str(line) for batch in server.lines.values() for line in batch]


@pytest.mark.parametrize(
    ("judge", "judges"),
    [(LLM, "outside"), (CASCADE, "local, outside"), (PANEL, "outside")],
    ids=["alone", "as a later tier", "on a panel"],
)
def test_endpoint_that_was_forbidden_meanwhile_receives_nothing(
    judge: dict[str, Any], judges: str, tmp_path: Path
) -> None:
    async def work(way: EditedWay) -> None:
        way.edit_cases({"name": "bot", "judges_allowed": [*HERE, "llm", "panel"]})
        await way.send()
        assert asked(way) == 0
        assert way.money.reserved == way.money.ended
        why = f"{judges} may not all see 'bot'"
        assert {(job.state, job.word) for job in await way.jobs()} == {("dropped", f"withheld: {why}")}
        assert {entry.detail for entry in (await way.entries()).values()} == {f"not sent: {why}; it is looked at anew"}
        await way.assess()  # at once, as it was woken
        assert await way.states() == FORBIDDEN
        way.later(hours=1)
        await way.collect()
        await arrive(way)
        assert (await way.states(), asked(way)) == (FORBIDDEN, 0)

    gathered(work, tmp_path, judge=judge)


def test_what_stays_allowed_is_sent_and_judged(tmp_path: Path) -> None:
    async def work(way: EditedWay) -> None:
        way.edit_cases({"name": "bot", "judges_allowed": ["outside"], "rate": 0.2})
        await way.send()
        assert len(lines(way.server)) == N
        way.server.end()
        await way.collect()
        await way.assess()
        assert await way.states() == JUDGED

    gathered(work, tmp_path)


def test_traces_of_a_use_case_that_was_removed_end_as_those_that_are_judged_live(tmp_path: Path) -> None:
    async def work(way: EditedWay) -> None:
        way.edit_cases({"name": "desk"})
        await way.send()
        assert (asked(way), way.money.reserved) == (0, way.money.ended)
        await way.assess()
        assert await way.states() == {(LedgerState.OPEN, "unknown_use_case"): N}
        way.later(minutes=20)
        await way.assess()
        assert await way.states() == {(LedgerState.SKIPPED, "use_case_removed"): N}
        assert asked(way) == 0

    gathered(work, tmp_path)


@pytest.mark.parametrize("before_end", [False, True], ids=["while it is gathered", "when its batch has expired"])
def test_prompt_made_without_redaction_is_not_sent_once_it_is_wanted(before_end: bool, tmp_path: Path) -> None:
    private = "ann@example.org"
    of = [make_trace(f"t{n}", input={"question": f"Question {n}: who is {private}?"}) for n in range(N)]

    async def work(way: EditedWay) -> None:
        if before_end:
            await way.send()
            way.server.end("expired", share=0.0)
            way.server.lines.clear()
        way.edit_cases({"name": "bot", "redact": ["email"]})
        await (way.collect() if before_end else way.send())
        assert lines(way.server) == []
        await arrive(way)
        assert (await way.states(), way.money.reserved) == (JUDGED, way.money.ended)
        assert len(lines(way.server)) == N
        assert all("[EMAIL_1]" in line and private not in line for line in lines(way.server))

    gathered(work, tmp_path, of=of)


def test_call_made_for_an_address_that_was_edited_goes_nowhere_and_is_made_anew(tmp_path: Path) -> None:
    async def work(way: EditedWay) -> None:
        with BatchServer() as other:
            other.now = way.clock.now
            way.edit(deployment_of(other.openai, {"name": "bot"}))
            await way.send()
            assert sum(other.asked.values()) == asked(way) == 0
            await arrive(way, other)
            assert (await way.states(), len(lines(other)), asked(way)) == (JUDGED, N, 0)
            assert way.money.reserved == way.money.ended

    gathered(work, tmp_path)


def test_only_the_use_case_that_forbids_it_is_left_out_of_the_file(tmp_path: Path) -> None:
    async def work(way: EditedWay) -> None:
        way.edit_cases({"name": "bot", "judges_allowed": HERE}, {"name": "desk"})
        await way.send()
        (job,) = await way.jobs()
        assert (job.state, job.total, len(lines(way.server))) == ("sent", 1, 1)
        assert "Question 0" in lines(way.server)[0]
        way.server.end()
        await way.collect()
        await way.assess()
        assert await way.states() == {(LedgerState.JUDGED, ""): 1, (LedgerState.DEAD, "egress_forbidden"): N - 1}
        assert way.money.reserved == way.money.ended

    gathered(work, tmp_path, desk=1)


def test_equal_text_of_two_use_cases_goes_where_one_of_them_may(tmp_path: Path) -> None:
    async def work(way: EditedWay) -> None:
        way.edit_cases({"name": "bot", "judges_allowed": HERE}, {"name": "desk"})
        await way.send()
        assert len(lines(way.server)) == 1
        way.server.end()
        await way.collect()
        await way.assess()
        assert await way.states() == {(LedgerState.JUDGED, ""): 1, (LedgerState.DEAD, "egress_forbidden"): N - 1}

    gathered(work, tmp_path, of=[make_trace(f"t{n}") for n in range(N)], desk=1)


def test_batch_that_expired_is_not_sent_again_to_where_it_may_not_go_any_more(tmp_path: Path) -> None:
    async def work(way: EditedWay) -> None:
        await way.send()
        way.server.end("expired", share=0.0)
        way.edit_cases({"name": "bot", "judges_allowed": HERE})
        await way.collect()
        uploads = way.server.asked["POST /v1/files"]
        await arrive(way)
        assert (await way.states(), way.server.asked["POST /v1/files"], way.server.live) == (FORBIDDEN, uploads, [])

    gathered(work, tmp_path)


def test_policy_that_came_back_before_the_work_was_looked_at_loses_nothing(tmp_path: Path) -> None:
    async def work(way: EditedWay) -> None:
        way.edit_cases({"name": "bot", "judges_allowed": HERE})
        await way.send()
        way.edit_cases({"name": "bot"})
        await arrive(way)
        assert (await way.states(), set(way.server.paid.values())) == (JUDGED, {1})

    gathered(work, tmp_path)


def test_process_that_died_while_it_withheld_loses_nothing(tmp_path: Path) -> None:
    """The batch stays noted. The collector finds none at the provider, and frees its calls."""

    async def work(way: EditedWay) -> None:
        def dies(*_: object) -> None:
            raise RuntimeError

        way.edit_cases({"name": "bot", "judges_allowed": HERE})
        settle, way.state.batch_jobs.settle = way.state.batch_jobs.settle, dies  # type: ignore[assignment,method-assign]
        await way.send()
        way.state.batch_jobs.settle = settle  # type: ignore[method-assign]
        way.restart()
        way.later(minutes=16)
        assert (await way.collect()).woken == N
        await arrive(way)
        assert await way.states() == FORBIDDEN
        assert way.server.lines == {}

    gathered(work, tmp_path)
