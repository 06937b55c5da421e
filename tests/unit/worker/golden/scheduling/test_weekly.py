"""Scheduled runs week after week: what their news rests on, what survives a dead worker, and what is never told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.schema import Failed
from assay.worker.golden.results.gate_result import GateResult, GateVerdict
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.runs.series import Series, build_series
from assay.worker.golden.scheduling import scheduler as scheduled
from assay.worker.golden.scheduling.announce import Announcement, announce
from assay.worker.golden.scheduling.outcome import RunOutcome, outcome_of
from assay.worker.golden.scheduling.scheduled_job import GoldenPlace
from assay.worker.golden.scheduling.slot_records import SlotBook, SlotRecord, SlotState
from assay.worker.golden.scheduling.tick import RUN_LOCK
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import freeze
from assay.worker.records.messages import GoldenRunMessage
from tests.unit.worker.golden.golden_sets import BAD, OK, item, rubric_named, write_lines
from tests.unit.worker.golden.scheduling.test_scheduler import IDS, MONDAY, Fleet, Runs, hook
from tests.waiting import PATIENCE_S

BROKEN: set[str] = set()
"""Items that the application below answers wrongly."""


def application(question: str, history: object) -> str:
    """The application under test: right, wrong where told so, or out of order with a secret on its lips."""
    if "raise" in BROKEN:
        raise ValueError("Jane Doe (jane@example.org) has no access, api_key=hunter2")
    return BAD if question.removeprefix("Question ").removesuffix("?") in BROKEN else OK


@pytest.fixture(autouse=True)
def _in_order() -> Iterator[None]:
    BROKEN.clear()
    yield
    BROKEN.clear()


class Weeks:
    """A set that runs every Monday against `application`."""

    def __init__(self, home: Path, **manifest: Any) -> None:
        self.fleet = Fleet()
        self.fleet.tick()
        target = {"kind": "python", "call": f"{__name__}:application"}
        self.runs = Runs(home, self.fleet, **{"target": target, "baseline": "old", **manifest})
        self.store = RunStore(home / "data", "bot")
        self.week = 0

    def next(self, *broken: str) -> SlotRecord:
        """The next week's run, with these items answered wrongly."""
        BROKEN.clear()
        BROKEN.update(broken)
        slot = MONDAY + timedelta(weeks=self.week)
        self.week += 1
        self.fleet.tick(slot)
        message = GoldenRunMessage(golden_set="bot", slot=slot)
        done = asyncio.run(self.runs.runs.run(message, owner="w"))
        assert done is not None
        return done

    def series(self) -> Series:
        last = self.store.history()[-1]
        return build_series(
            self.store.history(),
            set_digest=last.set_digest,
            target=last.target,
            acknowledged=self.store.acknowledged(),
        )


# --- the news rests on the series ---------------------------------------------------------------------------------


