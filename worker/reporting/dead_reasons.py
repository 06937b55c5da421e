"""What the reasons of dead letters mean, and what to do about each, in a few words. In full: the how-to page."""

from __future__ import annotations

_REMEDIES = {
    "RequestRejected": "the endpoint refuses this text: look for a firewall or a size limit",
    "ModelAccessDenied": "mend key, quota or model name, then replay",
    "InvalidVerdict": "the reply was unusable twice: another model, or more max_tokens, then replay",
    "SchemaTimeout": "a check's JSON schema took over 10 s: simplify its patterns",
    "StoreRejected": "the store refuses it: run assay doctor, then replay",
    "unverified": "the store never showed the scores: see that it takes writes, then replay",
    "poison": "its worker died each time it was judged: report it, with the trace if you may",
    "egress_forbidden": "a judge may not see this use case: mend judges_allowed, then replay",
    "ConfigurationError": "mend what the detail names, then replay",
}

_OUTAGE = "tried until it was too old or too often: see that the endpoint or the store works, then replay"
_BUG = "not an error we know: report it with the detail"


def remedy_of(reason: str) -> str:
    """What to do about letters of a reason. A reason that ends an outage names the class of its last error."""
    if reason in _REMEDIES:
        return _REMEDIES[reason]
    is_outage = reason.startswith(("Model", "Store")) or reason.endswith(("Unavailable", "Timeout", "Limited"))
    return _OUTAGE if is_outage else _BUG
