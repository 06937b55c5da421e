"""One suite for every implementation of the queue of ended entries: what waits for its row in the record."""

from __future__ import annotations

import asyncio
import json
import zlib
from datetime import timedelta

import pytest

from assay.worker.launch.broker import Broker
from assay.worker.ports.ended_entries import Unreadable, Unrecorded
from assay.worker.ports.state import FleetState
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import FINAL_STATES, Judgement, LedgerState
from assay.worker.records.particulars import Particulars, Spent, VerdictNote
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.ended_entries import FINAL_TTL_S, SHORTEST_TTL_S, UNRECORDED_TTL_S
from assay.worker.state.redis.state import redis_state
from tests.contract.state.making import DAY, LATER, NOW, SOON, Run, promise, transition

JUDGEMENT = Judgement(verdict_key="k", revision="r", judge="local", state="judged", values={"hallucination_risk": 0.5})
FACTS = TraceFacts(release="7", tags=("a", "b"), duration_s=1.5, input_tokens=12, model_served="m")
NOTE = VerdictNote(tier="llm", model="m-1", calibrated=True, kind="contradicted", span=(3, 9), evidence=((0, 1, 2),))
SPENT = Spent(calls=2, input_tokens=100, output_tokens=7, cost_usd=None)
SEEN, ALL = Particulars(facts=FACTS, spent=SPENT), Particulars(facts=FACTS, note=NOTE, spent=SPENT)


async def end(state: FleetState, trace_id: str, final: LedgerState, *, after_s: float = 0.0, **over: object) -> None:
    """Promise a trace and bring it to its end."""
    await state.ledger.promise([promise(trace_id)], now=NOW, due=SOON)
    change = transition(trace_id, LedgerState.OPEN, final, **over)
    assert await state.ledger.apply("grounding", [change], now=NOW + timedelta(seconds=after_s)) == [trace_id]


async def waiting(state: FleetState) -> list[str]:
    return [entry.trace_id for entry in (await state.ended.ended(limit=99)).entries]


@pytest.mark.parametrize("final", sorted(FINAL_STATES))
def test_entry_waits_from_the_step_that_ends_it_until_its_row_is_written(run: Run, final: LedgerState) -> None:
    async def check(state: FleetState) -> None:
        assert await state.ended.unrecorded() == Unrecorded(0, None)
        await end(state, "a", final)
        assert await state.ended.unrecorded() == Unrecorded(1, NOW)
        entries = (await state.ended.ended(limit=9)).entries
        assert [(entry.trace_id, entry.state) for entry in entries] == [("a", final)]
        assert (await state.ended.ended(limit=9)).entries == entries, "it stays until its row is written"
        await state.ended.recorded(entries)
        await state.ended.recorded(entries)
        assert await state.ended.unrecorded() == Unrecorded(0, None)
        assert set(await state.ledger.entries("grounding", ["a"])) == {"a"}

    run(check)


def test_those_that_ended_first_come_first_and_no_more_than_asked_for(run: Run) -> None:
    async def check(state: FleetState) -> None:
        for trace_id, after_s in (("late", 3.0), ("first", 1.0), ("middle", 2.0)):
            await end(state, trace_id, LedgerState.SKIPPED, after_s=after_s)
        assert [entry.trace_id for entry in (await state.ended.ended(limit=2)).entries] == ["first", "middle"]
        assert await state.ended.unrecorded() == Unrecorded(3, NOW + timedelta(seconds=1))

    run(check)


