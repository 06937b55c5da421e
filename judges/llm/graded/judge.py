"""The judge of graded rubrics: all criteria in one call, a level each, and no number out of a failure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import EvaluationError, InvalidVerdict, UnjudgeableSample
from assay.judges.grades import missing_part
from assay.judges.llm.conversation import Conversation, cut_off, fresh_nonce
from assay.judges.llm.graded.prompt import Ask, GradedLimits, Layout, graded_fingerprint, lay_out, plan_asks
from assay.judges.llm.graded.reply import Graded, parse_graded, reply_schema
from assay.judges.models.base import ChatModel, Reply
from assay.judges.prices import PriceTable
from assay.judges.rubric import REFUSAL, Rubric
from assay.judges.schema import Grade, ResponseKind, Sample, Tier, Verdict

_MAX_TOKENS = 2048
_WANTED = "the whole JSON object"


class GradedJudge:
    """Grades samples with a chat model; stateless, so one instance serves all concurrent assessments."""

    def __init__(
        self,
        model: ChatModel,
        prices: PriceTable,
        *,
        limits: GradedLimits | None = None,
        nonce: Callable[[], str] = fresh_nonce,
    ) -> None:
        """Keep the parts.

        Args:
            model: who is asked.
            prices: what the calls cost.
            limits: sizes of one call; the defaults fit a 64,000-token context window.
            nonce: makes the fence word of each call; tests pass their own.
        """
        self._model = model
        self._prices = prices
        self._limits = limits or GradedLimits()
        self._nonce = nonce
        content = [graded_fingerprint(), model.model, self._limits.model_dump()]
        self._fingerprint = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """`llm`."""
        return "llm"

    @property
    def fingerprint(self) -> str:
        """sha256 over instructions, layout, model name and limits; the criteria are in the rubric's hash."""
        return self._fingerprint

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """Grade one sample; without the parts a criterion needs it is not asked, and without any nobody is.

        Raises:
            UnjudgeableSample: the response is longer than one call takes.
            ModelError: the provider did not answer usefully.
            InvalidVerdict: the reply broke the format, also after the repair turn.

        Each of them says what had been spent by then.
        """
        criteria = [criterion for criterion in rubric.criteria if missing_part(criterion, sample) is None]
        if (
            any("response" in criterion.sees for criterion in criteria)
            and len(sample.response) > self._limits.text_chars
        ):
            detail = f"{len(sample.response):,} > {self._limits.text_chars:,} characters"
            raise UnjudgeableSample("response_too_long", detail)
        asks = await in_thread(plan_asks, sample, criteria, self._limits) if criteria else []
        max_tokens = rubric.judge.llm.max_tokens if rubric.judge.llm else _MAX_TOKENS
        conversation = Conversation(self._model, self._prices, max_tokens)
        try:
            graded = [await self._grade(conversation, sample, ask) for ask in asks]
        except EvaluationError as exc:
            conversation.charge(exc)
            raise
        return self._verdict(asks, graded, conversation)

    async def close(self) -> None:
        """Close the model's connections."""
        await self._model.close()

    async def _grade(self, conversation: Conversation, sample: Sample, ask: Ask) -> Graded:
        layout: Layout = await in_thread(lay_out, sample, ask, nonce=self._nonce(), limits=self._limits)
        read = partial(_read, ask=ask, layout=layout)
        return await conversation.ask(layout.messages, reply_schema(ask.criteria), read, wanted=_WANTED)

    def _verdict(self, asks: Sequence[Ask], graded: Sequence[Graded], conversation: Conversation) -> Verdict:
        grades = tuple(grade for reply in graded for grade in reply.grades)
        return Verdict(
            judge=self.name,
            tier=Tier.LLM,
            kind=_kind(grades),
            grades=grades,
            partial_context=any(ask.partial for ask in asks),
            rejected_evidence=sum(reply.rejected for reply in graded),
            **conversation.provenance(),
        )


def _kind(grades: Sequence[Grade]) -> ResponseKind:
    """A refusal where a criterion of the response says so; a graded answer has no claims, and is one all the same."""
    refused = any(grade.level == REFUSAL and grade.context is None for grade in grades)
    return ResponseKind.REFUSAL if refused else ResponseKind.ANSWER


def _read(reply: Reply, ask: Ask, layout: Layout) -> Graded:
    """Parse one reply; a cut-off one says so, because that is the fault to name."""
    try:
        return parse_graded(reply.text, ask, layout.lines)
    except InvalidVerdict as fault:
        if reply.finish_reason != "length":
            raise
        raise InvalidVerdict(cut_off(reply, "leave out reasons"), reply=fault.reply) from fault