def test_one_bad_week_at_the_gates_own_alpha_is_no_alarm(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    done = weeks.next(*IDS[:5])
    (kept,) = weeks.store.history()
    assert kept.p_value == pytest.approx(1 / 32)
    assert kept.verdict is GateVerdict.REGRESSED, "as a gate it would be stopped"
    assert done.verdict == "pass"
    assert "this run alone: regressed, one-sided p = 0.0312" in " ".join(done.lines)


def test_a_collapse_is_told_before_there_is_a_series(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    assert weeks.next().verdict == "pass"
    done = weeks.next(*IDS)
    assert done.verdict == "regressed"
    assert "≤ 0.0076" in done.detail, "alpha · 6/(π²k²) at the second look"


def test_the_series_raises_the_alarm_until_somebody_acknowledges_it(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    assert [weeks.next().verdict for _ in range(5)] == ["pass"] * 5
    bad = [weeks.next(*IDS[:5]) for _ in range(4)]
    assert bad[0].verdict == "pass", "one week is no evidence yet"
    assert bad[-1].verdict == "regressed"
    assert "ALARM" in bad[-1].detail
    after = weeks.next()
    assert after.verdict == "regressed", "one good week does not end an alarm"
    weeks.store.acknowledge(after.run_id, MONDAY)
    assert weeks.series().alarm is None
    assert weeks.series().acknowledged == (after.run_id,)
    assert weeks.next().verdict == "pass"
    assert [weeks.next(*IDS[:5]).verdict for _ in range(4)][-1] == "regressed", "it is watched as before"


def test_runs_by_command_are_not_in_the_series(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    for _ in range(6):
        weeks.next()
    before = weeks.series()
    last = weeks.store.history()[-1]
    kept = weeks.store.kept(last.run_id)
    assert isinstance(kept, GateResult)
    for n in range(8):
        weeks.store.save_gate(kept.model_copy(update={"run_id": f"20270101T000000-{n:06}"}))
    assert len(weeks.store.history()) == 14
    assert weeks.series() == before


def test_a_must_pass_item_decides_at_once(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path, gate={"allow_unexamined": True, "must_pass": ["q3"]})
    done = weeks.next("q3")
    assert (done.verdict, done.detail) == ("regressed", "must-pass item failed: q3")


def test_a_judge_that_fails_its_exam_is_not_the_application_s_fault(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    evaluate = weeks.runs.judge.evaluate

    async def confused(sample: Any) -> Any:
        turned = BAD if sample.response == OK else OK
        return await evaluate(sample.model_copy(update={"response": turned}))

    for _ in range(6):
        weeks.next()
    points = len(weeks.series().points)
    weeks.runs.judge.evaluate = confused  # type: ignore[method-assign]
    done = weeks.next()
    assert done.verdict == "inconclusive"
    assert done.detail.startswith("judge exam below_bar")
    weeks.runs.judge.evaluate = evaluate  # type: ignore[method-assign]
    assert len(weeks.series().points) == points


def test_a_margin_one_look_did_not_show_is_no_warning_every_week(tmp_path: Path) -> None:
    gate = {"mode": "non_inferiority", "margin": 0.25, "allow_unexamined": True}
    weeks = Weeks(tmp_path, gate=gate)
    done = weeks.next(*IDS[:2])
    assert weeks.store.history()[0].verdict == "inconclusive"
    assert done.verdict == "pass"


def test_a_large_drop_in_too_few_clusters_is_never_announced_as_a_pass(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    directory = weeks.runs.directory
    shared = [item(name, **({"source_id": "wiki"} if n < 6 else {})) for n, name in enumerate(IDS)]
    write_lines(directory / "items.jsonl", shared)
    freeze(read_golden_set(directory, rubric_named))
    done = weeks.next(*IDS[:6])
    assert weeks.store.history()[0].verdict == "inconclusive"
    assert done.verdict == "inconclusive"
    assert done.detail.startswith("neither passed nor shown to be a regression: 6 items got worse in 1 of 7")
    assert "next: look at the answers" in " ".join(done.lines)


def test_a_run_without_a_baseline_is_watched_too(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path, baseline=None)
    assert [weeks.next().verdict for _ in range(5)] == ["complete"] * 5
    assert [weeks.next(*IDS[:4]).verdict for _ in range(4)][-1] == "regressed"


def test_the_news_of_an_alarm_is_a_cross(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    weeks.next()
    with hook() as there:
        place = GoldenPlace(**{**weeks.runs.runs.place.__dict__, "webhook": SecretStr(there.url)})
        weeks.runs.runs = scheduled.ScheduledRuns(
            weeks.fleet.state.key_values, weeks.fleet.state.locks, weeks.fleet.clock, place
        )
        weeks.next(*IDS)
        weeks.next()
    assert [one["text"][0] for one in there.received] == ["❌", "✅"]


# --- a worker that dies -------------------------------------------------------------------------------------------


def test_a_run_that_was_kept_is_told_without_being_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks = Weeks(tmp_path)
    weeks.fleet.tick(MONDAY)

    def dies(*_: object) -> RunOutcome:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("assay.worker.golden.scheduling.scheduled_job.outcome_of", dies)
        with pytest.raises(KeyboardInterrupt):
            weeks.runs.run()
    asyncio.run(weeks.fleet.state.locks.release(RUN_LOCK, owner="w1"))  # in Redis it expires
    judged = len(weeks.runs.judge.samples)
    assert weeks.store.history()
    done = weeks.runs.run("w2")
    assert done is not None
    assert (done.state, done.verdict) == (SlotState.DONE, "pass")
    assert len(weeks.runs.judge.samples) == judged
    assert len(weeks.store.history()) == 1


def test_news_that_was_cut_off_is_told_from_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weeks = Weeks(tmp_path)
    weeks.fleet.tick(MONDAY)
    told: list[Announcement] = []

    async def dies_once(news: Announcement, url: Any) -> str:
        told.append(news)
        if len(told) == 1:
            raise KeyboardInterrupt
        return await announce(news, url)

    monkeypatch.setattr(scheduled, "announce", dies_once)
    with pytest.raises(KeyboardInterrupt):
        weeks.runs.run()
    asyncio.run(weeks.fleet.state.locks.release(RUN_LOCK, owner="w1"))
    record = weeks.fleet.record()
    assert record is not None
    assert (record.state, record.verdict) == (SlotState.ANNOUNCING, "pass")
    assert weeks.fleet.tick(MONDAY + timedelta(minutes=1)).published == ("bot",)
    (weeks.runs.directory / "items.jsonl").write_text("gone")  # nothing of the set is needed any more
    done = weeks.runs.run("w2")
    assert done is not None
    assert (done.state, done.verdict, done.attempts) == (SlotState.DONE, "pass", 1)
    assert told[0] == told[1]


def test_a_run_whose_lock_another_worker_took_stops_and_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduled, "RENEW_EVERY_S", 0.01)
    weeks = Weeks(tmp_path)
    weeks.fleet.tick(MONDAY)
    evaluate = weeks.runs.judge.evaluate

    async def slowly(sample: Any) -> Any:
        await weeks.fleet.state.locks.release(RUN_LOCK, owner="w1")  # 60 seconds without a renewal
        await weeks.fleet.state.locks.acquire(RUN_LOCK, owner="w2", ttl_s=60)
        await asyncio.sleep(PATIENCE_S)  # it is stopped meanwhile
        return await evaluate(sample)

    weeks.runs.judge.evaluate = slowly  # type: ignore[method-assign]
    assert weeks.runs.run("w1") is None
    record = weeks.fleet.record()
    assert record is not None
    assert record.state is SlotState.RUNNING, "the other worker says how it ends"
    assert weeks.store.history() == ()
    assert len(weeks.runs.judge.samples) < 2 * len(IDS), "it did not go on for nobody"


def test_the_journal_stays_where_anchors_are_missing(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    evaluate = weeks.runs.judge.evaluate
    down = True

    async def anchors_fail(sample: Any) -> Any:
        if down and sample.contexts == ("c",):
            return Failed(error="JudgeDown", message="")
        return await evaluate(sample)

    weeks.runs.judge.evaluate = anchors_fail  # type: ignore[method-assign]
    weeks.next()
    assert list(tmp_path.rglob("journal.jsonl")), "what was judged need not be judged again"
    down = False
    weeks.next()
    assert len(list(tmp_path.rglob("journal.jsonl"))) == 1


# --- what is never told -------------------------------------------------------------------------------------------


def test_what_an_exception_says_reaches_neither_channel_nor_state(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    done = weeks.next("raise")
    assert done.verdict == "inconclusive"
    said = asyncio.run(weeks.fleet.state.key_values.kept([f"golden:slot:bot:{MONDAY.isoformat()}"]))
    (raw,) = said.values()
    assert b"target failed: error: ValueError" in raw
    assert b"Jane" not in raw
    kept = weeks.store.kept(done.run_id)
    assert isinstance(kept, GateResult)
    whole = kept.model_dump_json() + "".join(p.read_text() for p in tmp_path.rglob("exchanges.jsonl"))
    assert "hunter2" not in whole


def test_an_import_that_fails_is_told_in_our_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app_of_this_test.py").write_text("raise ValueError('Jane Doe')\n")
    monkeypatch.syspath_prepend(tmp_path)
    weeks = Weeks(tmp_path / "h", target={"kind": "python", "call": "app_of_this_test:answer"})
    done = weeks.next()
    assert done.state is SlotState.FAILED
    assert "app_of_this_test" in done.detail
    assert "Jane" not in done.detail


# --- shown in the trace store -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fails", "said"), [(False, "experiment bot"), (True, "experiment failed: ValueError")])
def test_a_run_is_shown_after_it_is_kept_whatever_becomes_of_that(tmp_path: Path, fails: bool, said: str) -> None:
    weeks = Weeks(tmp_path)
    kept: list[int] = []

    async def show(golden: GoldenSet, made: GoldenRun | GateResult) -> str:
        kept.append(len(weeks.store.history()))
        if fails:
            raise ValueError("private")
        return f"experiment {golden.name}"

    place = GoldenPlace(**{**weeks.runs.runs.place.__dict__, "show": show})
    weeks.runs.runs = scheduled.ScheduledRuns(
        weeks.fleet.state.key_values, weeks.fleet.state.locks, weeks.fleet.clock, place
    )
    done = weeks.next()
    assert (done.state, done.verdict, done.shown, kept) == (SlotState.DONE, "pass", said, [1])


def test_the_last_run_is_known_while_the_next_is_overdue(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    done = weeks.next()
    weeks.fleet.clock.moment = MONDAY + timedelta(days=8)
    status = weeks.fleet.status()
    assert status.overdue_s == 24 * 3600
    assert status.record is None
    assert status.last_run == done
    assert asyncio.run(SlotBook(weeks.fleet.state.key_values).record("bot", MONDAY)) == done


def test_outcomes_name_no_answer(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    done = weeks.next(*IDS)
    kept = weeks.store.kept(done.run_id)
    assert kept is not None
    golden = weeks.runs.runs.place.load("bot")
    said = outcome_of(kept, golden, weeks.series()).model_dump_json()
    assert "risk=" not in said
    assert "Question" not in said
