"""A chat model at an HTTP endpoint: retries, and finding out how the endpoint wants to be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.judges.errors import ConfigurationError, EvaluationError, ModelTimeout, RequestRejected
from assay.judges.models.admission import Admission, AtOnce
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.endpoint import endpoint_of
from assay.judges.models.endpoint_settings import EndpointSettings, asking_set
from assay.judges.models.exchange import ChatExchange
from assay.judges.models.extra_fields import with_extra
from assay.judges.models.form_ladder import FormLadder
from assay.judges.models.form_request import FormRequest
from assay.judges.models.form_search import FormSearch
from assay.judges.models.form_trials import compiles_schemas
from assay.judges.models.http_client import HttpClient
from assay.judges.models.protocol import Asked
from assay.judges.models.protocols import protocol_of
from assay.judges.models.request_form import FormMemory, FormPlace, RequestForm
from assay.judges.models.retry import retried
from assay.judges.models.served_names import reader_without_secrets, secrets_of
from assay.judges.models.status_errors import StatusError
from assay.judges.models.timeouts import ADAPTIVE_TIMEOUTS, AdaptiveTimeout, FixedTimeout


class HttpChatModel:
    """One model at one endpoint: bounded concurrency, a deadline per call, retries within attempts and waiting time.

    Connections are opened on the first call, in the loop that runs then. A later loop gets its own. What the endpoint
    does not support (strict schemas, token probabilities, temperature, `max_tokens`) is found out once and remembered.
    """

    def __init__(
        self,
        model: str,
        endpoint: EndpointSettings,
        *,
        admission: Admission | None = None,
        hedge: float = 0.0,
        forms: FormMemory | None = None,
    ) -> None:
        """Keep the settings. Nothing is opened yet.

        Args:
            model: name to ask for.
            endpoint: where, and how.
            admission: lets requests go. Waiting for it counts for no limit of the endpoint's settings. None: as many
                at once as these allow.
            hedge: share of calls for which a second request may be sent where the first takes unusually long. 0: none.
            forms: what the fleet knows of the forms that endpoints understand. None: found out in this process.

        Raises:
            ConfigurationError: a setting that cannot work.
        """
        _check_settings(model, hedge)
        self.protocol = protocol_of(endpoint.protocol)
        place = endpoint_of(endpoint, self.protocol, model)
        self.read = reader_without_secrets(self.protocol.read, secrets_of(place, endpoint))
        self._model = model
        self._settings = endpoint
        self.address = place.url
        self._endpoint = place.name
        may_try_exact = endpoint.protocol == "openai" and not compiles_schemas(place.url)
        self._forms = FormSearch(
            place=FormPlace(place.url, model),
            ladder=FormLadder(self.protocol.forms, endpoint, may_try_exact=may_try_exact),
            memory=forms,
            body=self._body,
            send=self._send,
            as_ours=self._as_ours,
        )
        learnt = ADAPTIVE_TIMEOUTS.setdefault((place.url, model), AdaptiveTimeout())
        self._exchange = ChatExchange(
            http=HttpClient(place),
            endpoint=place.name,
            model=model,
            read=self.read,
            admission=admission or AtOnce(endpoint.concurrency),
            timeout=learnt if endpoint.timeout_s is None else FixedTimeout(endpoint.timeout_s),
            hedge=hedge,
        )

    @property
    def model(self) -> str:
        """The model name that is asked for."""
        return self._model

    @property
    def asking(self) -> str:
        """What is set of the way it is asked. See `ChatModel`."""
        return asking_set(self._settings)

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        *,
        json_schema: Mapping[str, Any] | None = None,
        exact_schema: Callable[[], Mapping[str, Any]] | None = None,
        max_tokens: int = 2048,
    ) -> Reply:
        """Ask once, with retries. See `ChatModel.complete`.

        Raises:
            CallHeld: no leave to send a request.
            RateLimited, ModelTimeout, ModelUnavailable: still so after the last attempt, or the endpoint asks for a
                longer wait than `max_wait_s`.
            ModelAccessDenied: key, quota or model name are wrong.
            RequestRejected: this request is not accepted, for a reason not known here.
            ModelRefused: content filter.
            InvalidVerdict: the endpoint itself could not read what the model wrote.
            UnjudgeableSample: the request does not fit the model's context window.

        Each of them says what replies that told nothing but the endpoint's form had cost by then.
        """
        request = FormRequest(Asked(messages, json_schema, exact_schema, max_tokens))
        try:
            reply = await retried(
                lambda: self._forms.attempt(request),
                max_attempts=self._settings.attempts,
                max_wait_s=self._settings.max_wait_s,
            )
        except EvaluationError as exc:
            exc.usage += request.spent()
            raise
        return _with_spent(reply, request)

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._exchange.close()

    @property
    def form(self) -> RequestForm:
        """The form in which it is asked for JSON by now."""
        return self._forms.known_form

    def body_of(self, asked: Asked) -> dict[str, Any]:
        """The body of a request in the form known by now, as batches send it."""
        return self._body(self._forms.known(asked).form, asked)

    def _body(self, form: RequestForm, asked: Asked) -> dict[str, Any]:
        body = self.protocol.body(form, self._model, asked)
        return with_extra(body, self._settings.extra_body, self.protocol.merged_fields)

    def _as_ours(self, error: StatusError, remedy: str) -> EvaluationError:
        """The error for a refusal. Where it is about something that is set, it names the setting."""
        ours = error.as_ours(self._endpoint, has_key=self._settings.key is not None)
        return RequestRejected(f"{ours}; {remedy}") if remedy and isinstance(ours, RequestRejected) else ours

    async def _send(self, body: dict[str, Any], request: FormRequest) -> Reply:
        try:
            return await self._exchange.send(body, max_tokens=request.asked.max_tokens, cuts=request.cuts)
        except ModelTimeout:
            request.cuts += 1
            raise


def _with_spent(reply: Reply, request: FormRequest) -> Reply:
    """The reply with what finding out the form has cost."""
    spent = request.spent()
    if not request.ignored and not spent.calls:
        return reply
    latency_s = sum((unheeded.latency_s for unheeded in request.ignored), start=reply.latency_s)
    return reply.model_copy(update={"usage": spent + reply.usage, "latency_s": latency_s})


def _check_settings(model: str, hedge: float) -> None:
    """Refuse what would fail on every call."""
    if not model:
        raise ConfigurationError("judge model: the name is empty; name one, e.g. gpt-6-luna")
    if not 0 <= hedge <= 1:
        raise ConfigurationError("judge model: hedge is a share between 0 and 1, e.g. 0.02")
