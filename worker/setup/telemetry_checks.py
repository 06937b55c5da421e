"""Whether the fleet's own spans, results and metrics are sent by OpenTelemetry, and whether somebody takes them."""

from __future__ import annotations

from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.models.web_address import shown_address
from assay.worker.config.otel_variables import SIGNALS, OtelVariables
from assay.worker.config.settings import read_variables
from assay.worker.extras import install, missing_module
from assay.worker.ports.health import Check
from assay.worker.setup.reaching import why_unreachable

NAME = "own telemetry"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


async def telemetry_check() -> Check:
    """What the standard variables come to. Traces of the application are another matter: these are the fleet's own."""
    try:
        variables = read_variables(OtelVariables)
    except ConfigurationError as exc:
        remedy = "mend the variable, or unset it"
        return Check(name=NAME, status="fail", message=str(exc), remedy=remedy, is_configuration=True)
    places = _places(variables)
    if not places:
        why = "OTEL_SDK_DISABLED is set" if variables.is_disabled else f"{ENDPOINT} is not set"
        return Check(name=NAME, status="ok", message=f"none is sent: {why}")
    if missing_module("otel") is not None:
        remedy = f"{install('otel')}, or unset {ENDPOINT}"
        message = "is to be sent, but OpenTelemetry's SDK is not installed"
        return Check(name=NAME, status="fail", message=message, remedy=remedy, is_configuration=True)
    message = "; ".join(f"{_listed(signals)} go to {address}" for address, signals in places.items())
    away = {address: why for address in places if (why := await why_unreachable(address))}
    if away:
        told = ", ".join(f"{address}: {why}" for address, why in away.items())
        remedy = f"start a collector there, or mend {ENDPOINT}; what cannot be sent is dropped, and judging goes on"
        return Check(name=NAME, status="warn", message=f"{message}; nobody listens: {told}", remedy=remedy)
    return Check(name=NAME, status="ok", message=message)


def _listed(words: list[str]) -> str:
    """Words as a sentence has them, e.g. `traces, logs and metrics`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _places(variables: OtelVariables) -> dict[str, list[str]]:
    """The kinds of signals that are sent, by the address that is shown of where they go."""
    places: dict[str, list[str]] = {}
    for signal in SIGNALS:
        endpoint: SecretStr | None = getattr(variables, f"{signal}_endpoint") or variables.endpoint
        if variables.sends(signal) and endpoint is not None:
            places.setdefault(shown_address(endpoint.get_secret_value()), []).append(signal)
    return places
