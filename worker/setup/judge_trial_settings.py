"""What trying a model proposes to write into `endpoints.yaml`: only what has worked."""

from __future__ import annotations

from pydantic import JsonValue

from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.request_form import RequestForm
from assay.worker.setup.judge_trial import TrialFacts

_LEAST_WINDOW = 1_024
"""Tokens. A smaller window cannot be set."""


def proposed_settings(facts: TrialFacts, place: EndpointSettings) -> dict[str, JsonValue]:
    """What was found out and is not as everybody begins: written down, nobody finds it out again."""
    proposed: dict[str, JsonValue] = {}
    if facts.form is not None and facts.form.proven and facts.verdicts:
        proposed |= _form_settings(facts.form, place)
    window = facts.served.window
    if window is not None and place.context_window is None and window >= _LEAST_WINDOW and not facts.too_small:
        proposed["context_window"] = window
    return proposed


def _form_settings(form: RequestForm, place: EndpointSettings) -> dict[str, JsonValue]:
    """The settings that ask in a form from the first call on."""
    usual = RequestForm()
    proposed: dict[str, JsonValue] = {}
    if form.json_form is not usual.json_form and place.form is None:
        proposed["form"] = form.json_form.value
    if form.token_field != usual.token_field and place.token_field is None:
        proposed["token_field"] = form.token_field or "none"
    if not form.logprobs and place.logprobs is None:
        proposed["logprobs"] = False
    if not form.temperature and place.temperature is None:
        proposed["temperature"] = False
    if form.is_exact and place.exact_schema is None:
        proposed["exact_schema"] = True
    if not form.system_role and place.system_role:
        proposed["system_role"] = False
    return proposed
