"""What trying a judge model came to, as checks that people read, with the lines to paste into `endpoints.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml
from pydantic import JsonValue

from assay.judges.errors import CallHeld, EvaluationError
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.request_form import JsonForm, RequestForm
from assay.judges.prices import PriceTable
from assay.judges.rubric import DecisionOptions, LlmOptions
from assay.worker.config.endpoints import ENDPOINTS_FILE
from assay.worker.ports.health import Check
from assay.worker.setup.judge_trial import TrialFacts
from assay.worker.setup.judge_trial_remedies import Remedies, Sources
from assay.worker.setup.judge_trial_settings import proposed_settings
from assay.worker.setup.served_models import one_line_name

_ASKED = {"sentences": "asked for a word about each sentence", "decision": "asked for probabilities of statements"}
"""How a model is asked that writes no JSON."""

_FORMS = {
    JsonForm.SCHEMA: "a JSON schema",
    JsonForm.TOOL: "a function call",
    JsonForm.OBJECT: "any JSON object",
    JsonForm.PLAIN: "words alone",
}


class TrialReport:
    """Words what was found out about one model."""

    def __init__(
        self,
        model: str,
        place: EndpointSettings,
        prices: PriceTable,
        facts: TrialFacts,
        *,
        sources: Sources,
        options: LlmOptions | DecisionOptions,
    ) -> None:
        """Keep the parts.

        Args:
            model: the name that was asked for.
            place: its endpoint.
            prices: what calls cost.
            facts: what was found out.
            sources: where its key and address come from.
            options: how it is asked in production.
        """
        self._title = f"{place.name}, {model}"
        self._model = model
        self._place = place
        self._prices = prices
        self._facts = facts
        self._max_tokens = options.max_tokens if isinstance(options, LlmOptions) else 0
        self._remedies = Remedies(place, sources, facts.served, options.key)

    def checks(self) -> Iterator[Check]:
        """A check for each thing that was looked at."""
        facts = self._facts
        if facts.error is not None and not facts.replies:
            yield self._failed("judge", facts.error)
            return
        yield self._verdict()
        if facts.error is not None and facts.verdicts:
            yield self._failed("second sample", facts.error)
        yield self._asked()
        if facts.window.sent or facts.served.window is not None:
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

    def _failed(self, what: str, error: EvaluationError) -> Check:
        """A check for what ended the trial. A limit of one's own is no fault of the endpoint."""
        remedy = self._remedies.of(error)
        status = "warn" if isinstance(error, CallHeld) and self._facts.verdicts else "fail"
        failed = self._check(what, status, str(error), remedy.words)
        return failed.model_copy(update={"is_configuration": remedy.is_configuration})

    def _verdict(self) -> Check:
        facts = self._facts
        reply = facts.replies[-1]
        name = one_line_name(reply.model_served)
        served = f", served by {name}" if reply.model_served != self._model else ""
        told = f"answers in {reply.latency_s:.1f} s{served}"
        if not facts.verdicts:
            return self._no_verdict(told)
        if not facts.is_right:
            remedy = "a model that errs here is worth little: examine it by a golden set before it judges traffic"
            return self._check(
                "judge", "warn", f"{told}; wrong on a sample with one true and one false sentence", remedy
            )
        return self._check("judge", "ok", f"{told}; right on a sample with one true and one false sentence")

    def _no_verdict(self, told: str) -> Check:
        """The check where the endpoint answered and no reply was a verdict."""
        facts = self._facts
        if facts.error is not None:
            failed = self._failed("judge", facts.error)
            return failed.model_copy(update={"message": f"{told}, but {failed.message}"})
        remedy = {
            "table": "the model is too small for the table, or thinks for longer than judge.llm.max_tokens: a larger "
            "model, or `ask: sentences` in the rubric's judge.llm",
            "sentences": "the model does not answer with Yes or No: a model that follows instructions",
            "decision": "see that it is a decision model and speaks this protocol",
        }[facts.ask]
        if facts.is_cut_off:
            remedy = f"raise judge.llm.max_tokens in the rubric: its reply did not fit {self._max_tokens:,} tokens"
        failed = self._check("judge", "fail", f"{told}, but its reply is no verdict: {facts.unusable}", remedy)
        return failed.model_copy(update={"is_configuration": facts.is_cut_off})

    def _asked(self) -> Check:
        facts = self._facts
        form = facts.form or RequestForm()
        has_tokens = any(reply.tokens for reply in facts.replies)
        words = _ASKED.get(facts.ask) or f"asked for {_FORMS[form.json_form]}"
        words += ", narrowed to the call" if form.is_exact and facts.ask == "table" else ""
        words += "" if facts.ask == "decision" else f"; token probabilities: {'given' if has_tokens else 'none'}"
        words += f"; requests for the second sample: {facts.calls_of_second}"
        details: dict[str, JsonValue] = {"form": form.model_dump(mode="json"), "token_probabilities": has_tokens}
        if facts.calls_of_second is not None and facts.calls_of_second > facts.usual_calls:
            return self._check("form", "warn", words, self._why_twice(), details)
        return self._check("form", "ok", words, details=details)

    def _why_twice(self) -> str:
        """What helps where the second sample took more requests than it should."""
        facts = self._facts
        if not facts.verdicts:
            return ""
        if facts.is_cut_off and "exact_schema" not in proposed_settings(facts, self._place):
            return (
                f"its replies do not fit {self._max_tokens:,} tokens and are asked for again: raise "
                "judge.llm.max_tokens in the rubric"
            )
        if facts.replies_of_second > facts.usual_calls and not facts.is_cut_off:
            return "its first reply was no verdict, and a repair turn was needed: a larger model takes one request"
        if proposed_settings(self._facts, self._place):
            return "each sample takes more than one request: write the lines below, so that nothing is tried again"
        return "something was tried again; what it found out is kept for the samples after it"

    def _window(self) -> Check:
        facts, known, window = self._facts, self._place.context_window, self._facts.window
        server = facts.served.window
        told = "the server does not tell it" if server is None else f"the server says {server:,}"
        sent = f"{told}; a prompt of {window.sent:,} characters (about {window.about:,} tokens) was sent"
        details: dict[str, JsonValue] = {"told": server, "set": known, "counted": window.counted}
        if server is not None and known is not None and server < known:
            return self._wrong_window(server, known, details)
        if window.is_cut:
            counted = f"it counted {window.counted:,} tokens" if window.counted else "it counted few tokens"
            remedy = (
                "it cuts prompts without a word: raise its window (Ollama: num_ctx or OLLAMA_CONTEXT_LENGTH; llama.cpp "
                f"-c), or set context_window in {ENDPOINTS_FILE} to what it really has"
            )
            return self._check("window", "fail", f"{sent}, and {counted}", remedy, details)
        if facts.too_small:
            return self._check("window", "warn", f"{told}: {facts.too_small}", self._smaller_replies(), details)
        return self._read_window(sent, details)

    def _read_window(self, sent: str, details: dict[str, JsonValue]) -> Check:
        """The check of a window against which nothing speaks but, perhaps, the long prompt."""
        window, known = self._facts.window, self._place.context_window
        if not window.sent:
            return self._check("window", "ok", sent.partition(";")[0], details=details)
        if window.is_refused:
            if known is not None:
                remedy = f"context_window {known:,} is more than it takes: lower it in {ENDPOINTS_FILE}"
                failed = self._check("window", "fail", f"{sent}, and refused as too long", remedy, details)
                return failed.model_copy(update={"is_configuration": True})
            remedy = "" if self._facts.served.window else f"set context_window in {ENDPOINTS_FILE}"
            return self._check("window", "warn", f"{sent}, and refused as too long", remedy, details)
        if window.error:
            remedy = "whether it cuts prompts is not known; run it again when it answers"
            return self._check("window", "warn", f"{sent}, and came to no answer: {window.error}", remedy, details)
        counted = f"it counted {window.counted:,}" if window.counted else "it did not say how many it read"
        return self._check("window", "ok", f"{sent}, and {counted}", details=details)

    def _wrong_window(self, server: int, known: int, details: dict[str, JsonValue]) -> Check:
        message = f"the server says {server:,}, and {ENDPOINTS_FILE} says {known:,}"
        remedy = f"write context_window: {server}, or serve the model with a larger window"
        remedy = self._smaller_replies() if self._facts.too_small else remedy
        failed = self._check("window", "fail", message, remedy, details)
        return failed.model_copy(update={"is_configuration": True})

    def _smaller_replies(self) -> str:
        server = self._facts.served.window
        return (
            f"serve the model with a larger window; else lower judge.llm.max_tokens in the rubric, and then write "
            f"context_window: {server}"
        )

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
        proposed = proposed_settings(self._facts, self._place)
        if not proposed and not self._facts.verdicts:
            return self._check("settings", "ok", "nothing to propose: no form has worked")
        if not proposed:
            return self._check(
                "settings", "ok", "nothing to set; a refusal's shape was not tried: nothing harmless has one"
            )
        text = yaml.safe_dump({self._place.name: proposed}, sort_keys=False)
        check = self._check("settings", "ok", f"to write into {ENDPOINTS_FILE}:", details={"settings": proposed})
        return check.model_copy(update={"lines": tuple(text.rstrip().splitlines())})
