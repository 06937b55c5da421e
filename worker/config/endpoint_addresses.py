"""Variables of judge endpoints: how they are called, and which of their values are refused before anything starts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from assay.judges.errors import ConfigurationError

_ENDPOINT_URL = re.compile(r"ASSAY_ENDPOINT_[A-Z0-9_]+_URL")
"""The variable of a named endpoint's address, e.g. `ASSAY_ENDPOINT_IN_HOUSE_URL`."""

_USUAL_VARIABLES = {"ASSAY_ENDPOINT_DEFAULT_URL": "OPENAI_BASE_URL", "ASSAY_ENDPOINT_DEFAULT_KEY": "OPENAI_API_KEY"}
"""What somebody might set for the endpoint that files call `default`, and what it is."""


def endpoint_variable(name: str) -> str:
    """What the variables of a named endpoint begin with."""
    return f"ASSAY_ENDPOINT_{name.upper().replace('-', '_')}"


def check_web_address(url: str) -> None:
    """Refuse an address whose parts cannot be told from each other. Nothing of it is in the message."""
    from assay.judges.models.web_address import FORM, is_web_address

    if not is_web_address(url):
        raise ValueError(f"is no web address; write {FORM}")


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
        if _ENDPOINT_URL.fullmatch(name) and value:
            check_endpoint_address(name, value)
