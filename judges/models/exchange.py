"""One request to a chat model, with leave to send it: the ticket is closed exactly once, whatever becomes of it."""

from __future__ import annotations

import json
import time
from typing import Any, NoReturn, Protocol

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import CallHeld, EvaluationError, InvalidVerdict, ModelTimeout, ModelUnavailable
from assay.judges.models.admission import Admission, CallBound, Ticket
from assay.judges.models.answer_body import decoded_answer
from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.base import Reply
from assay.judges.models.call_context import mark_paid
from assay.judges.models.hedge import HedgeBudget, hedged
from assay.judges.models.http_client import AnswerTooLong, HttpAnswer, HttpClient, HttpFault
from assay.judges.models.prompt_bound import prompt_bound
from assay.judges.models.prompt_cut import PromptCounts
from assay.judges.models.status_errors import StatusError
from assay.judges.models.ticket_ends import close_refused, waits_for_access
from assay.judges.models.timeouts import CallTimeout
from assay.judges.schema import Usage

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_CONSTRAINTS = ("response_format", "tools", "generationConfig", "output_config")
"""Where the protocols have the schema of the reply, e.g. `response_format` of OpenAI's."""

_REPLY_BYTES = 1_048_576
_BYTES_PER_TOKEN = 6_144
_MOST_BYTES = 32 * 1_048_576
"""The most a reply may have: a megabyte, and for each token asked for what five alternatives with their bytes take:
about 700 bytes where the JSON is indented, and 4,500 for a token of 128 blanks. In all no more than fits the memory."""

_LOOP_BYTES = 16_384
"""A longer reply is parsed in a thread: on the loop it would hold up all other calls for milliseconds."""


_MARKS_OF_A_MODEL = (b'"choices"', b'"candidates"', b'"stop_reason"')
"""Names that stand in the answers of the protocols: of OpenAI's, Gemini's and Anthropic's. In a stream, too."""


def _encoded(body: dict[str, Any]) -> bytes:
    return _encode(body).encode("utf-8", "replace")


class ReadReply(Protocol):
    """Reads the decoded body of a 200 answer. See `ChatProtocol.read`."""

    def __call__(self, data: object, *, asked_model: str, latency_s: float) -> Reply:
        """The reply."""
        ...


