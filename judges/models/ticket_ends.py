"""What an error answer says of the account: paid, perhaps paid, or nothing used."""

from __future__ import annotations

from assay.judges.errors import CallHeld, ModelUnavailable
from assay.judges.models.admission import Ticket
from assay.judges.models.meaning import Meaning
from assay.judges.models.refusals import error_class
from assay.judges.models.status_errors import StatusError


async def close_refused(ticket: Ticket, error: StatusError, latency_s: float) -> CallHeld | None:
    """Close the ticket of a call that was answered with an error.

    Returns:
        What the work is to be told instead, where call after call was refused for the account's sake.
    """
    meaning = error.meaning
    if meaning is Meaning.BROKEN_REPLY or error.usage.prompt_tokens:
        await ticket.answered(error.usage, latency_s=latency_s)
    elif meaning in {Meaning.KEY, Meaning.QUOTA} and error.refusal.status != 403:
        # A 403 holds only its own work: whatever stands before an endpoint answers so, for a text's sake, too.
        return await ticket.denied()
    elif meaning is Meaning.LIMIT:
        await ticket.refused(retry_after_s=error.retry_after_s)
    elif meaning is Meaning.TIMEOUT:
        await ticket.unknown()
    elif error_class(error.refusal) is ModelUnavailable:
        await (ticket.unknown() if error.refusal.status < 300 else ticket.failed())
    else:
        await ticket.rejected()
    return None


def waits_for_access(held: CallHeld, error: StatusError, endpoint: str) -> CallHeld:
    """The hold of a call whose key or account is refused, with cause and remedy."""
    return CallHeld(str(error.as_ours(endpoint)), reason="access", retry_after_s=held.retry_after_s)
