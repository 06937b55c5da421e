"""The judge of graded rubrics: all criteria in one call, a level each, and no number out of a failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from assay.judges.call_plan import CallPlan, Purse, drawn
from assay.judges.cpu_executor import in_thread
from assay.judges.errors import UnjudgeableSample
from assay.judges.grades import missing_part
from assay.judges.llm.conversation import Conversation, fresh_nonce
from assay.judges.llm.graded.prompt import Ask, GradedLimits, Layout, graded_fingerprint, lay_out, plan_asks
from assay.judges.llm.graded.reply import Graded, parse_graded, reply_schema
from assay.judges.llm.model_judge import ModelJudge, texts_of
from assay.judges.llm.repair import PROMPT_CUT, parse_whole
from assay.judges.models.base import ChatModel, Reply
from assay.judges.prices import PriceTable
from assay.judges.rubric import REFUSAL, Criterion, LlmOptions, Rubric
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
            UnjudgeableSample: the response is longer than one call takes, or takes more calls than the rubric allows.
            ModelError: the provider did not answer usefully.
            InvalidVerdict: the reply broke the format, also after the repair turn.

        Each of them says what had been spent by then.
        """
        options = self._options(rubric)
        begun = await in_thread(self._begun, sample, rubric, options)
        conversation = self._conversation(options, begun.purse)
        grade = partial(self._grade, conversation, sample)
        with conversation.charging():
            asks = [partial(grade, ask, layout) for ask, layout in begun.calls]
            graded = await conversation.together(asks) if asks else []
        return self._verdict(begun, graded, conversation)

    def plan(self, sample: Sample, rubric: Rubric) -> CallPlan:
        """What grading a sample takes at most. No model is asked.

        Raises:
            UnjudgeableSample: it is too long or too expensive.
        """
        options = self._options(rubric)
        calls = self._begun(sample, rubric, options).calls
        asked = ((layout.messages, reply_schema(ask.criteria)) for ask, layout in calls)
        return sum((self._planned(call, options) for call in asked), start=CallPlan())

    def _begun(self, sample: Sample, rubric: Rubric, options: LlmOptions) -> _Begun:
        """The calls that grade a sample, and whether some are left out. The first, on the response, never is."""
        criteria = [criterion for criterion in rubric.criteria if missing_part(criterion, sample) is None]
        self._check_length(sample, criteria)
        asks = plan_asks(sample, criteria, self._limits) if criteria else []
        order = list(dict.fromkeys([0, *drawn(len(asks), sample, options)]))[: len(asks)] if asks else []
        order = order[: options.max_calls]
        calls = [(asks[n], lay_out(sample, asks[n], nonce=self._nonce(), limits=self._limits)) for n in order]
        asked = [(layout.messages, reply_schema(ask.criteria)) for ask, layout in calls]
        count, purse = self._within_price(asked, options)
        kept = sorted(zip(order[:count], calls, strict=False), key=lambda numbered: numbered[0])
        return _Begun([call for _, call in kept], is_part=count < len(asks), purse=purse)

    def _check_length(self, sample: Sample, criteria: Sequence[Criterion]) -> None:
        is_seen = any("response" in criterion.sees for criterion in criteria)
        if is_seen and len(sample.response) > self._limits.text_chars:
            detail = f"{len(sample.response):,} > {self._limits.text_chars:,} characters"
            raise UnjudgeableSample("response_too_long", detail)

    async def _grade(self, conversation: Conversation, sample: Sample, ask: Ask, layout: Layout) -> Graded:
        read = partial(_read, sample=sample, ask=ask, layout=layout)
        return await conversation.ask(layout.messages, reply_schema(ask.criteria), read, wanted=_WANTED)

    def _verdict(self, begun: _Begun, graded: Sequence[Graded], conversation: Conversation) -> Verdict:
        grades = tuple(grade for reply in graded for grade in reply.grades)
        is_partial = begun.is_part or conversation.prompt_cut or any(ask.partial for ask, _ in begun.calls)
        return Verdict(
            judge=self.name,
            tier=Tier.LLM,
            kind=_kind(grades),
            grades=grades,
            partial_context=is_partial,
            rejected_evidence=sum(reply.rejected for reply in graded),
            explanation=PROMPT_CUT if conversation.prompt_cut else "",
            **conversation.provenance(),
        )


class _Begun(NamedTuple):
    """What is asked about a sample: its calls in order, whether they are a part of all, and who pays."""

    calls: list[tuple[Ask, Layout]]
    is_part: bool
    purse: Purse | None


def _kind(grades: Sequence[Grade]) -> ResponseKind:
    """A refusal where a criterion of the response says so. Else an answer, although graded answers have no claims."""
    refused = any(grade.level == REFUSAL and grade.context is None for grade in grades)
    return ResponseKind.REFUSAL if refused else ResponseKind.ANSWER


def _read(reply: Reply, sample: Sample, ask: Ask, layout: Layout) -> Graded:
    parse = partial(parse_graded, ask=ask, lines=layout.lines, shown=texts_of(sample))
    return parse_whole(reply, parse, "leave out reasons")
