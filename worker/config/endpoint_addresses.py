"""Variables of judge endpoints: how they are called, and which of their values are refused before anything starts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from assay.judges.errors import ConfigurationError

_ENDPOINT_URL = re.compile(r"ASSAY_ENDPOINT_[A-Z0-9_]+_URL")
"""The variable of a named endpoint's address, e.g. `ASSAY_ENDPOINT_IN_HOUSE_URL`."""

_NO_VARIABLE = re.compile(
    r"ASSAY_ENDPOINTS_[A-Z0-9_]+_(?:URL|KEY)"
    r"|ASSAY_ENDPOINT_[A-Za-z0-9_-]+_(?i:TOKEN|SECRET|PASSWORD|APIKEY|KEYS|BEARER|AUTH|AUTHORIZATION|URI|URLS|BASEURL|ADDRESS)"
    r"|ASSAY_ENDPOINT_(?=[A-Z0-9_-]*[a-z-])[A-Za-z0-9_-]+_(?i:URL|KEY)"
)
"""What is meant to be a variable of an endpoint and is none, e.g. `ASSAY_ENDPOINT_IN_HOUSE_TOKEN`."""

_USUAL_VARIABLES = {"ASSAY_ENDPOINT_DEFAULT_URL": "OPENAI_BASE_URL", "ASSAY_ENDPOINT_DEFAULT_KEY": "OPENAI_API_KEY"}
"""What somebody might set for the endpoint that files call `default`, and what it is."""


def endpoint_variable(name: str) -> str:
    """What the variables of a named endpoint begin with."""
    return f"ASSAY_ENDPOINT_{name.upper().replace('-', '_')}"


def check_web_address(url: str) -> None:
    """Refuse an address whose parts cannot be told from each other. Nothing of it is in the message."""
    from assay.judges.models.web_address import address_problem

    if (problem := address_problem(url)) is not None:
        raise ValueError(problem)


def check_endpoint_address(variable: str, url: str) -> None:
    """Refuse the value of a variable that is no address.

    Raises:
        ConfigurationError: names the variable.
    """
    try:
        check_web_address(url)
    except ValueError as exc:
        raise ConfigurationError(f"environment: {variable}: {exc}") from exc


def check_endpoint_variables(environ: Mapping[str, str]) -> None:
    """Refuse addresses of named endpoints that are none, also where no rubric names the endpoint yet.

    Raises:
        ConfigurationError: names the variable and the remedy.
    """
    for name, value in environ.items():
        usual = _USUAL_VARIABLES.get(name)
        if usual and value:
            raise ConfigurationError(f"environment: {name}: `default` is the usual endpoint; set {usual} instead")
        if _NO_VARIABLE.fullmatch(name) and value:
            raise ConfigurationError(
                f"environment: {name}: is read by nobody; the address of an endpoint is ASSAY_ENDPOINT_NAME_URL and "
                "its key ASSAY_ENDPOINT_NAME_KEY, the name in capitals and with _ for -"
            )
        if _ENDPOINT_URL.fullmatch(name) and value:
            check_endpoint_address(name, value)


def named_by_variables(environ: Mapping[str, str]) -> list[str]:
    """Names of the endpoints whose address the environment gives, as rubrics have them."""
    return sorted(
        name.removeprefix("ASSAY_ENDPOINT_").removesuffix("_URL").lower().replace("_", "-")
        for name, value in environ.items()
        if value and _ENDPOINT_URL.fullmatch(name)
    )
