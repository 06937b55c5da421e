"""How long a call waits for leave where it stands, before its work is put off."""

from __future__ import annotations

from dataclasses import dataclass

from assay.judges.models.call_context import CallContext


@dataclass(frozen=True)
class Patience:
    """Seconds that a call waits in place.

    Attributes:
        wait_s: usually. Longer waits are for the backlog, where they hold no worker.
        paid_s: once a call of the same sample was paid: giving up would pay for it again. And for golden work.
        probe_s: while a breaker is open.
        waits_for_key: whether a key or quota that is refused call after call is an outage, and work waits for its
            end. Else every call says so.
    """

    wait_s: float
    paid_s: float
    probe_s: float
    waits_for_key: bool = False

    def of(self, context: CallContext) -> float:
        """How long a call of this context waits."""
        return self.paid_s if context.has_paid or context.purpose == "golden" else self.wait_s


WORKER = Patience(wait_s=10.0, paid_s=90.0, probe_s=0.0, waits_for_key=True)
"""Work that is put off comes again. 90 s lie within a batch's deadline of 120 s."""

COMMAND = Patience(wait_s=3600.0, paid_s=3600.0, probe_s=60.0)
"""A command has nobody to come again for it: it waits, and its progress bar stands still."""