class ChatExchange:
    """Sends chat requests to one model at one endpoint, each with leave and within the time-out."""

    def __init__(
        self,
        *,
        http: HttpClient,
        endpoint: str,
        model: str,
        read: ReadReply,
        admission: Admission,
        timeout: CallTimeout,
        hedge: float,
    ) -> None:
        """Keep the parts.

        Args:
            http: posts to the endpoint.
            endpoint: its name, for messages.
            model: stands in for the served model where the server does not name it.
            read: the protocol's reader of a decoded body.
            admission: lets requests go.
            timeout: how long one may take.
            hedge: share of extra requests for calls that take unusually long.
        """
        self._http = http
        self._endpoint = endpoint
        self._model = model
        self._read_reply = read
        self._admission = admission
        self._timeout = timeout
        self._hedges = hedge > 0
        self._denied: StatusError | None = None
        self._budget = HedgeBudget(hedge)
        self._prompts = PromptCounts()

    async def send(self, body: dict[str, Any], *, max_tokens: int, cuts: int) -> Reply:
        """Send one request, and perhaps a second of the same, and read the reply.

        Args:
            body: the request. Halves of surrogate pairs, which no UTF-8 can carry, are sent as question marks.
            max_tokens: the bound of the completion in it.
            cuts: how often this request was cut off already.

        Raises:
            StatusError: the endpoint answered with an error.
            CallHeld: no leave.
            ModelTimeout, ModelUnavailable, ModelRefused
        """
        payload = _encoded(body)
        reply = await self._sent(payload, max_tokens=max_tokens, cuts=cuts)
        constraints = {key: body[key] for key in _CONSTRAINTS if key in body}
        is_cut = self._prompts.is_cut(payload, reply.usage, _encoded(constraints) if constraints else b"")
        return reply.model_copy(update={"prompt_cut": True}) if is_cut else reply

    async def _sent(self, payload: bytes, *, max_tokens: int, cuts: int) -> Reply:
        bound = CallBound(prompt_tokens=prompt_bound(payload), completion_tokens=max_tokens)
        ticket = await self._admit(bound)
        self._budget.earn()
        after_s = self._timeout.usual_s if self._hedges else None
        if after_s is None:
            return await self._with_ticket(ticket, payload, bound, cuts)
        return await self._twice(ticket, payload, bound, cuts, after_s)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _twice(self, ticket: Ticket, payload: bytes, bound: CallBound, cuts: int, after_s: float) -> Reply:
        """The reply that comes first, where a second request is sent after `after_s` seconds."""
        is_sent = False

        async def first() -> Reply:
            nonlocal is_sent
            is_sent = True
            return await self._with_ticket(ticket, payload, bound, cuts)

        async def second() -> Reply:
            return await self._with_ticket(await self._admit(bound), payload, bound, cuts)

        try:
            reply, is_other_unknown = await hedged(first(), second, after_s=after_s, budget=self._budget)
        finally:
            if not is_sent:  # cancelled before its task began
                await ticket.rejected()
        return reply.model_copy(update={"usage": reply.usage + Usage(calls=1)}) if is_other_unknown else reply

    async def _with_ticket(self, ticket: Ticket, payload: bytes, bound: CallBound, cuts: int) -> Reply:
        """Send, read, and close the ticket. Cancelled, it may have been paid."""
        started = time.perf_counter()
        try:
            answer = await self._post(payload, bound, cuts)
        except HttpFault as fault:
            raise await self._no_answer(ticket, fault, time.perf_counter() - started) from None
        except BaseException as exc:
            await ticket.unknown(timed_out=isinstance(exc, ModelTimeout))
            raise
        latency_s = time.perf_counter() - started
        if not 200 <= answer.status < 300:
            return await self._refused(ticket, StatusError(answer, sent=payload), latency_s)
        try:
            reply = await self._read(answer, latency_s)
            mark_paid()
        except AnswerError as inside:
            if inside.usage.calls or isinstance(inside.body, str):
                mark_paid()
            return await self._refused(ticket, StatusError(answer, sent=payload, inside=inside), latency_s)
        except EvaluationError as exc:
            mark_paid()
            if isinstance(exc, ModelUnavailable) and not _is_of_a_model(answer.body):
                await ticket.unknown()  # a page or an error of whatever stands before the endpoint: an outage
            else:
                await ticket.answered(exc.usage, latency_s=latency_s)
            raise
        except BaseException:
            await ticket.answered(Usage(), latency_s=latency_s)
            raise
        self._denied = None
        await ticket.answered(reply.usage, latency_s=latency_s, model_served=reply.model_served)
        return reply

    async def _no_answer(self, ticket: Ticket, fault: HttpFault, latency_s: float) -> EvaluationError:
        """Close the ticket of a call that brought no whole answer. The error to raise."""
        if isinstance(fault, AnswerTooLong):  # the model wrote it: no outage, and what it used is not known
            mark_paid()
            await ticket.answered(Usage(), latency_s=latency_s)
            written = InvalidVerdict(f"{self._endpoint}: {fault}")
            written.usage = Usage(calls=1)
            return written
        await (ticket.unknown() if fault.answering else ticket.failed())
        return ModelUnavailable(f"{self._endpoint}: {fault}")

    async def _refused(self, ticket: Ticket, error: StatusError, latency_s: float) -> NoReturn:
        """Close the ticket of a call that was answered with an error, and tell of it."""
        held = await close_refused(ticket, error, latency_s)
        if held is None:
            raise error
        self._denied = error
        raise waits_for_access(held, error, self._endpoint) from None

    async def _admit(self, bound: CallBound) -> Ticket:
        """Leave for a request. Where the account was refused before, a breaker that is open says so."""
        try:
            return await self._admission.admit(bound)
        except CallHeld as held:
            if held.reason == "breaker" and self._denied is not None:
                raise waits_for_access(held, self._denied, self._endpoint) from None
            raise

    async def _post(self, payload: bytes, bound: CallBound, cuts: int) -> HttpAnswer:
        most_bytes = min(_REPLY_BYTES + _BYTES_PER_TOKEN * bound.completion_tokens, _MOST_BYTES)
        allowed_s = self._timeout.allowed_s(cuts)
        try:
            async with self._timeout.limited(cuts) as call:
                answer = await self._http.post(payload, most_bytes=most_bytes)
                if not 200 <= answer.status < 300:
                    call.leave_out()
                return answer
        except TimeoutError:
            raise ModelTimeout(f"{self._endpoint}: no answer within {allowed_s:g} s") from None

    async def _read(self, answer: HttpAnswer, latency_s: float) -> Reply:
        if len(answer.body) > _LOOP_BYTES:
            return await in_thread(self._parse, answer.body, latency_s)
        return self._parse(answer.body, latency_s)

    def _parse(self, body: bytes, latency_s: float) -> Reply:
        data = decoded_answer(body)
        if data is None:
            raise ModelUnavailable(f"{self._endpoint}: the answer is no JSON; check that the base URL ends in /v1")
        return self._read_reply(data, asked_model=self._model, latency_s=latency_s)


def _is_of_a_model(body: bytes) -> bool:
    """Whether a 200 answer that cannot be read came from a model's API: then it is paid for."""
    return any(mark in body for mark in _MARKS_OF_A_MODEL)
