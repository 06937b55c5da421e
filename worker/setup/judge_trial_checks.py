"""What trying a judge model came to, as checks that people read, with the lines to paste into `endpoints.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml
from pydantic import JsonValue

from assay.judges.errors import (
    CallHeld,
    ConfigurationError,
    EvaluationError,
    ModelAccessDenied,
    ModelRefused,
    RequestRejected,
)
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.request_form import JsonForm, RequestForm
from assay.judges.prices import PriceTable
from assay.worker.config.endpoints import ENDPOINTS_FILE, key_variable
from assay.worker.ports.health import Check
from assay.worker.setup.judge_trial import LONG_TOKENS, TrialFacts

_FORMS = {
    JsonForm.SCHEMA: "a JSON schema",
    JsonForm.TOOL: "a function call",
    JsonForm.OBJECT: "any JSON object",
    JsonForm.PLAIN: "words alone",
}


class TrialReport:
    """Words what was found out about one model."""

    def __init__(self, model: str, place: EndpointSettings, prices: PriceTable, facts: TrialFacts) -> None:
        """Keep the parts.

        Args:
            model: the name that was asked for.
            place: its endpoint.
            prices: what calls cost.
            facts: what was found out.
        """
        self._title = f"{place.name}, {model}"
        self._model = model
        self._place = place
        self._prices = prices
        self._facts = facts

    def checks(self) -> Iterator[Check]:
        """A check for each thing that was looked at."""
        if self._facts.error is not None:
            yield self._failed(self._facts.error)
            return
        yield self._verdict()
        yield self._asked()
        yield self._window()
        yield self._usage()
        yield self._price()
        yield self._proposal()

    def _check(
        self, what: str, status: str, message: str, remedy: str = "", details: Mapping[str, JsonValue] | None = None
    ) -> Check:
        return Check.model_validate(
            {
                "name": f"{what} ({self._title})",
                "status": status,
                "message": message,
                "remedy": remedy,
                "details": {"endpoint": self._place.name, "model": self._model, **(details or {})},
            }
        )

    def _failed(self, error: EvaluationError | ConfigurationError) -> Check:
        is_configuration = isinstance(error, ConfigurationError | ModelAccessDenied | RequestRejected)
        remedy = "see that the endpoint answers; run it again"
        if isinstance(error, ModelAccessDenied):
            remedy = f"check {key_variable(self._place.name)}, the model's name and the URL"
            listed = self._facts.served
            remedy += f"; there are {', '.join(listed.names)}" if listed.is_listed is False and listed.names else ""
        elif isinstance(error, ModelRefused):
            remedy = "its filter refuses a harmless sample about a museum: it refuses anything"
        elif isinstance(error, CallHeld):
            remedy = "raise the limit in assay.yaml, or wait; or describe the endpoint's form in " + ENDPOINTS_FILE
        failed = self._check("judge", "fail", str(error), remedy)
        return failed.model_copy(update={"is_configuration": is_configuration})

    def _verdict(self) -> Check:
        facts = self._facts
        reply = facts.replies[-1]
        served = f", served by {reply.model_served}" if reply.model_served != self._model else ""
        told = f"answers in {reply.latency_s:.1f} s{served}"
        if not facts.verdicts:
            remedy = (
                "the model is too small for the table, or its form is wrong: try another form, or `ask: sentences` in "
                "the rubric's judge.llm"
            )
            return self._check("judge", "fail", f"{told}, but its reply is no verdict: {facts.unusable}", remedy)
        if not facts.is_right:
            remedy = "a model that errs here is worth little: examine it by a golden set before it judges traffic"
            return self._check(
                "judge", "warn", f"{told}; wrong on a sample with one true and one false sentence", remedy
            )
        return self._check("judge", "ok", f"{told}; right on a sample with one true and one false sentence")

    def _asked(self) -> Check:
        facts = self._facts
        form = facts.form or RequestForm()
        has_tokens = any(reply.tokens for reply in facts.replies)
        words = f"asked for {_FORMS[form.json_form]}{', narrowed to the call' if form.is_exact else ''}"
        words += f"; token probabilities: {'given' if has_tokens else 'none'}"
        words += f"; requests for the second sample: {facts.calls_of_second}"
        details: dict[str, JsonValue] = {"form": form.model_dump(mode="json"), "token_probabilities": has_tokens}
        if facts.calls_of_second is not None and facts.calls_of_second > 1:
            remedy = "each sample takes more than one request: write the lines below, so that nothing is tried again"
            return self._check("form", "warn", words, remedy, details)
        return self._check("form", "ok", words, details=details)

    def _window(self) -> Check:
        facts, known = self._facts, self._place.context_window
        told = (
            "the server does not tell it" if facts.served.window is None else f"the server says {facts.served.window:,}"
        )
        sent = f"{told}; a prompt of {facts.long_sent:,} characters (about {LONG_TOKENS:,} tokens) was sent"
        details: dict[str, JsonValue] = {"told": facts.served.window, "set": known, "counted": facts.long_counted}
        if facts.is_long_cut:
            counted = f"it counted {facts.long_counted:,} tokens" if facts.long_counted else "it counted few tokens"
            remedy = (
                "it cuts prompts without a word: raise its window (Ollama: num_ctx or OLLAMA_CONTEXT_LENGTH; llama.cpp "
                f"-c), or set context_window in {ENDPOINTS_FILE} to what it really has"
            )
            return self._check("window", "fail", f"{sent}, and {counted}", remedy, details)
        if facts.is_long_refused:
            remedy = "" if known or facts.served.window else f"set context_window in {ENDPOINTS_FILE}"
            return self._check("window", "warn", f"{sent}, and refused as too long", remedy, details)
        counted = f"it counted {facts.long_counted:,}" if facts.long_counted else "it did not say how many it read"
        return self._check("window", "ok", f"{sent}, and {counted}", details=details)

    def _usage(self) -> Check:
        usage = self._facts.replies[-1].usage
        if not usage.prompt_tokens:
            remedy = "cost stays unknown and budgets charge the most that a call can take"
            return self._check("usage", "warn", "it reports no tokens", remedy)
        cached = f"{usage.cached_tokens:,} of them from a cache" if usage.cached_tokens else "none from a cache"
        took = f"the second sample took {usage.prompt_tokens:,} tokens ({cached}) and {usage.completion_tokens:,} out"
        every = self._facts.usage
        whole = f"{self._facts.calls} requests, {every.prompt_tokens:,} tokens in, {every.completion_tokens:,} out"
        return self._check(
            "usage", "ok", f"{took}; trying took {whole}{self._spent()}", details={"cached_tokens": usage.cached_tokens}
        )

    def _spent(self) -> str:
        cost = self._prices.cost(self._model, self._facts.usage)
        return "" if cost is None else f", {cost:.4f} USD"

    def _price(self) -> Check:
        price = self._prices.price(self._model)
        if price is None:
            remedy = (
                f"add it to a price file, or set limits.endpoints.{self._place.name}.free if its calls cost nothing"
            )
            return self._check("price", "warn", "not known: no budget holds it, and its cost is unknown", remedy)
        told = f"{price.input:g} in, {price.cached_input:g} cached, {price.output:g} out, USD per million tokens"
        return self._check("price", "ok", f"{told} (as of {self._prices.checked})")

    def _proposal(self) -> Check:
        proposed = self._settings()
        if not proposed:
            return self._check(
                "settings", "ok", "nothing to set; a refusal's shape was not tried: nothing harmless has one"
            )
        text = yaml.safe_dump({self._place.name: proposed}, sort_keys=False)
        check = self._check("settings", "ok", f"to write into {ENDPOINTS_FILE}:", details={"settings": proposed})
        return check.model_copy(update={"lines": tuple(text.rstrip().splitlines())})

    def _settings(self) -> dict[str, JsonValue]:
        """What was found out and is not as everybody begins: written down, nobody finds it out again."""
        usual, form, place = RequestForm(), self._facts.form or RequestForm(), self._place
        proposed: dict[str, JsonValue] = {}
        if form.json_form is not usual.json_form and place.form is None:
            proposed["form"] = form.json_form.value
        if form.token_field != usual.token_field and place.token_field is None:
            proposed["token_field"] = form.token_field or "none"
        if not form.logprobs and place.logprobs is None:
            proposed["logprobs"] = False
        if not form.temperature and place.temperature is None:
            proposed["temperature"] = False
        if form.is_exact and place.exact_schema is None:
            proposed["exact_schema"] = True
        if not form.system_role and place.system_role:
            proposed["system_role"] = False
        window = self._facts.served.window
        if window is not None and place.context_window is None and window >= 1024:
            proposed["context_window"] = window
        return proposed
