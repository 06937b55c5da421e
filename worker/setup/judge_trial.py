"""Trying one judge model: what its endpoint turns out to be, with a bound on the calls that finding out takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.judges import registry
from assay.judges.base import Judge
from assay.judges.errors import EvaluationError, InvalidVerdict
from assay.judges.llm.grounding.window import WindowTooSmall
from assay.judges.models.admission import Admission
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.request_form import RequestForm
from assay.judges.prices import PriceTable
from assay.judges.rubric import DecisionOptions, LlmOptions, Rubric
from assay.judges.schema import ClaimVerdict, Sample, Usage, Verdict
from assay.worker.config.asked_ways import check_asked_way
from assay.worker.setup.judge_trial_leave import CountedAdmission
from assay.worker.setup.judge_trial_window import WindowFacts, tried_window
from assay.worker.setup.served_models import ServedModel, served_model

Ask = Literal["table", "sentences", "decision"]
"""How the rubric asks the model: for a table, for a word about each sentence, or for probabilities."""

_SENTENCES = 2
"""Of the response: so many calls a sample takes where each sentence is one."""

SAMPLE = Sample(
    id="trial",
    question="When did the harbour museum in Eldby open, and how many floors does it have?",
    contexts=("The harbour museum in Eldby opened in 1932.", "It has three floors and a garden."),
    response="The harbour museum in Eldby opened in 1932. Retired sailors painted its roof bright green.",
)
"""Its first sentence stands in the evidence, its second does not."""


@dataclass
class TrialFacts:
    """What trying a model came to. None: not found out.

    Attributes:
        ask: how the model is asked.
        error: why it ended early.
        unusable: why the reply was no verdict, though the endpoint answered.
        served: what the server's list says.
        too_small: why the window that the server tells cannot be set, as the rubric stands.
        form: how the endpoint is asked for JSON by now.
        replies: of the two samples.
        verdicts: of the two samples.
        calls_of_second: requests that the second sample took.
        replies_of_second: how many times the second sample was asked about, repair turns among them.
        window: what a long prompt came to.
        calls: requests in all.
        usage: tokens in all.
    """

    ask: Ask = "table"
    error: EvaluationError | None = None
    unusable: str = ""
    served: ServedModel = field(default_factory=ServedModel)
    too_small: str = ""
    form: RequestForm | None = None
    replies: list[Reply] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    calls_of_second: int | None = None
    replies_of_second: int = 0
    window: WindowFacts = field(default_factory=WindowFacts)
    calls: int = 0
    usage: Usage = field(default_factory=Usage)

    @property
    def usual_calls(self) -> int:
        """Requests that a sample takes where nothing is asked twice."""
        return _SENTENCES if self.ask == "sentences" else 1

    @property
    def is_cut_off(self) -> bool:
        """Whether a reply about the second sample did not fit `max_tokens`. A word of four tokens may end so."""
        last = self.replies[len(self.replies) - self.replies_of_second :]
        return self.ask == "table" and any(reply.finish_reason == "length" for reply in last)

    @property
    def is_right(self) -> bool:
        """Whether the last verdict says what is true of the sample."""
        told = [claim.verdict for claim in self.verdicts[-1].claims] if self.verdicts else []
        return len(told) == 2 and told[0] is ClaimVerdict.SUPPORTED and told[1] is not ClaimVerdict.SUPPORTED


class JudgeTrial:
    """Tries one model at one endpoint, in the way in which the rubric asks it."""

    def __init__(
        self,
        model: str,
        place: EndpointSettings,
        options: LlmOptions | DecisionOptions,
        prices: PriceTable,
        admission: Admission,
    ) -> None:
        """Open the model. Nothing is sent yet.

        Args:
            model: name to ask for.
            place: its endpoint.
            options: how it is asked in production.
            prices: what calls cost.
            admission: lets calls go, by the fleet's limits.

        Raises:
            ConfigurationError: the endpoint's settings cannot work.
        """
        self._model = model
        self._place = place
        self._prices = prices
        self._tier: Literal["llm", "decision"] = "decision" if isinstance(options, DecisionOptions) else "llm"
        self._ask: Ask = options.ask if isinstance(options, LlmOptions) else "decision"
        self._rubric = Rubric.model_validate(
            {"name": "trial", "judge": {"tiers": [self._tier], self._tier: options.model_dump()}}
        )
        if isinstance(options, LlmOptions):
            check_asked_way(place, options)
        self._admission = CountedAdmission(admission)
        patience = {"max_wait_s": min(place.max_wait_s, 10.0)}
        self._http = HttpChatModel(model, place.model_copy(update=patience), admission=self._admission)
        self._recorded = _Recorded(self._http)
        self._judge = self._judge_for(place.context_window)

    async def run(self) -> TrialFacts:
        """Ask the server for its models, then judge a sample twice, then send a long prompt."""
        facts = TrialFacts(ask=self._ask, served=await served_model(self._place, self._model))
        facts.too_small = self._too_small(facts.served.window)
        try:
            await self._judge_twice(facts)
            if facts.error is None and self._ask != "decision":  # which takes statements alone
                window = [self._place.context_window, facts.served.window]
                known = min((tokens for tokens in window if tokens is not None), default=None)
                facts.window = await tried_window(self._model, self._place, self._http.form, self._admission, known)
        finally:
            await self._http.close()
        facts.form = self._http.form
        facts.replies = self._recorded.replies
        facts.calls = self._admission.calls
        facts.usage = sum((reply.usage for reply in facts.replies), start=facts.window.usage)
        return facts

    async def _judge_twice(self, facts: TrialFacts) -> None:
        for _ in range(2):
            before, told = self._admission.calls, len(self._recorded.replies)
            try:
                facts.verdicts.append(await self._judge.assess(SAMPLE, self._rubric))
            except InvalidVerdict as exc:
                if len(self._recorded.replies) == told:
                    facts.error = exc
                    return
                facts.unusable = str(exc)
            except EvaluationError as exc:
                facts.error = exc
                return
            facts.calls_of_second = self._admission.calls - before
            facts.replies_of_second = len(self._recorded.replies) - told

    def _judge_for(self, window: int | None) -> Judge:
        return registry.build_judge(
            self._rubric, self._tier, lambda _: self._recorded, prices=self._prices, window_of=lambda _: window
        )

    def _too_small(self, window: int | None) -> str:
        """Why a window cannot be set. Empty: it can."""
        try:
            self._judge_for(window)
        except WindowTooSmall as exc:
            return str(exc)
        return ""


class _Recorded:
    """A model whose replies are kept."""

    def __init__(self, model: HttpChatModel) -> None:
        self._inner = model
        self.replies: list[Reply] = []

    @property
    def model(self) -> str:
        return self._inner.model

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        *,
        json_schema: Mapping[str, Any] | None = None,
        exact_schema: Callable[[], Mapping[str, Any]] | None = None,
        max_tokens: int = 2048,
    ) -> Reply:
        reply = await self._inner.complete(
            messages, json_schema=json_schema, exact_schema=exact_schema, max_tokens=max_tokens
        )
        self.replies.append(reply)
        return reply

    async def close(self) -> None:
        await self._inner.close()
