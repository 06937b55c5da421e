"""A fact that differs in every trace: the values with the most traces get slices, the others are counted."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from assay.worker.records.history import HistoryRow
from assay.worker.reporting.period import reading as period
from assay.worker.reporting.period.reading import PeriodReader
from assay.worker.signals import frequent, told_values
from assay.worker.signals.reading import read_traffic
from assay.worker.state.memory.history import memory_history
from tests.contract.history.making import EVER, row


def rows_of(seed: int) -> list[HistoryRow]:
    """Traces of two use cases and two revisions, some unanswered or boosted, half with a release of their own."""
    chance = random.Random(seed)

    def one_row(number: int) -> HistoryRow:
        answered = chance.random() < 0.8
        ended = {"revision": chance.choice("rs"), "risk": chance.random(), "calibrated": True} if answered else {}
        common = chance.choice(["v1", "v2", "v3", "v3", None])
        return row(
            f"t{number}",
            use_case=chance.choice(["bot", "search"]),
            release=common if chance.random() < 0.5 else f"build-{number}",
            state="scored" if answered else "dead",
            reason="judged" if answered else "poison",
            **chance.choice([{}, {"stratum": "feedback", "sample": "boost"}]) if number % 9 == 0 else {},
            **ended,
        )

    return [one_row(number) for number in range(300)]


def split(rows: list[HistoryRow], **asked: Any) -> Any:
    async def main() -> Any:
        record = memory_history()
        await record.writer.write(rows)
        if asked:
            return await read_traffic(record.reader, EVER, by="release", **asked)
        report = await PeriodReader(record.reader, cuts={}).read(EVER, by="release", compare=False)
        return [
            json.loads(line.split.model_dump_json())
            for case in report.use_cases
            for line in case.revisions
            if line.split
        ]

    return asyncio.run(main())


@pytest.mark.parametrize("seed", range(3))
def test_the_largest_values_are_told_as_if_all_were(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(period, "MOST_VALUES", 3)
    rows = rows_of(seed)
    whole = split(rows)
    monkeypatch.setattr(told_values, "MOST_SLICED", 10)
    monkeypatch.setattr(told_values, "MOST_EACH", 5)
    bounded = split(rows)
    assert [{**line, "other_values": 0} for line in bounded] == [{**line, "other_values": 0} for line in whole]
    assert sum(line["others"] for line in bounded) > 50
    for few, all_of_them in zip(bounded, whole, strict=True):
        # Values of which nothing was scored are told of where all get slices.
        assert 0 < few["other_values"] <= all_of_them["other_values"]


def test_values_that_are_forgotten_are_counted_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_values, "MOST_SLICED", 10)
    whole = split(rows_of(1))
    monkeypatch.setattr(frequent.Frequent.__init__, "__defaults__", (20,))
    bounded = split(rows_of(1))
    for few, all_of_them in zip(bounded, whole, strict=True):
        common = [value for value in all_of_them["values"] if value["value"] in {"v1", "v2", "v3", None}]
        assert len(common) >= 3
        assert [value for value in few["values"] if value in common] == common
        traces = [sum(value["rates"]["n"] for value in line["values"]) + line["others"] for line in (few, all_of_them)]
        assert traces[0] == traces[1]


def test_values_that_are_asked_for_get_their_slices_however_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_values, "MOST_SLICED", 10)
    monkeypatch.setattr(told_values, "MOST_EACH", 1)
    rows = rows_of(2)
    rare = next(known.release for known in rows if known.revision and known.sample == "base" and known.release)
    asked = split(rows, only={rare, "v1"})
    assert {key.value for key in asked} == {rare, "v1"}
    assert sum(traffic.n for traffic in asked.values()) == sum(
        known.release in {rare, "v1"} and known.state == "scored" and known.sample == "base" for known in rows
    )
