"""Who is told of each call to a judge model: one function, called where the call's end is told to the account.

Limits know nothing of metrics or traces. Wiring hands them a function of `assay.worker.telemetry.observe`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from assay.judges.models.call_context import Purpose
from assay.judges.schema import Usage
from assay.worker.ports.call_limits import EndKind


class ObservedCall(NamedTuple):
    """One call that ended. Nothing of it is text of a trace.

    Attributes:
        endpoint: as limits in assay.yaml call it.
        model: that was asked.
        model_served: that answered, where the endpoint says so.
        outcome: how it ended. `refused` is a 429, `denied` a refused key or quota, `cancelled` was given up by us.
        seconds: how long the request took; where there was no answer, how long it was under way.
        usage: what it used; None: it was not answered.
        cost_usd: what it cost, of an answered one; None: not known.
        use_case: for which it was made. Empty for golden sets and files.
        purpose: `traffic` or `golden`.
    """

    endpoint: str
    model: str
    model_served: str
    outcome: EndKind
    seconds: float
    usage: Usage | None
    cost_usd: float | None
    use_case: str
    purpose: Purpose


CallObserver = Callable[[ObservedCall], None]
"""Called on the event loop, in the task that made the call. It must neither wait nor raise."""
