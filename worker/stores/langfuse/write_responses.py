"""What the server says of each score that was posted: taken, refused, or not taken this time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.worker.ports.store_errors import StoreAccessDenied, StoreError, StoreRejected, StoreUnavailable

_PASSING = frozenset({408, 409, 425, 429})


def check_counts(answer: Any, part: Sequence[Mapping[str, Any]]) -> None:
    """A list's answer says how many were refused, not which: the caller tries them apart."""
    rejected = answer.get("rejected", 0) if isinstance(answer, dict) else 0
    if rejected:
        errors = answer.get("errors") or [{}]
        message = str(errors[0].get("message", ""))[:200] if isinstance(errors[0], dict) else ""
        raise StoreRejected(f"{rejected} of {len(part)} scores refused ({part[0]['name']!a}, ...): {message}")


def check_errors(answer: Any, part: Sequence[Mapping[str, Any]]) -> None:
    """Every event must be among the successes. One refused for good comes first: the caller tries them apart, and
    meets the others again.
    """
    taken = {event.get("id") for event in answer.get("successes", ())} if isinstance(answer, dict) else set()
    errors = {error.get("id"): error for error in answer.get("errors", ())} if isinstance(answer, dict) else {}
    refusals = [_error_of_event(item, errors.get(item["id"])) for item in part if item["id"] not in taken]
    if refusals:
        raise next((error for error in refusals if isinstance(error, StoreRejected)), refusals[0])


def _error_of_event(item: Mapping[str, Any], error: Mapping[str, Any] | None) -> StoreError:
    """What a 207 says of one event; an event it is silent about was not taken, and not refused either."""
    body = item["body"]
    subject = f"trace {body['traceId']!a}" if "traceId" in body else f"session {body.get('sessionId')!a}"
    where = f"score {body['name']!a} of {subject}"
    if error is None:
        return StoreUnavailable(f"{where}: neither taken nor refused")
    status, why = error.get("status"), f"{error.get('status', '')} {error.get('message', '')}"[:200]
    if status in {401, 403}:
        return StoreAccessDenied(f"{where}: refused: {why}; the key may not write scores")
    if isinstance(status, int) and (status >= 500 or status in _PASSING):
        return StoreUnavailable(f"{where}: not taken: {why}")
    return StoreRejected(f"{where}: refused: {why}")
