"""Whether an endpoint can be asked in the way a rubric wants: told before anything is paid for."""

from __future__ import annotations

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.rubric import LlmOptions


def check_asked_way(place: EndpointSettings, options: LlmOptions) -> None:
    """Refuse `ask: sentences` where token probabilities cannot come: they are what is read.

    Raises:
        ConfigurationError: names the key and the remedy.
    """
    if options.ask != "sentences":
        return
    if place.protocol == "anthropic" or place.logprobs is False:
        why = "speaks anthropic, which has none" if place.protocol == "anthropic" else "has `logprobs: false`"
        raise ConfigurationError(
            f"judge.llm.ask: sentences needs token probabilities, and endpoint {place.name} {why}; write `ask: table`, "
            "or name another endpoint"
        )