def test_work_that_has_not_ended_does_not_wait(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        judged = transition("a", LedgerState.OPEN, LedgerState.JUDGED, due=SOON, judgement=JUDGEMENT)
        await state.ledger.apply("grounding", [judged], now=NOW)
        assert await waiting(state) == []

    run(check)


def test_replayed_letter_leaves_and_comes_back_with_its_new_end(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await end(state, "a", LedgerState.DEAD, reason="poison")
        replay = transition("a", LedgerState.DEAD, LedgerState.OPEN, due=NOW, fresh_start=True)
        await state.ledger.apply("grounding", [replay], now=SOON)
        assert await waiting(state) == []
        await state.ledger.apply("grounding", [transition("a", LedgerState.OPEN, LedgerState.SKIPPED)], now=LATER)
        assert [(e.state, e.changed_at) for e in (await state.ended.ended(limit=9)).entries] == [
            (LedgerState.SKIPPED, LATER)
        ]

    run(check)


def test_row_of_an_end_that_is_no_longer_true_lets_nothing_go(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await end(state, "a", LedgerState.DEAD)
        dead = (await state.ended.ended(limit=9)).entries
        dismissed = transition("a", LedgerState.DEAD, LedgerState.SKIPPED, reason="dismissed")
        await state.ledger.apply("grounding", [dismissed], now=LATER)
        await state.ended.recorded(dead)
        assert [entry.state for entry in (await state.ended.ended(limit=9)).entries] == [LedgerState.SKIPPED]

    run(check)


def test_entry_that_is_judged_again_waits_for_the_row_of_each_version(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await end(state, "a", LedgerState.SCORED, after_s=0.25, judgement=JUDGEMENT, particulars=ALL)
        await state.reopening.reopen([promise("a", rubric_hash="h2")], now=LATER, due=LATER)
        (earlier,) = (await state.ended.ended(limit=9)).entries
        assert (earlier.promise, earlier.state) == (promise("a"), LedgerState.SCORED)
        assert (earlier.judgement, earlier.particulars) == (JUDGEMENT, ALL)
        assert (await state.ledger.entries("grounding", ["a"]))["a"].particulars == Particulars()
        change = transition("a", LedgerState.OPEN, LedgerState.SKIPPED)
        await state.ledger.apply("grounding", [change], now=LATER)
        both = (await state.ended.ended(limit=9)).entries
        assert [(entry.promise.rubric_hash, entry.state) for entry in both] == [("h", "scored"), ("h2", "skipped")]
        await state.ended.recorded([earlier])
        assert (await state.ended.ended(limit=9)).entries == both[1:]
        await state.ended.recorded(both)
        assert await state.ended.unrecorded() == Unrecorded(0, None)

    run(check)


def test_entry_whose_row_is_written_leaves_nothing_behind_as_it_is_judged_again(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await end(state, "a", LedgerState.SCORED, judgement=JUDGEMENT)
        await state.ended.recorded((await state.ended.ended(limit=9)).entries)
        await state.reopening.reopen([promise("a", rubric_hash="h2")], now=LATER, due=LATER)
        assert await state.ended.unrecorded() == Unrecorded(0, None)

    run(check)


def test_entry_carries_what_its_row_needs(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await end(state, "a", LedgerState.SKIPPED, particulars=SEEN)
        await end(state, "b", LedgerState.SCORED, judgement=JUDGEMENT, particulars=ALL)
        await end(state, "c", LedgerState.DEAD)
        kept = {entry.trace_id: entry.particulars for entry in (await state.ended.ended(limit=9)).entries}
        assert kept == {"a": SEEN, "b": ALL, "c": Particulars()}

    run(check)


def test_new_record_gets_all_that_ended_and_nothing_else(run: Run) -> None:
    async def check(state: FleetState) -> None:
        for trace_id, final in (("a", LedgerState.SCORED), ("b", LedgerState.DEAD), ("c", LedgerState.SKIPPED)):
            await end(state, trace_id, final)
        await state.ended.recorded((await state.ended.ended(limit=9)).entries)
        await state.ledger.promise([promise("open")], now=NOW, due=SOON)
        await end(state, "waits", LedgerState.SKIPPED)
        assert await state.ended.enqueue_all(DAY, DAY) == 3
        assert await state.ended.enqueue_all(DAY, DAY) == 0
        assert sorted(await waiting(state)) == ["a", "b", "c", "waits"]

    run(check)


def test_new_record_gets_nothing_of_other_days(run: Run) -> None:
    async def check(state: FleetState) -> None:
        for trace_id, final in (("a", LedgerState.SCORED), ("b", LedgerState.DEAD)):
            await end(state, trace_id, final)
        await state.ended.recorded((await state.ended.ended(limit=9)).entries)
        after = DAY + timedelta(days=1)
        assert await state.ended.enqueue_all(after, after) == 0
        assert await waiting(state) == []

    run(check)


def test_entry_outlives_an_outage_of_the_database_and_ends_after_its_row(broker: Broker, key_prefix: str) -> None:
    async def check() -> None:
        connection, state = RedisConnection(broker.url, prefix=key_prefix), redis_state(broker.url, prefix=key_prefix)

        async def left_s() -> dict[str, int]:
            names = [(kind, trace_id) for kind in ("entry", "history") for trace_id in ("a", "dead")]
            keys = {f"{kind} {t}": connection.key(f"{kind}:grounding\x1f{t}") for kind, t in names}
            return {name: await connection.client.ttl(key) for name, key in keys.items()}

        try:
            await state.clock.synchronise()
            await state.ledger.promise([promise("a"), promise("dead")], now=NOW, due=SOON)
            changes = [
                transition("a", LedgerState.OPEN, LedgerState.SCORED),
                transition("dead", LedgerState.OPEN, LedgerState.DEAD),
            ]
            now = state.clock.now() - timedelta(days=5)
            await state.ledger.apply("grounding", changes, now=now)
            left = await left_s()
            assert left["entry dead"] == left["history dead"] == -1, "a dead letter stays until somebody decides"
            assert UNRECORDED_TTL_S - 60 < left["entry a"] <= UNRECORDED_TTL_S
            await state.ended.recorded((await state.ended.ended(limit=9)).entries)
            left = await left_s()
            assert left["entry dead"] == left["history dead"] == -1
            assert left["entry a"] == pytest.approx(FINAL_TTL_S - 5 * 86400, abs=60)
            assert left["history a"] == pytest.approx(left["entry a"], abs=2)
        finally:
            await state.close()
            await connection.close()

    asyncio.run(check())


def test_entry_whose_row_came_late_can_still_be_asked_for_a_while(broker: Broker, key_prefix: str) -> None:
    async def check() -> None:
        connection, state = RedisConnection(broker.url, prefix=key_prefix), redis_state(broker.url, prefix=key_prefix)
        try:
            await state.clock.synchronise()
            await state.ledger.promise([promise("a")], now=NOW, due=SOON)
            now = state.clock.now() - timedelta(days=40)
            await state.ledger.apply("grounding", [transition("a", LedgerState.OPEN, LedgerState.SCORED)], now=now)
            await state.ended.recorded((await state.ended.ended(limit=9)).entries)
            left_s = await connection.client.ttl(connection.key("entry:grounding\x1fa"))
            assert left_s == pytest.approx(SHORTEST_TTL_S, abs=60)
        finally:
            await state.close()
            await connection.close()

    asyncio.run(check())


def test_entry_that_an_older_assay_opened_waits_no_longer(broker: Broker, key_prefix: str) -> None:
    """Its scripts know nothing of what waits: while a fleet is upgraded both work side by side."""

    async def check() -> None:
        connection, state = RedisConnection(broker.url, prefix=key_prefix), redis_state(broker.url, prefix=key_prefix)
        try:
            for trace_id, after_s in (("opened", 1.0), ("gone", 2.0), ("ended", 3.0)):
                await end(state, trace_id, LedgerState.SKIPPED, after_s=after_s)
            await connection.client.hset(connection.key("entry:grounding\x1fopened"), "state", "open")
            await connection.client.delete(connection.key("entry:grounding\x1fgone"))
            assert await waiting(state) == ["ended"]
            assert (await state.ended.unrecorded()).entries == 1
        finally:
            await state.close()
            await connection.close()

    asyncio.run(check())


def test_entry_of_an_older_assay_can_be_read_and_recorded(broker: Broker, key_prefix: str) -> None:
    """As it lies in Redis after an upgrade: no particulars, and every default written out."""
    judgement = (
        '{"verdict_key":"k","revision":"r","judge":"local","state":"judged","values":{"hallucination_risk":0.5},'
        '"names":null,"facts":{"release":"7","version":null,"session_id":null,"prompt_name":null,'
        '"prompt_version":null},"session_id":null,"prefix":"","cost_usd":0.0,"screening":null,"degraded":false,'
        '"needs_review":false}'
    )

    async def check() -> None:
        connection, state = RedisConnection(broker.url, prefix=key_prefix), redis_state(broker.url, prefix=key_prefix)
        try:
            await end(state, "a", LedgerState.SCORED)
            await state.ended.recorded((await state.ended.ended(limit=9)).entries)
            await connection.client.hset(connection.key("entry:grounding\x1fa"), "judgement", judgement)
            assert await state.ended.enqueue_all(DAY, DAY) == 1
            (entry,) = (await state.ended.ended(limit=9)).entries
            assert entry.judgement == JUDGEMENT.model_copy(update={"facts": TraceFacts(release="7"), "cost_usd": 0.0})
            assert entry.particulars == Particulars()
        finally:
            await state.close()
            await connection.close()

    asyncio.run(check())


def test_judgement_is_written_so_that_an_older_assay_can_read_it(broker: Broker, key_prefix: str) -> None:
    """It refuses fields that it does not know: of the facts it knows five, and of the rest what it wrote itself."""

    async def check() -> None:
        connection, state = RedisConnection(broker.url, prefix=key_prefix), redis_state(broker.url, prefix=key_prefix)
        try:
            judgement = JUDGEMENT.model_copy(update={"facts": FACTS})
            await end(state, "a", LedgerState.SCORED, judgement=judgement, particulars=ALL)
            raw = await connection.client.hget(connection.key("entry:grounding\x1fa"), "judgement")
            assert raw == (
                b'{"verdict_key":"k","revision":"r","judge":"local","state":"judged",'
                b'"values":{"hallucination_risk":0.5},"facts":{"release":"7"}}'
            )
        finally:
            await state.close()
            await connection.close()

    asyncio.run(check())


def test_those_that_were_seen_already_can_be_left_out(run: Run) -> None:
    async def check(state: FleetState) -> None:
        for trace_id, after_s in (("late", 3.0), ("first", 1.0), ("middle", 2.0)):
            await end(state, trace_id, LedgerState.SKIPPED, after_s=after_s)
        batches = [(await state.ended.ended(limit=1, skip=skip)).entries for skip in range(4)]
        assert [[entry.trace_id for entry in entries] for entries in batches] == [["first"], ["middle"], ["late"], []]

    run(check)


def test_entry_of_a_newer_assay_is_read_without_what_it_knows_more(broker: Broker, key_prefix: str) -> None:
    """At every depth: a fleet that is rolled up or back has entries of both."""
    newer = {"newer": {"a": [1]}}
    judged = JUDGEMENT.model_copy(update={"facts": TraceFacts(release="7")})

    async def check() -> None:
        connection, state = RedisConnection(broker.url, prefix=key_prefix), redis_state(broker.url, prefix=key_prefix)
        key = connection.key("entry:grounding\x1fa")
        try:
            await end(state, "a", LedgerState.SCORED, judgement=judged, particulars=ALL)
            (before,) = (await state.ended.ended(limit=9)).entries
            facts = {**json.loads(judged.facts.model_dump_json()), **newer}
            judgement = {**json.loads(judged.model_dump_json()), "facts": facts, **newer}
            promised = {**json.loads(before.promise.model_dump_json()), **newer}
            spent = {**json.loads(SPENT.model_dump_json()), **newer}
            particulars = {**json.loads(ALL.model_dump_json()), "spent": spent, **newer}
            fields = {"judgement": json.dumps(judgement), "promise": json.dumps(promised), "newer": "1"}
            packed = zlib.compress(json.dumps(particulars).encode())
            await connection.client.hset(key, mapping={**fields, "particulars": packed})  # type: ignore[dict-item]
            ended = await state.ended.ended(limit=9)
            assert (ended.entries, ended.unreadable) == ([before], [])
            with pytest.raises(ValueError, match="newer"):
                await state.ledger.entries("grounding", ["a"])
        finally:
            await state.close()
            await connection.close()

    asyncio.run(check())


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("judgement", '{"verdict_key": ["geheim"]}', "Judgement: verdict_key: string_type"),
        ("judgement", "geheim", "Judgement: : json_invalid"),
        ("promise", None, "KeyError"),
        ("changed_at", "geheim", "ValueError"),
        ("detail", b"\xff", "UnicodeDecodeError"),
    ],
)
def test_entry_that_cannot_be_read_is_told_and_stands_in_nobodys_way(
    broker: Broker, key_prefix: str, field: str, value: str | bytes | None, cause: str
) -> None:
    async def check() -> None:
        connection, state = RedisConnection(broker.url, prefix=key_prefix), redis_state(broker.url, prefix=key_prefix)
        try:
            for trace_id, after_s in (("a", 1.0), ("b", 2.0)):
                await end(state, trace_id, LedgerState.SCORED, judgement=JUDGEMENT, after_s=after_s)
            key = connection.key("entry:grounding\x1fa")
            before = await connection.client.hget(key, field)
            await (connection.client.hdel(key, field) if value is None else connection.client.hset(key, field, value))
            ended = await state.ended.ended(limit=9)
            assert [entry.trace_id for entry in ended.entries] == ["b"]
            assert ended.unreadable == [Unreadable("grounding", "a", cause)]
            await state.ended.recorded(ended.entries)
            assert (await state.ended.unrecorded()).entries == 1, "it is never lost"
            await connection.client.hset(key, field, before)
            assert await waiting(state) == ["a"], "as soon as somebody can read it"
        finally:
            await state.close()
            await connection.close()

    asyncio.run(check())
