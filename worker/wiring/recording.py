"""What writes scores and reads them back, for each store of a deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from assay.worker.flow.record import Recorder
from assay.worker.flow.sessions import SessionScorer
from assay.worker.flow.store_recording import RecorderOfStores, Records
from assay.worker.flow.store_verifying import VerifierOfStores, Verifies
from assay.worker.flow.verify import Verifier
from assay.worker.ports.capabilities import WithSessionScores
from assay.worker.wiring.copying import copy_requests
from assay.worker.wiring.reviewing import review_draws
from assay.worker.wiring.state_of_store import key_values_of, locks_of
from assay.worker.wiring.stores import Part
from assay.worker.wiring.watch import assessment_watch

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


def recorder_of(runtime: Runtime) -> Records:
    """Writes scores."""
    recorders = {part.mark: _recorder(runtime, part) for part in runtime.stores.parts}
    return recorders[""] if len(recorders) == 1 else RecorderOfStores(recorders, runtime.stores.mark_of)


def verifier_of(runtime: Runtime) -> Verifies:
    """Reads scores back."""
    verifiers = {part.mark: _verifier(runtime, part) for part in runtime.stores.parts}
    return verifiers[""] if len(verifiers) == 1 else VerifierOfStores(verifiers, runtime.stores.mark_of)


def _recorder(runtime: Runtime, part: Part) -> Recorder:
    state = runtime.state
    return Recorder(
        project=part.store,
        sink=part.store,
        ledger=state.ledger,
        verdicts=state.verdicts,
        clock=runtime.clock,
        read_lag=timedelta(seconds=part.place.read_lag_s),
        sessions=_session_scorer(runtime, part),
        told=assessment_watch(),
    )


def _session_scorer(runtime: Runtime, part: Part) -> SessionScorer | None:
    """Keeps the scores of sessions in step; None where the store shows none."""
    if not isinstance(part.store, WithSessionScores):
        return None
    key_values, locks = key_values_of(runtime.state, part.mark), locks_of(runtime.state, part.mark)
    return SessionScorer(sink=part.store, key_values=key_values, locks=locks)


def _verifier(runtime: Runtime, part: Part) -> Verifier:
    state = runtime.state
    return Verifier(
        project=part.store,
        sink=part.store,
        ledger=state.ledger,
        locks=state.locks,
        reviews=state.reviews,
        publish=runtime.publish,
        clock=runtime.clock,
        rewrite_after=timedelta(seconds=runtime.settings.rewrite_after_s),
        review_queues=runtime.deployment.review_queues,
        draws=review_draws(runtime),
        copies=copy_requests(runtime),
        lock=f"verify~{part.mark}" if part.mark else "verify",
    )
