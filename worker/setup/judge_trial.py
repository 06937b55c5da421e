"""Trying one judge model: what its endpoint turns out to be, with a bound on the calls that finding out takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.judges.errors import CallHeld, ConfigurationError, EvaluationError, UnjudgeableSample
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.llm.grounding.window import grounding_limits_for
from assay.judges.models.admission import Admission, CallBound, Ticket
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.request_form import RequestForm
from assay.judges.prices import PriceTable
from assay.judges.rubric import LlmOptions, Rubric
from assay.judges.schema import ClaimVerdict, Sample, Usage, Verdict
from assay.worker.setup.served_models import ServedModel, served_model

MOST_CALLS = 12
"""Requests that trying one model takes at most: two samples, a long prompt, and what finding out the form takes."""

LONG_LINES = 450
LONG_TOKENS = 6_000
"""About what `LONG_LINES` lines are. Servers that cut without a word have windows of 2,048 or 4,096 by default."""

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
        error: why it ended early.
        unusable: why the reply was no verdict, though the endpoint answered.
        served: what the server's list says.
        form: how the endpoint is asked for JSON by now.
        replies: of the two samples.
        verdicts: of the two samples.
        calls_of_second: requests that the second sample took.
        long_sent: characters of the long prompt.
        long_counted: tokens of it, as the endpoint counted.
        is_long_cut: whether the endpoint cannot have read all of it.
        is_long_refused: whether the endpoint said that it is too long.
        calls: requests in all.
        usage: tokens in all.
    """

    error: EvaluationError | ConfigurationError | None = None
    unusable: str = ""
    served: ServedModel = field(default_factory=ServedModel)
    form: RequestForm | None = None
    replies: list[Reply] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    calls_of_second: int | None = None
    long_sent: int = 0
    long_counted: int | None = None
    is_long_cut: bool = False
    is_long_refused: bool = False
    calls: int = 0
    usage: Usage = field(default_factory=Usage)

    @property
    def is_right(self) -> bool:
        """Whether the last verdict says what is true of the sample."""
        told = [claim.verdict for claim in self.verdicts[-1].claims] if self.verdicts else []
        return len(told) == 2 and told[0] is ClaimVerdict.SUPPORTED and told[1] is not ClaimVerdict.SUPPORTED


class JudgeTrial:
    """Tries one model at one endpoint."""

    def __init__(
        self, model: str, place: EndpointSettings, options: LlmOptions, prices: PriceTable, admission: Admission
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
        self._admission = _Counted(admission)
        # A server whose grammar breaks it answers 500: a second attempt tells that from one that is down.
        patience = {"attempts": min(place.attempts, 3), "max_wait_s": min(place.max_wait_s, 5.0)}
        self._http = HttpChatModel(model, place.model_copy(update=patience), admission=self._admission)
        self._recorded = _Recorded(self._http)
        window = place.context_window
        limits = None if window is None else grounding_limits_for(window, options.max_tokens)
        self._judge = LlmJudge(self._recorded, prices, limits=limits)
        self._rubric = Rubric.model_validate({"name": "trial", "judge": {"tiers": ["llm"], "llm": options}})

    async def run(self) -> TrialFacts:
        """Ask the server for its models, then judge a sample twice, then send a long prompt."""
        facts = TrialFacts(served=await served_model(self._place, self._model))
        try:
            await self._judge_twice(facts)
            if facts.error is None:
                await self._send_long(facts)
        finally:
            await self._http.close()
        facts.form = self._http.form
        facts.replies = self._recorded.replies
        facts.calls = self._admission.calls
        facts.usage = sum((reply.usage for reply in facts.replies), start=facts.usage)
        return facts

    async def _judge_twice(self, facts: TrialFacts) -> None:
        for _ in range(2):
            before = self._admission.calls
            try:
                facts.verdicts.append(await self._judge.assess(SAMPLE, self._rubric))
            except EvaluationError as exc:
                if not self._recorded.replies:
                    facts.error = exc
                    return
                facts.unusable = str(exc)
            facts.calls_of_second = self._admission.calls - before

    async def _send_long(self, facts: TrialFacts) -> None:
        text = "\n".join(f"Day {day}: the tide at the harbour stood {day % 7} feet high." for day in range(LONG_LINES))
        facts.long_sent = len(text)
        messages = [ChatMessage(role="user", content=f"{text}\nHow high stood the tide on day 3? Answer in one word.")]
        try:
            reply = await self._http.complete(messages, max_tokens=256)
        except UnjudgeableSample:
            facts.is_long_refused = True
        except EvaluationError as exc:
            facts.usage += exc.usage
        else:
            facts.usage += reply.usage
            facts.long_counted = reply.usage.prompt_tokens or None
            facts.is_long_cut = reply.prompt_cut


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


class _Counted:
    """Lets `MOST_CALLS` requests go, and counts them."""

    def __init__(self, admission: Admission) -> None:
        self._inner = admission
        self.calls = 0

    async def admit(self, bound: CallBound) -> Ticket:
        if self.calls >= MOST_CALLS:
            told = f"{MOST_CALLS} requests were sent, which is all that trying a model takes"
            raise CallHeld(told, reason="limit", retry_after_s=0.0)
        ticket = await self._inner.admit(bound)
        self.calls += 1
        return ticket
