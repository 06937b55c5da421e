"""What a person can do where trying a model failed.

It follows from what the endpoint answered, and names the variable or the line of the file that is in force.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from assay.judges.errors import (
    CallHeld,
    ConfigurationError,
    EvaluationError,
    InvalidVerdict,
    ModelAccessDenied,
    ModelRefused,
    ModelTimeout,
    RateLimited,
    RequestRejected,
    UnjudgeableSample,
)
from assay.judges.llm.statements.yes_or_no import NO_PROBABILITIES
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_client import HttpFault
from assay.judges.models.meaning import Meaning
from assay.judges.models.status_errors import StatusError
from assay.worker.config.endpoints import ENDPOINTS_FILE, key_variable, url_variable
from assay.worker.config.judge_files import JudgeFiles
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.settings import Settings
from assay.worker.setup.served_models import ServedModel, lacks_version

_PROVIDERS_KEYS = {"anthropic": ("ANTHROPIC_API_KEY",), "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY")}
"""The usual variables of a provider's key, e.g. `ANTHROPIC_API_KEY`."""

_TABLE = "docs/reference/endpoints.md"
_NEEDED = {
    "enable_thinking": "extra_body: {enable_thinking: false}",
    "stream": "extra_body: {stream: true}",
    "api-version": "api_version: …",
}
"""What an endpoint may want that speaks of it in a refusal, e.g. `stream`."""

_REFUSES = "its filter refuses a harmless sample about a museum: it refuses anything"
_NO_ROOM = "the endpoint has no room now: wait, or ask it for a higher limit, and hold the fleet to it"
_SLOW = "see why it takes so long, or raise timeout_s"
_OUTAGES = "it fails by itself: see its log and its status page; run it again when it is up"


class Sources(NamedTuple):
    """Where what is in force comes from, in words.

    Attributes:
        key: the variable of the key, e.g. `OPENAI_API_KEY`.
        address: the variable of the address, or where it stands in the files.
    """

    key: str
    address: str


class Remedy(NamedTuple):
    """What to do, and whether a person must edit something. Else it is the endpoint's turn."""

    words: str
    is_configuration: bool


def sources_of(place: EndpointSettings, files: JudgeFiles, settings: Settings) -> Sources:
    """Where key and address of an endpoint come from."""
    placed = files.endpoints.get(place.name)
    address = url_variable(place.name)
    if placed is not None and (placed.section.url is not None or place.url is None):
        address = f"url of {place.name} in {placed.path.name}"
    elif placed is not None and placed.section.azure_deployment is not None and settings.azure_openai_endpoint:
        address = "AZURE_OPENAI_ENDPOINT"
    return Sources(_key_source(place, settings), address)


def _key_source(place: EndpointSettings, settings: Settings) -> str:
    own = key_variable(place.name)
    if place.key is None:
        return f"headers of {place.name} in {ENDPOINTS_FILE}" if place.headers else own
    azure, written = settings.azure_openai_api_key, place.key.get_secret_value()
    variables = settings.endpoint_variables(None if place.name == DEFAULT_ENDPOINT else place.name)
    values = {} if place.url is not None else {name: settings.variable(name) for name in _own_names(place)}
    values |= {own: variables.key, "AZURE_OPENAI_API_KEY": azure}
    return next((name for name, value in values.items() if value and value.get_secret_value() == written), own)


def _own_names(place: EndpointSettings) -> tuple[str, ...]:
    return _PROVIDERS_KEYS.get(place.protocol, ())


