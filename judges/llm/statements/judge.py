"""The judge that asks how likely each statement is, in whichever form: see `forms.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from assay.judges.call_plan import CallPlan, Purse, affordable, drawn, plan_of_call
from assay.judges.cpu_executor import in_thread
from assay.judges.errors import CallHeld, InvalidVerdict, ModelAccessDenied
from assay.judges.llm.conversation import Conversation, fresh_nonce
from assay.judges.llm.grounding.numbering import GroundingLimits, ResponsePart
from assay.judges.llm.model_judge import ModelJudge
from assay.judges.llm.reply_object import KEPT_REPLY_CHARS
from assay.judges.llm.statements.calls import SampleCalls, calls_about
from assay.judges.llm.statements.claims import ClaimTable
from assay.judges.llm.statements.forms import StatementCall, StatementForm
from assay.judges.llm.statements.prompt import prompt_fingerprint
from assay.judges.llm.statements.yes_or_no import NO_PROBABILITIES
from assay.judges.models.base import ChatModel, Reply
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric, SpendOptions
from assay.judges.schema import Sample, Verdict

MOST_UNHEARD = 5
"""Replies in a row without probabilities, of an endpoint that has given some, that are each their text's own fault."""

MUTE_S = 300.0
"""Seconds for which a model without probabilities is not asked again: a person has to act."""


class StatementJudge(ModelJudge[GroundingLimits]):
    """Judges each statement by its probability. It is stateless: one instance serves all concurrent assessments."""

    def __init__(
        self,
        model: ChatModel,
        prices: PriceTable,
        form: StatementForm,
        *,
        limits: GroundingLimits | None = None,
        nonce: Callable[[], str] = fresh_nonce,
    ) -> None:
        """Keep the parts.

        Args:
            model: who is asked.
            prices: what the calls cost.
            form: how statements are put to it.
            limits: sizes of what is shown with one call.
            nonce: makes the fence word of each part. Tests pass their own.
        """
        limits = limits or GroundingLimits()
        super().__init__(
            model, prices, limits, nonce, [prompt_fingerprint(), form.name, model.model, limits.model_dump()]
        )
        self._form = form
        self._mute_until = 0.0
        self._unheard = MOST_UNHEARD

    @property
    def name(self) -> str:
        """`llm`, or `decision` where a decision model is asked."""
        return self._form.name

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """Judge one sample. See `Judge.assess`.

        Raises:
            UnjudgeableSample: the response is empty, too long, or takes more than the rubric allows.
            ModelError: the provider did not answer usefully, or cannot give probabilities.
            CallHeld: no leave for a call, or the endpoint has just given no probabilities.
            InvalidVerdict: a statement has no probability.

        Each of them says what had been spent by then.
        """
        begun = await in_thread(self._begun, sample, self._form.options(rubric, self._model.model))
        if begun.calls:
            self._check_speaking()
        conversation = Conversation(self._model, self._prices, self._form.max_tokens, begun.purse)
        asks = [partial(self._ask, conversation, call, follows=follows) for call, follows in begun.in_order()]
        with conversation.charging():
            answers = await conversation.together(asks) if asks else []
        return await in_thread(self._verdict, sample, begun, answers, conversation)

    def plan(self, sample: Sample, rubric: Rubric) -> CallPlan:
        """What judging a sample takes at most. No model is asked.

        Raises:
            UnjudgeableSample: it is empty, too long or too expensive.
        """
        begun = self._begun(sample, self._form.options(rubric, self._model.model))
        return sum((self._planned_call(call) for _, call in begun.calls), start=CallPlan())

    async def _ask(self, conversation: Conversation, call: StatementCall, *, follows: bool) -> Mapping[int, float]:
        read = partial(self._read, call=call)
        return await conversation.ask_once(call.messages, read, schema=call.schema, follows=follows)

    def _read(self, reply: Reply, call: StatementCall) -> Mapping[int, float]:
        try:
            probabilities = self._form.read(reply, call)
        except ModelAccessDenied as denied:
            self._unheard += 1
            if self._unheard <= MOST_UNHEARD:  # the endpoint does give them: this is a canned answer to one text
                raise InvalidVerdict(str(denied), reply=reply.text[:KEPT_REPLY_CHARS]) from denied
            self._mute_until = time.monotonic() + MUTE_S
            raise
        self._unheard = 0
        return probabilities

    def _check_speaking(self) -> None:
        """Wait without a call where the endpoint has just given no probabilities: each would be paid for nothing."""
        left = self._mute_until - time.monotonic()
        if left > 0:
            raise CallHeld(f"{self._model.model}: {NO_PROBABILITIES}", reason="access", retry_after_s=left)

    def _begun(self, sample: Sample, options: SpendOptions) -> _Begun:
        """The calls that judge a sample, in the order of the response, and who pays for them."""
        choose = partial(drawn, sample=sample, options=options)
        divided = calls_about(sample, self._form, self._limits, nonce=self._nonce, choose=choose)
        count, purse = self._within(options, [call for _, call in divided.calls])
        return _Begun(divided, sorted(divided.calls[:count], key=lambda pair: pair[1].numbers), purse)

    def _within(self, options: SpendOptions, calls: Sequence[StatementCall]) -> tuple[int, Purse | None]:
        """How many of the calls, in the order given, the rubric's price allows, and the purse they are paid from."""
        if options.max_usd is None or not calls:
            return len(calls), None
        plans = [self._planned_call(call) for call in calls]
        count = affordable(plans, options, self._model.model)
        return count, Purse(options.max_usd, plans[:count])

    def _planned_call(self, call: StatementCall) -> CallPlan:
        schema, bound = call.schema or {}, self._form.max_tokens
        return plan_of_call(call.messages, schema, bound, model=self._model.model, prices=self._prices)

    def _verdict(
        self, sample: Sample, begun: _Begun, answers: Sequence[Mapping[int, float]], conversation: Conversation
    ) -> Verdict:
        table = ClaimTable(sample, judge=self.name, source=self._form.source)
        known = {number: p for answer in answers for number, p in answer.items()}
        divided = begun.divided
        claims = [
            claim
            for part in divided.parts
            for claim in table.of(part, {number: p for number, p in known.items() if number in part.sentences})
        ]
        return Verdict(
            judge=self.name,
            tier=self._form.tier,
            kind=divided.kind,
            claims=tuple(claims),
            not_checkworthy=divided.spans(lambda number: number not in divided.stated),
            unjudged=divided.spans(lambda number: number in divided.stated and number not in known),
            partial_context=conversation.prompt_cut or any(part.partial_context for part, _ in begun.calls),
            **conversation.provenance(),
        )


class _Begun(NamedTuple):
    """What is asked about a sample, and who pays."""

    divided: SampleCalls
    calls: Sequence[tuple[ResponsePart, StatementCall]]
    purse: Purse | None

    def in_order(self) -> Iterator[tuple[StatementCall, bool]]:
        """Each call, and whether its prompt begins as the one before."""
        before: ResponsePart | None = None
        for part, call in self.calls:
            yield call, part is before
            before = part
