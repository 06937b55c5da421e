"""A chat model at any OpenAI-compatible endpoint. Only this file and `sdk_errors` know the provider's SDK.

The SDK runs on its aiohttp transport and is called through `post(..., cast_to=object)`: its default transport scans the
whole connection pool on every call, and its typed call builds a tree of models nobody here reads.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import openai
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError, EvaluationError, ModelTimeout, ModelUnavailable
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.chat_completions import read_reply
from assay.judges.models.refusals import is_broken_reply
from assay.judges.models.request_form import KNOWN_FORMS, JsonForm, RequestForm, complaint_of, request_body
from assay.judges.models.retry import retry_transient
from assay.judges.models.sdk_errors import map_error, refusal_of
from assay.judges.models.web_address import is_web_address, shown_address
from assay.judges.schema import Usage
from assay.judges.text.strict_json import is_json_object

DEFAULT_BASE_URL = "https://api.openai.com/v1"


class OpenAICompatibleModel:
    """One model at one endpoint: bounded concurrency, a deadline per call, retries within attempts and waiting time.

    The client is made on the first call, in the loop that runs then. A later loop gets its own. What the endpoint does
    not support (strict schemas, token probabilities, temperature, `max_tokens`) is found out once and remembered.
    """

    def __init__(
        self,
        *,
        model: str,
        api_key: SecretStr,
        base_url: str | None = None,
        timeout_s: float = 60.0,
        max_concurrency: int = 64,
        max_attempts: int = 4,
        max_wait_s: float = 10.0,
    ) -> None:
        """Keep the settings. Nothing is opened yet.

        Args:
            model: name to ask for.
            api_key: bearer key. Servers without keys accept any non-empty word.
            base_url: the URL that `/chat/completions` is appended to. None for OpenAI.
            timeout_s: deadline of one HTTP call, in seconds.
            max_concurrency: calls under way at once. Those that wait between attempts do not count.
            max_attempts: calls made for one request before giving up.
            max_wait_s: seconds one request may wait between attempts, all waits together.

        Raises:
            ConfigurationError: a setting that cannot work.
        """
        _check_settings(model, api_key, base_url)
        if min(max_concurrency, max_attempts) < 1 or timeout_s <= 0:
            raise ConfigurationError(
                "judge model: max_concurrency and max_attempts must be at least 1, timeout_s above 0"
            )
        self._model = model
        self._api_key = api_key
        self._base_url = base_url or DEFAULT_BASE_URL
        self._endpoint = urlsplit(shown_address(self._base_url)).netloc
        self._timeout_s = timeout_s
        self._max_concurrency = max_concurrency
        self._max_attempts = max_attempts
        self._max_wait_s = max_wait_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: openai.AsyncOpenAI | None = None
        self._slots = asyncio.Semaphore(max_concurrency)

    @property
    def model(self) -> str:
        """The model name that is asked for."""
        return self._model

    async def complete(
        self, messages: Sequence[ChatMessage], *, json_schema: Mapping[str, Any] | None = None, max_tokens: int = 2048
    ) -> Reply:
        """Ask once, with retries. See `ChatModel.complete`.

        Raises:
            RateLimited, ModelTimeout, ModelUnavailable: still so after the last attempt, or the endpoint asks for a
                longer wait than `max_wait_s`.
            ModelAccessDenied: key, quota or model name are wrong.
            RequestRejected: this request is not accepted, for a reason not known here.
            ModelRefused: content filter.
            InvalidVerdict: the endpoint itself could not read what the model wrote.
            UnjudgeableSample: the request does not fit the model's context window.

        Each of them says what replies that told nothing but the endpoint's form had cost by then.
        """
        retrying = retry_transient(max_attempts=self._max_attempts, max_wait_s=self._max_wait_s)
        ignored: list[Reply] = []
        try:
            reply: Reply = await retrying(self._attempt, messages, json_schema, max_tokens, ignored)
        except EvaluationError as exc:
            exc.usage = sum((unheeded.usage for unheeded in ignored), start=exc.usage)
            raise
        return _with_spent(reply, ignored)

    async def close(self) -> None:
        """Close the connections of the running loop's client."""
        client, self._client, self._loop = self._client, None, None
        if client is not None:
            await client.close()

    async def _attempt(
        self,
        messages: Sequence[ChatMessage],
        json_schema: Mapping[str, Any] | None,
        max_tokens: int,
        ignored: list[Reply],
    ) -> Reply:
        """One attempt: one call, and a further one for each feature the endpoint turns out to lack.

        Replies that only told that the form is not heeded are added to `ignored`: they are paid for all the same.
        """
        form = KNOWN_FORMS.get(self._base_url, self._model)
        exploring = False
        while True:
            try:
                reply = await self._call(request_body(form, self._model, messages, json_schema, max_tokens))
            except openai.OpenAIError as exc:
                simpler = _after_refusal(form, exc, exploring=exploring)
                if simpler is None:
                    # Not chained: the SDK's message repeats the server's body, which may repeat key and prompt.
                    raise map_error(exc, self._endpoint) from None
                form = simpler
                continue
            better = self._after_reply(form, reply) if json_schema is not None else None
            if better is None:
                # Remembered only now that it is known to work.
                proven = form.proven or (json_schema is not None and is_json_object(reply.text))
                KNOWN_FORMS.learn(self._base_url, self._model, form.model_copy(update={"proven": proven}))
                return reply
            ignored.append(reply)
            form, exploring = better, True

    def _after_reply(self, form: RequestForm, reply: Reply) -> RequestForm | None:
        """The form to ask again in, because this one was not heeded. None where the reply is what it is.

        Once the endpoint has shown that it heeds a form, a reply in that form that is no JSON is the model's fault, or
        the work of the text: it must not change how everybody after it is asked.
        """
        if not _ignores(reply):
            return None
        known = KNOWN_FORMS.get(self._base_url, self._model)
        if not known.proven:
            return form.looser()
        return known if known.is_looser_than(form) else None

    async def _call(self, body: dict[str, Any]) -> Reply:
        """One HTTP call within the deadline and the concurrency bound."""
        client = self._running_client()
        async with self._slots:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(self._timeout_s):
                    data = await client.post("/chat/completions", body=body, cast_to=object)
            except TimeoutError:
                raise ModelTimeout(f"{self._endpoint}: no answer within {self._timeout_s:g} s") from None
            except openai.OpenAIError:
                raise
            except (ValueError, RecursionError):
                raise ModelUnavailable(f"{self._endpoint}: the answer says it is JSON but is not") from None
            except Exception as exc:  # noqa: BLE001 - the transport's own errors come through unmapped: a bad status line
                raise ModelUnavailable(f"{self._endpoint}: the answer is no HTTP ({type(exc).__name__})") from None
        return read_reply(data, asked_model=self._model, latency_s=time.perf_counter() - started)

    def _running_client(self) -> openai.AsyncOpenAI:
        """The client of the running loop. Connections belong to the loop they were opened in."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._loop = loop
            self._slots = asyncio.Semaphore(self._max_concurrency)
            self._client = openai.AsyncOpenAI(
                api_key=self._api_key.get_secret_value(),
                base_url=self._base_url,
                timeout=self._timeout_s,
                max_retries=0,
                http_client=openai.DefaultAioHttpClient(),
            )
        return self._client


def _after_refusal(form: RequestForm, exc: openai.OpenAIError, *, exploring: bool) -> RequestForm | None:
    """The form to try after an error. None where the error is about something else.

    While exploring, a stricter form was already answered: whatever refuses this one, the next is tried.
    """
    if not isinstance(exc, openai.APIStatusError):
        return None
    if is_broken_reply(refusal_of(exc)):
        # One reply says little of the form, but a model that has never called a function may not be able to.
        return form.looser() if form.json_form is JsonForm.TOOL and not form.proven else None
    simpler = form.without_refused(exc.status_code, complaint_of(exc.body))
    return form.looser() if simpler is None and exploring and exc.status_code in {400, 404, 422} else simpler


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


def _check_settings(model: str, api_key: SecretStr, base_url: str | None) -> None:
    """Refuse what would fail on every call, in words that do not show the key."""
    if not model:
        raise ConfigurationError("judge model: the name is empty; name one, e.g. gpt-6-luna")
    key = api_key.get_secret_value()
    if not key or not key.isascii() or any(character.isspace() for character in key):
        raise ConfigurationError("judge model: the API key is empty or holds white space or non-ASCII characters")
    if base_url is not None and not is_web_address(base_url):
        raise ConfigurationError(
            "judge model: the base URL must start with http:// or https:// and name a host; a login is percent-encoded"
        )
