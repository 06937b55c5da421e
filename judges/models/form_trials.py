"""Forms that are tried once beside the one that works: a stricter one after a day, the exact schema for small models.

A trial is one request. Where it is refused or not heeded, the same call is asked in the known form at once.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from assay.judges.models.form_ladder import FormLadder
from assay.judges.models.protocol import Asked
from assay.judges.models.request_form import JsonForm, KnownForm, RequestForm

_COMPILING = ("openai.com", "azure.com", "anthropic.com", "googleapis.com", "amazonaws.com")
"""Hosts whose providers compile a schema once and keep it, for seconds of waiting each: one for each call is the
wrong way to ask them. They also refuse `prefixItems`. See OpenAI's guide to structured outputs."""

_FEWEST_REPAIRS = 2
_REPAIRED_SHARE = 0.2
"""Of the calls, beyond which the model is one that does not keep to the table. Large models break it in few of 100."""


def compiles_schemas(address: str) -> bool:
    """Whether an address is a provider's that keeps compiled schemas, e.g. `https://x.openai.azure.com/openai/v1`."""
    host = urlsplit(address).hostname or ""
    return any(host == name or host.endswith(f".{name}") for name in _COMPILING)


def trial_of(known: KnownForm, asked: Asked, ladder: FormLadder) -> RequestForm | None:
    """The form to try with this call. None: the known one.

    Args:
        known: what is known of the endpoint; its form is proven.
        asked: the call. One that repairs a reply shows that the model broke the table.
        ladder: the forms of the endpoint.
    """
    if known.is_old():
        former = known.renew()
        return ladder.stricter(known.form) if former is None or former == known.form else former
    form = known.form
    if not ladder.may_try_exact or known.is_exact_tried or asked.exact_schema is None or form.is_exact:
        return None
    if form.json_form is not JsonForm.SCHEMA or form.is_loose:
        return None
    known.calls += 1
    known.repairs += any(message.role == "assistant" for message in asked.messages)
    if known.repairs < _FEWEST_REPAIRS or known.repairs < _REPAIRED_SHARE * known.calls:
        return None
    known.is_exact_tried = True
    return form.model_copy(update={"is_exact": True, "proven": False})
