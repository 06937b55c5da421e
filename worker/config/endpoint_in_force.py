"""One judge endpoint as it is in force: its section of the files, its variables, and nothing of another's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.web_address import address_problem, is_web_address
from assay.worker.config.endpoint_addresses import endpoint_variable
from assay.worker.config.endpoints import EndpointSection, key_variable, url_variable
from assay.worker.config.judge_files import JudgeFiles, PlacedEndpoint
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.secret_variables import is_of_fleet
from assay.worker.config.settings import EndpointVariables, Settings
from assay.worker.config.written_secrets import filled, names_in

_OF_USUAL = frozenset({"OPENAI_API_KEY", "OPENAI_CUSTOM_HEADERS"})
"""Secrets of the usual endpoint."""

_FILLED = frozenset({"url", "query", "headers", "proxy", "ca_file", "api_version", "azure_deployment"})
"""Keys of a section that are worked out here. The others are settings of the endpoint as they stand."""

_AS_IT_IS = ":%!$&'()*+,;=~-._"
"""Characters of a login that stay as they are, e.g. the colon before the password."""

_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
"""A percent sign that encodes nothing, e.g. in `100%sure`."""

_OWN_KEYS = {"anthropic": ("ANTHROPIC_API_KEY",), "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY")}
"""The usual variables of a provider's key. They count at the provider's own place alone."""


def endpoint_in_force(name: str | None, files: JudgeFiles, settings: Settings) -> EndpointSettings | None:
    """The settings of an endpoint.

    Args:
        name: as rubrics have it. None or `default`: the usual one.
        files: what the team's files say.
        settings: the environment.

    Returns:
        None: nothing says where it is.

    Raises:
        ConfigurationError: what is said does not go together, or names a variable that is not set.
    """
    called = name or DEFAULT_ENDPOINT
    variables = settings.endpoint_variables(None if called == DEFAULT_ENDPOINT else called)
    placed = files.endpoints.get(called)
    _refuse_misnamed(called, variables, files, settings)
    if placed is None:
        is_there = variables.url is not None or (called == DEFAULT_ENDPOINT and variables.key is not None)
        given: dict[str, Any] = {"url": variables.url, "key": variables.key} if is_there else {}
    else:
        given = _Section(called, placed, settings).settings()
    if not given:
        return None
    if called == DEFAULT_ENDPOINT and given.get("protocol", "openai") == "openai":
        given["headers"] = usual_headers(settings) | given.get("headers", {})
    usual = {"timeout_s": settings.judge_timeout_s, "concurrency": settings.judge_concurrency}
    return EndpointSettings.model_validate({"name": called, **usual, **given})


def _refuse_misnamed(called: str, variables: EndpointVariables, files: JudgeFiles, settings: Settings) -> None:
    """Refuse `ASSAY_ENDPOINT_X_API_KEY` where no endpoint `x-api` is meant by it: it is that of another endpoint."""
    prefix = endpoint_variable(called)
    slips = (("KEY", "API_KEY", "api", variables.key), ("URL", "BASE_URL", "base", variables.url))
    for right, wrong, suffix, value in slips:
        other = f"{called}-{suffix}"
        is_other = other in files.endpoints or (right == "KEY" and settings.variable(f"{prefix}_API_URL") is not None)
        if value is None and not is_other and settings.variable(f"{prefix}_{wrong}") is not None:
            raise ConfigurationError(
                f"environment: {prefix}_{wrong}: is the variable of an endpoint {other}, which is not described; for "
                f"{called} set {prefix}_{right}"
            )


def usual_headers(settings: Settings) -> dict[str, SecretStr]:
    """What OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS add to requests to the usual endpoint.

    Raises:
        ConfigurationError: a line of OPENAI_CUSTOM_HEADERS is no header. Nothing of it is in the message.
    """
    headers: dict[str, SecretStr] = {}
    named = (("OpenAI-Organization", settings.openai_org_id), ("OpenAI-Project", settings.openai_project_id))
    headers |= {header: SecretStr(value) for header, value in named if value}
    custom = settings.openai_custom_headers.get_secret_value() if settings.openai_custom_headers else ""
    for number, line in enumerate(custom.splitlines(), start=1):
        header, colon, value = line.partition(":")
        if line.strip() and not (colon and header.strip()):
            raise ConfigurationError(
                f"environment: OPENAI_CUSTOM_HEADERS: line {number} is no header; write `Name: value`, one a line"
            )
        if line.strip():
            headers[header.strip()] = SecretStr(value.strip())
    return headers


class _Section:
    """Works out one section of the files with the variables it names."""

    def __init__(self, name: str, placed: PlacedEndpoint, settings: Settings) -> None:
        self._name = name
        self._section: EndpointSection = placed.section
        self._folder: Path = placed.folder
        self._where = placed.where
        self._is_azure_resource = False
        self._settings = settings

    def settings(self) -> dict[str, Any]:
        """Fields of `EndpointSettings`. Empty where nothing says where the endpoint is."""
        section = self._section
        url, self._is_azure_resource = self._url()
        key = self._key(url)
        if url is None and key is None and section.protocol in {None, "openai"}:
            if self._name != DEFAULT_ENDPOINT:
                raise self._error("url", f"is missing; write it here, or set {url_variable(self._name)}")
            return {}
        given = section.model_dump(exclude_unset=True, exclude_none=True, exclude=set(_FILLED))
        if section.azure_deployment is not None and section.key_header is None:
            given["key_header"] = "api-key"
        headers = {header: self._secret(f"headers.{header}", text) for header, text in section.headers.items()}
        return given | {"url": url, "key": key, "query": self._query(), "headers": headers} | self._connection()

    def _url(self) -> tuple[str | None, bool]:
        """The address, and whether it is that of AZURE_OPENAI_ENDPOINT."""
        section, variables = self._section, self._variables()
        written = None if section.url is None else self._filled("url", section.url)
        if written is not None and (problem := address_problem(written)) is not None:
            raise self._error("url", problem)
        if written is not None and variables.url is not None and written.rstrip("/") != variables.url.rstrip("/"):
            raise self._error("url", f"differs from {url_variable(self._name)}; leave one of them out")
        resource = self._settings.azure_openai_endpoint
        url = written or variables.url or (resource if section.azure_deployment is not None else None)
        if section.azure_deployment is None or url is None:
            if section.azure_deployment is not None:
                raise self._error(
                    "url", "is missing; write https://NAME.openai.azure.com, or set AZURE_OPENAI_ENDPOINT"
                )
            return url, False
        if resource is not None and written is None and variables.url is not None and self._name == DEFAULT_ENDPOINT:
            raise self._error(
                "azure_deployment",
                "has two addresses, OPENAI_BASE_URL and AZURE_OPENAI_ENDPOINT; leave one of them unset",
            )
        is_resource = resource is not None and urlsplit(url)[:2] == urlsplit(resource)[:2]
        deployments = url.rstrip("/").removesuffix("/openai") + "/openai/deployments/"
        return url if "/deployments/" in url else f"{deployments}{section.azure_deployment}", is_resource

    def _key(self, url: str | None) -> SecretStr | None:
        """The endpoint's own key: a provider's usual variable counts at the provider's own place alone."""
        own = self._variables().key
        azure = self._settings.azure_openai_api_key
        if self._is_azure_resource and azure is not None:
            return azure if self._name == DEFAULT_ENDPOINT or own is None else own
        is_elsewhere = self._section.azure_deployment is not None and azure is not None and own is None
        if is_elsewhere and not self._section.headers:  # which may hold a gateway's own key
            variable = key_variable(self._name)
            raise self._error(
                "url", f"is not AZURE_OPENAI_ENDPOINT, so AZURE_OPENAI_API_KEY is not sent there; set {variable}"
            )
        usual = _OWN_KEYS.get(self._section.protocol or "", ())
        if url is not None or not usual:
            return own
        key = next((value for name in usual if (value := self._settings.variable(name)) is not None), None)
        if self._name == DEFAULT_ENDPOINT:  # OPENAI_API_KEY is no key of another provider's
            own = None
        if own is None and key is None:
            raise self._error("protocol", f"{self._section.protocol} needs a key; set {' or '.join(usual)}")
        return own or key

    def _query(self) -> dict[str, SecretStr]:
        section = self._section
        query = {field: self._secret(f"query.{field}", text) for field, text in section.query.items()}
        version = section.api_version
        if version is None and section.azure_deployment is not None and "api-version" not in query:
            version = self._settings.openai_api_version
            if version is None and "api-version=" not in (section.url or ""):
                raise self._error("api_version", "is missing; write e.g. 2024-10-21, or set OPENAI_API_VERSION")
        return query if version is None else query | {"api-version": SecretStr(self._filled("api_version", version))}

    def _connection(self) -> dict[str, Any]:
        section = self._section
        proxy = None if section.proxy is None else SecretStr(self._proxy(section.proxy))
        if section.ca_file is None:
            return {"proxy": proxy}
        path = (self._folder / self._filled("ca_file", section.ca_file)).absolute()
        if not path.is_file():
            raise self._error("ca_file", f"{path}: no such file; name a PEM file")
        return {"proxy": proxy, "ca_file": path}

    def _proxy(self, text: str) -> str:
        """The proxy. A login that a variable brings is percent-encoded: an `@` or `/` would end it too early."""
        login, at, rest = text.rpartition("@")
        scheme, separator, user = login.rpartition("://") if "://" in login else ("", "", login)
        encoded = quote(self._filled("proxy", user), safe=_AS_IT_IS)
        given = f"{scheme}{separator}{_PERCENT.sub('%25', encoded)}{at}{self._filled('proxy', rest)}"
        address = given if "://" in given else f"http://{given}"
        if given and not is_web_address(address):
            raise self._error("proxy", "is no address of an HTTP proxy; write http://host:port")
        return given

    def _variables(self) -> EndpointVariables:
        return self._settings.endpoint_variables(None if self._name == DEFAULT_ENDPOINT else self._name)

    def _secret(self, key: str, text: str) -> SecretStr:
        return SecretStr(self._filled(key, text))

    def _filled(self, key: str, text: str) -> str:
        """The text with the variables of the environment that it names."""
        values: dict[str, str] = {}
        for variable in names_in(text):
            if self._is_anothers(variable):
                raise self._error(key, f"names ${{{variable}}}, which is another's secret; set a variable of its own")
            value = self._settings.variable(variable)
            if value is None:
                raise self._error(key, f"names ${{{variable}}}, which is not set; set it in the environment")
            values[variable] = value.get_secret_value()
        return filled(text, values)

    def _error(self, key: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(f"{self._where(key)}: {remedy}")

    def _is_anothers(self, variable: str) -> bool:
        """Whether a variable is the secret of another endpoint, or of another part of the fleet."""
        if variable.startswith("ASSAY_ENDPOINT_"):
            return variable not in {key_variable(self._name), url_variable(self._name)}
        if variable in _OF_USUAL:
            return self._name != DEFAULT_ENDPOINT
        if variable == "AZURE_OPENAI_API_KEY":
            return not self._is_azure_resource
        owner = next((protocol for protocol, names in _OWN_KEYS.items() if variable in names), None)
        return is_of_fleet(variable) if owner is None else owner != self._section.protocol
