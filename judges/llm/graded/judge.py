"""The judge of graded rubrics: all criteria in one call, a level each, and no number out of a failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import UnjudgeableSample
from assay.judges.grades import missing_part
from assay.judges.llm.conversation import Conversation, fresh_nonce, parse_whole
from assay.judges.llm.graded.prompt import Ask, GradedLimits, Layout, graded_fingerprint, lay_out, plan_asks
from assay.judges.llm.graded.reply import Graded, parse_graded, reply_schema
from assay.judges.llm.model_judge import ModelJudge
from assay.judges.models.base import ChatModel, Reply
from assay.judges.prices import PriceTable
from assay.judges.rubric import REFUSAL, Rubric
from assay.judges.schema import Grade, ResponseKind, Sample, Tier, Verdict

_WANTED = "the whole JSON object"


class GradedJudge(ModelJudge[GradedLimits]):
    """Grades samples with a chat model. It is stateless: one instance serves all concurrent assessments."""

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
            limits: sizes of one call. The defaults fit a 64,000-token context window.
            nonce: makes the fence word of each call. Tests pass their own.
        """
        limits = limits or GradedLimits()
        super().__init__(model, prices, limits, nonce, [graded_fingerprint(), model.model, limits.model_dump()])

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """Grade one sample. A criterion is asked only where the sample has its parts. With none, no model is asked.

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
        conversation = self._conversation(rubric)
        with conversation.charging():
            graded = [await self._grade(conversation, sample, ask) for ask in asks]
        return self._verdict(asks, graded, conversation)

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
    """A refusal where a criterion of the response says so. Else an answer, although graded answers have no claims."""
    refused = any(grade.level == REFUSAL and grade.context is None for grade in grades)
    return ResponseKind.REFUSAL if refused else ResponseKind.ANSWER


def _read(reply: Reply, ask: Ask, layout: Layout) -> Graded:
    return parse_whole(reply, lambda text: parse_graded(text, ask, layout.lines), "leave out reasons")
