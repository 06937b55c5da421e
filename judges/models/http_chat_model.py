"""A chat model at an HTTP endpoint: retries, and finding out how the endpoint wants to be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.judges.errors import ConfigurationError, EvaluationError, ModelTimeout
from assay.judges.models.admission import Admission, AtOnce
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.endpoint import endpoint_of
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.exchange import ChatExchange
from assay.judges.models.http_client import HttpClient
from assay.judges.models.protocol import Asked
from assay.judges.models.protocols import protocol_of
from assay.judges.models.refusals import is_broken_reply
from assay.judges.models.request_form import KNOWN_FORMS, JsonForm, RequestForm
from assay.judges.models.retry import retried
from assay.judges.models.status_errors import StatusError
from assay.judges.models.timeouts import ADAPTIVE_TIMEOUTS, AdaptiveTimeout, FixedTimeout
from assay.judges.schema import Usage
from assay.judges.text.strict_json import is_json_object


@dataclass
class _Request:
    """One request through all its attempts.

    `ignored` are replies that only told that the form is not heeded: they are paid for all the same. `cuts` is how
    often no answer came in time.
    """

    asked: Asked
    ignored: list[Reply] = field(default_factory=list)
    cuts: int = 0


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
    ) -> None:
        """Keep the settings. Nothing is opened yet.

        Args:
            model: name to ask for.
            endpoint: where, and how.
            admission: lets requests go. Waiting for it counts for no limit of the endpoint's settings. None: as many
                at once as these allow.
            hedge: share of calls for which a second request may be sent where the first takes unusually long. 0: none.

        Raises:
            ConfigurationError: a setting that cannot work.
        """
        _check_settings(model, hedge)
        self._protocol = protocol_of(endpoint.protocol)
        place = endpoint_of(endpoint, self._protocol, model)
        self._model = model
        self._settings = endpoint
        self._address = place.url
        self._endpoint = place.name
        learnt = ADAPTIVE_TIMEOUTS.setdefault((place.url, model), AdaptiveTimeout())
        self._exchange = ChatExchange(
            http=HttpClient(place),
            endpoint=place.name,
            model=model,
            read=self._protocol.read,
            admission=admission or AtOnce(endpoint.concurrency),
            timeout=learnt if endpoint.timeout_s is None else FixedTimeout(endpoint.timeout_s),
            hedge=hedge,
        )

    @property
    def model(self) -> str:
        """The model name that is asked for."""
        return self._model

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
        request = _Request(Asked(messages, json_schema, exact_schema, max_tokens))
        try:
            reply = await retried(
                lambda: self._attempt(request),
                max_attempts=self._settings.attempts,
                max_wait_s=self._settings.max_wait_s,
            )
        except EvaluationError as exc:
            exc.usage = sum((unheeded.usage for unheeded in request.ignored), start=exc.usage)
            raise
        return _with_spent(reply, request.ignored)

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._exchange.close()

    async def _attempt(self, request: _Request) -> Reply:
        """One attempt: one HTTP request, and a further one for each feature the endpoint turns out to lack."""
        form = KNOWN_FORMS.get(self._address, self._model)
        exploring = False
        while True:
            try:
                reply = await self._send(form, request)
            except StatusError as exc:
                simpler = _after_refusal(form, exc, exploring=exploring)
                if simpler is None:
                    # Not chained: what the server said may repeat key and prompt.
                    raise exc.as_ours(self._endpoint) from None
                form = simpler
                continue
            better = self._after_reply(form, reply) if request.asked.json_schema is not None else None
            if better is None:
                self._remember(form, reply, request)
                return reply
            request.ignored.append(reply)
            form, exploring = better, True

    async def _send(self, form: RequestForm, request: _Request) -> Reply:
        body = self._protocol.body(form, self._model, request.asked) | self._settings.extra_body
        try:
            return await self._exchange.send(body, max_tokens=request.asked.max_tokens, cuts=request.cuts)
        except ModelTimeout:
            request.cuts += 1
            raise

    def _after_reply(self, form: RequestForm, reply: Reply) -> RequestForm | None:
        """The form to ask again in, because this one was not heeded. None where the reply is what it is.

        Once the endpoint has shown that it heeds a form, a reply in that form that is no JSON is the model's fault, or
        the work of the text: it must not change how everybody after it is asked.
        """
        known = KNOWN_FORMS.get(self._address, self._model)
        better = (known if known.is_looser_than(form) else None) if known.proven else form.looser()
        return better if better is not None and _ignores(reply) else None

    def _remember(self, form: RequestForm, reply: Reply, request: _Request) -> None:
        """Keep the form, now that it is known to work. The form everybody asks in is known already."""
        if form.proven and form is KNOWN_FORMS.get(self._address, self._model):
            return
        proven = form.proven or (request.asked.json_schema is not None and is_json_object(reply.text))
        KNOWN_FORMS.learn(self._address, self._model, form.model_copy(update={"proven": proven}))


def _after_refusal(form: RequestForm, error: StatusError, *, exploring: bool) -> RequestForm | None:
    """The form to try after an error. None where the error is about something else.

    While exploring, a stricter form was already answered: whatever refuses this one, the next is tried.
    """
    refusal = error.refusal
    if is_broken_reply(refusal):
        # One reply says little of the form, but a model that has never called a function may not be able to.
        return form.looser() if form.json_form is JsonForm.TOOL and not form.proven else None
    simpler = form.without_refused(refusal.status, refusal.complaint)
    return form.looser() if simpler is None and exploring and refusal.status in {400, 404, 422} else simpler


def _ignores(reply: Reply) -> bool:
    """Whether the server took a request for JSON and did not heed it.

    A server that enforces JSON cannot answer with anything else, unless it was cut off, the model declined, or nothing
    came at all.
    """
    if reply.refusal is not None or reply.finish_reason == "length" or not reply.text.strip():
        return False
    return not is_json_object(reply.text)


def _with_spent(reply: Reply, ignored: Sequence[Reply]) -> Reply:
    """The reply with what finding out the form has cost."""
    if not ignored:
        return reply
    usage = sum((unheeded.usage for unheeded in ignored), start=Usage()) + reply.usage
    return reply.model_copy(
        update={"usage": usage, "latency_s": reply.latency_s + sum(unheeded.latency_s for unheeded in ignored)}
    )


def _check_settings(model: str, hedge: float) -> None:
    """Refuse what would fail on every call."""
    if not model:
        raise ConfigurationError("judge model: the name is empty; name one, e.g. gpt-6-luna")
    if not 0 <= hedge <= 1:
        raise ConfigurationError("judge model: hedge is a share between 0 and 1, e.g. 0.02")
