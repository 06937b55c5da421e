"""What the tests of this folder wait for and hold a fleet to."""

from __future__ import annotations

from collections.abc import Callable

from assay.worker.history.opening import FILE
from benchmarks.fire.audit import Audit, audit
from benchmarks.fire.fleet import Fire
from tests.recorded import hold_record_to_ledger, unrecorded
from tests.waiting import until


def answered(fleet: Fire) -> int:
    """How many traces the judge has answered."""
    return int(fleet.judge.ask("stats")["traces_answered"])


def in_flight(fleet: Fire) -> int:
    """How many calls the judge has at this moment."""
    return int(fleet.judge.ask("stats")["outcomes"].get("open", 0))


def await_that(fleet: Fire, condition: Callable[[], object]) -> None:
    """Poll until a condition holds, starting again what ended; a failure shows what the fleet wrote last."""

    def holds() -> object:
        fleet.revive()
        return condition()

    until(holds, told=lambda: _told(fleet), every_s=0.2)


def settled(fleet: Fire) -> Audit:
    """Wait until every trace is final; what became of each.

    Holds in every test: nothing lost, nothing wrong, and a row in the record for each, the ledger's own.
    """
    await_that(fleet, lambda: fleet.final() >= fleet.traces)
    found = audit(fleet)
    assert found.open == 0, found.line()
    assert not found.lost, found.line()
    assert found.doubled == 0, found.line()
    assert not found.wrong_value, found.line()
    assert not found.wrong_trace, found.line()
    assert found.funnel_adds_up, found.line()
    await_that(fleet, lambda: unrecorded(fleet.broker.url) == 0)
    assert len(hold_record_to_ledger(fleet.broker.url, fleet.home / ".assay" / FILE)) == fleet.traces
    return found


def _told(fleet: Fire) -> str:
    logs = "\n".join(f"--- {log.name}\n{log.read_text()[-1500:]}" for log in sorted(fleet.logs.glob("*.log")))
    return f"{fleet.states()} {fleet.events}\n{logs}"
