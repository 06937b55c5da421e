"""One suite for every implementation of the shared forms of judge endpoints."""

from __future__ import annotations

import asyncio

from assay.judges.models.request_form import FormPlace, JsonForm, LearntForm, RequestForm
from assay.worker.launch.broker import Broker
from assay.worker.ports.state import FleetState
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.state import redis_state
from assay.worker.wiring.shared_forms import SharedForms
from tests.contract.state.making import Run

TOOL = LearntForm(form=RequestForm(json_form=JsonForm.TOOL, logprobs=False, proven=True), learnt_at=1000.0)
BARE = LearntForm(form=RequestForm(json_form=JsonForm.PLAIN, proven=True), learnt_at=2000.0)


def test_form_comes_back_as_it_was_kept_and_unknown_places_have_none(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.request_forms.recall("p") is None
        await state.request_forms.keep("p", TOOL, ttl_s=60)
        assert await state.request_forms.recall("p") == TOOL
        assert await state.request_forms.recall("q") is None

    run(check)


def test_form_learnt_later_takes_the_place_of_the_earlier(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.request_forms.keep("p", TOOL, ttl_s=60)
        await state.request_forms.keep("p", BARE, ttl_s=60)
        assert await state.request_forms.recall("p") == BARE

    run(check)


def test_places_that_differ_in_address_model_or_settings_never_share_a_form(run: Run) -> None:
    async def check(state: FleetState) -> None:
        shared = SharedForms(state.request_forms)
        place = FormPlace("http://h/v1", "m")
        await shared.keep(place, TOOL)
        assert await shared.recall(place) == TOOL
        for other in (place._replace(endpoint="http://i/v1"), place._replace(model="n"), place._replace(forced="x")):
            assert await shared.recall(other) is None

    run(check)


def test_what_another_version_wrote_is_nothing(broker: Broker, key_prefix: str) -> None:
    async def main() -> None:
        connection, state = RedisConnection(broker.url, prefix=key_prefix), redis_state(broker.url, prefix=key_prefix)
        for written in (b"not json", b'{"form": {"colour": "blue"}, "learnt_at": 1}'):
            await connection.client.set(connection.key("form:p"), written, ex=60)
            assert await state.request_forms.recall("p") is None
        await state.request_forms.keep("p", TOOL, ttl_s=60)
        ttl_s = await connection.client.ttl(connection.key("form:p"))
        assert 0 < ttl_s <= 60
        await connection.close()
        await state.close()

    asyncio.run(main())


def test_state_that_is_gone_knows_nothing_and_stops_nobody() -> None:
    async def main() -> None:
        state = redis_state("redis://127.0.0.1:1/0", prefix="gone:", timeout_s=0.5)
        shared = SharedForms(state.request_forms)
        assert await shared.recall(FormPlace("http://h/v1", "m")) is None
        await shared.keep(FormPlace("http://h/v1", "m"), TOOL)
        await state.close()

    asyncio.run(main())
