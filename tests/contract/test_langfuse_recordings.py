"""The fake Langfuse answers every recorded request as the real server did: status, keys, types, values, order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.contract.moved_recordings import write_moved
from tests.contract.replay import Answer
from tests.contract.replay_session import SHAPE_ONLY, dual_exchanges, play_dual, play_v4, v4_exchanges, wrongs
from tests.servers.langfuse import recordings
from tests.servers.langfuse.synthetic import templates

V4 = [one["id"] for one in v4_exchanges()]
DUAL = [one["id"] for one in dual_exchanges()]


@cache
def played_v4() -> dict[str, Answer]:
    return play_v4(v4_exchanges())


@cache
def played_dual() -> dict[str, Answer]:
    return play_dual(dual_exchanges())


@pytest.mark.parametrize("exchange_id", V4)
def test_langfuse_answers_as_recorded_on_an_events_only_server(exchange_id: str) -> None:
    assert wrongs(recordings.exchange(exchange_id), played_v4()[exchange_id]) == []


@pytest.mark.parametrize("exchange_id", DUAL)
def test_langfuse_answers_as_recorded_on_a_server_in_migration(exchange_id: str) -> None:
    assert wrongs(recordings.exchange(exchange_id), played_dual()[exchange_id]) == []


def test_recordings_are_replayed_whole() -> None:
    ids = [one["id"] for name in recordings.groups() for one in recordings.recorded(name)]
    assert len(ids) == len(set(ids)) == 415
    assert set(ids) == {*V4, *DUAL}
    assert SHAPE_ONLY.keys() <= set(ids)
    print(f"{len(ids)} recorded exchanges, none excepted, {len(SHAPE_ONLY)} compared by shape alone")


@pytest.fixture
def moved(tmp_path: Path) -> Iterator[None]:
    """Other recordings: every id and every date is another one."""
    write_moved(recordings.RECORDINGS, tmp_path)
    recordings.read_from(tmp_path)
    templates.cache_clear()
    yield
    recordings.read_from(recordings.RECORDINGS)
    templates.cache_clear()


# Requests that were cut when they were recorded are filled up with fixed ids, and one answer is a hash of ids.
FIXED = {"experiments.link-trace"}


@pytest.mark.usefixtures("moved")
def test_langfuse_answers_alike_when_every_id_and_date_is_another() -> None:
    for exchanges, play in ((v4_exchanges(), play_v4), (dual_exchanges(), play_dual)):
        whole = [one for one in exchanges if not {"url_length", "body_cut"} & one["request"].keys()]
        answers = play(whole)
        assert len(answers) > 50
        found = {one["id"]: wrongs(one, answers[one["id"]]) for one in whole if one["id"] not in FIXED}
        assert {name: wrong for name, wrong in found.items() if wrong} == {}