class Remedies:
    """Says what to do about the errors of one model at one endpoint."""

    def __init__(self, place: EndpointSettings, sources: Sources, served: ServedModel, spend_key: str) -> None:
        """Keep the parts.

        Args:
            place: the endpoint.
            sources: where its key and address come from.
            served: what the server's list of models says.
            spend_key: where the rubric says what a sample may cost, e.g. `judge.llm`.
        """
        self._place = place
        self._sources = sources
        self._served = served
        self._spend_key = spend_key

    def of(self, error: EvaluationError) -> Remedy:
        """What to do about an error."""
        ways: tuple[tuple[type[EvaluationError], Callable[[Any], Remedy]], ...] = (
            (ConfigurationError, lambda _: Remedy("mend the setting it names", True)),
            (UnjudgeableSample, self._unjudgeable),
            (ModelRefused, lambda _: Remedy(_REFUSES, False)),
            (CallHeld, self._held),
            (InvalidVerdict, lambda _: Remedy(f"another `form` in {ENDPOINTS_FILE} may be what it can read", False)),
            (ModelAccessDenied, lambda denied: Remedy(self._denied(denied), True)),
            (RequestRejected, self._rejected),
            (RateLimited, lambda _: Remedy(f"{_NO_ROOM} by limits.endpoints.{self._place.name} in assay.yaml", False)),
            (ModelTimeout, lambda _: Remedy(f"{_SLOW} of {self._place.name} in {ENDPOINTS_FILE}", False)),
        )
        return next((way(error) for kind, way in ways if isinstance(error, kind)), None) or self._unavailable(error)

    def _rejected(self, error: EvaluationError) -> Remedy:
        needs = f"see in {_TABLE} which settings this provider needs; the endpoint's own log tells the rest"
        cause = _status_of(error)
        complaint = "" if cause is None else cause.refusal.complaint
        hint = next((setting for word, setting in _NEEDED.items() if word in complaint), "")
        if "judge.llm.max_tokens" in str(error):
            needs = "lower judge.llm.max_tokens in the rubric"
        elif hint:
            needs = f"it may need `{hint}` under {self._place.name} in {ENDPOINTS_FILE}; {needs}"
        return Remedy(self._of_page(error) or needs, True)

    def _unjudgeable(self, error: UnjudgeableSample) -> Remedy:
        if error.reason == "too_expensive":
            return Remedy(f"raise {self._spend_key}.max_usd in the rubric: a sample of two sentences costs more", True)
        words = (
            "its window is too small for a sample of two sentences: serve the model with a larger one (vLLM: "
            "--max-model-len, llama.cpp: -c, Ollama: OLLAMA_CONTEXT_LENGTH), or lower judge.llm.max_tokens"
        )
        return Remedy(words, True)

    def _held(self, error: CallHeld) -> Remedy:
        if error.reason == "access":
            return Remedy(self._denied(error), True)
        if error.reason == "breaker":
            return Remedy("see that the endpoint answers; run it again", False)
        return Remedy("raise the limit or the budget in assay.yaml, or run it again later", False)

    def _denied(self, error: EvaluationError) -> str:
        """What to do about key, account, model or address."""
        if NO_PROBABILITIES in str(error):
            return "turn on token probabilities at the server, or write `ask: table` in the rubric's judge.llm"
        cause = _status_of(error)
        meaning = Meaning.UNKNOWN if cause is None else cause.meaning
        if meaning is Meaning.QUOTA:
            return f"pay the account that {self._sources.key} belongs to, or raise its limit, at the provider"
        if meaning is Meaning.REDIRECT:
            return f"set {self._sources.address} to where it points"
        if meaning is Meaning.KEY:
            is_set = self._place.key is not None or self._place.headers
            header = (
                "" if self._place.key_header else f", or key_header in {ENDPOINTS_FILE}: it may want another header"
            )
            return f"{'check' if is_set else 'set'} {self._sources.key}{header if is_set else ''}"
        page = self._of_page(error)
        if page or (cause is not None and cause.refusal.status in {404, 405}):
            return page or self._not_there(meaning)
        return f"check {self._sources.key}, the model's name{self._names()} and {self._sources.address}"

    def _not_there(self, meaning: Meaning) -> str:
        """What to do about a 404: the path or the model's name is wrong."""
        served, address = self._served, self._sources.address
        if served.below:
            return f"the models are at …{served.below}: let {address} end in {served.below}"
        if served.is_listed is False or meaning is Meaning.MODEL:
            return f"check the model's name{self._names()}, and whether {self._sources.key} may use it"
        if served.is_listed is None and lacks_version(urlsplit(self._place.url or "/v1").path):
            version = "/v1beta" if self._place.protocol == "gemini" else "/v1"
            return f"does {address} end in {version}, as servers have it? Then check the model's name"
        return f"check {address}, and the model's name"

    def _names(self) -> str:
        served = self._served
        return f" (there are {', '.join(served.names)})" if served.is_listed is False and served.names else ""

    def _of_page(self, error: EvaluationError) -> str:
        """What to do about a web page instead of an answer. Empty: it is none."""
        cause = _status_of(error)
        if cause is None or not cause.refusal.is_page:
            return ""
        return f"check {self._sources.address}, and what stands before the endpoint: it answers with a web page"

    def _unavailable(self, error: EvaluationError) -> Remedy:
        """What to do about an endpoint that cannot be used: a line is wrong, or it is down."""
        fault = _fault_of(error)
        if fault is not None:
            return self._unreached(str(fault))
        cause = _status_of(error)
        if cause is None:  # a 200 that is no answer of a model
            return Remedy(f"check {self._sources.address}: does it end in /v1, as servers have it?", True)
        if cause.refusal.is_page and cause.refusal.status < 500:
            return Remedy(self._of_page(error), True)
        return Remedy(_OUTAGES, False)

    def _unreached(self, words: str) -> Remedy:
        if "certificate" in words:
            return Remedy(f"write ca_file under {self._place.name} in {ENDPOINTS_FILE}, or set SSL_CERT_FILE", True)
        if "proxy" in words:
            return Remedy(f"check proxy of {self._place.name} in {ENDPOINTS_FILE}, or HTTPS_PROXY", True)
        if "TLS" in words or "host name" in words:
            return Remedy(f"check {self._sources.address}", True)
        return Remedy(f"see that the endpoint answers, and that {self._sources.address} is its address", False)


def _status_of(error: BaseException) -> StatusError | None:
    """The endpoint's own error. Ours are raised without it, so that no traceback shows what it said."""
    cause = error.__context__
    while cause is not None and not isinstance(cause, StatusError):
        cause = cause.__context__
    return cause


def _fault_of(error: BaseException) -> HttpFault | None:
    """Why there is no answer at all."""
    cause = error.__context__
    while cause is not None and not isinstance(cause, HttpFault):
        cause = cause.__context__
    return cause
