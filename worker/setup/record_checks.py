"""What doctor says of the record: whether its database answers, what waits for its row, and whether there are two."""

from __future__ import annotations

from collections.abc import AsyncIterator

from assay.judges.errors import ConfigurationError
from assay.worker.ports.health import Check
from assay.worker.ports.state import StateUnavailable
from assay.worker.reporting.record_health import RecordHealth, in_turn_words, read_record_health
from assay.worker.wiring.runtime import Runtime


async def record_checks(runtime: Runtime) -> AsyncIterator[Check]:
    """The record's own check, as this machine sees it, and what the fleet says of writing it."""
    try:
        yield await runtime.history.reader.examine()
    except ConfigurationError as exc:
        remedy = "mend ASSAY_DATABASE_URL, or leave it out where one machine runs all control workers"
        yield Check(name="record", status="fail", message=str(exc), remedy=remedy, is_configuration=True)
    try:
        health = await read_record_health(runtime.state.ended, runtime.state.key_values, runtime.clock.now())
    except StateUnavailable:
        return  # told of Redis already
    yield _writing(health)
    if health.databases_in_turn:
        yield Check(
            name="record databases",
            status="warn",
            message=in_turn_words(health.databases_in_turn).removeprefix("record: "),
            remedy="set ASSAY_DATABASE_URL on all of them; a new database gets what the ledger still has",
        )


def _writing(health: RecordHealth) -> Check:
    details = health.model_dump(mode="json", exclude={"sentences"})
    waiting = health.waiting_words
    if health.trouble:
        message = f"{waiting}: {health.trouble}"
        remedy = "mend what a control worker is kept from writing by; nothing is lost meanwhile"
        return Check(name="record writing", status="fail", message=message, remedy=remedy, details=details)
    if health.sentences and not health.databases_in_turn:
        remedy = "see that a control worker and beat run, and the log of the control worker"
        return Check(name="record writing", status="warn", message=waiting, remedy=remedy, details=details)
    return Check(name="record writing", status="ok", message=waiting, details=details)
