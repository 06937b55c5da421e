"""The LLM judge: one call per sample on the common path, one repair turn, and no number out of a failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from assay.judges.call_plan import CallPlan, Purse, drawn
from assay.judges.cpu_executor import in_thread
from assay.judges.errors import IncompleteVerdict, InvalidVerdict
from assay.judges.llm.conversation import Conversation, fresh_nonce
from assay.judges.llm.grounding.claims import ResolvedReply, resolve
from assay.judges.llm.grounding.copied_example import copied
from assay.judges.llm.grounding.exact_schema import exact_schema
from assay.judges.llm.grounding.numbering import GroundingLimits, ResponsePart, divide_chosen, span_of
from assay.judges.llm.grounding.prompt import build_messages, prompt_fingerprint
from assay.judges.llm.grounding.reply import REPLY_SCHEMA, parse_reply
from assay.judges.llm.grounding.token_probabilities import support_probabilities
from assay.judges.llm.model_judge import ModelJudge, texts_of
from assay.judges.llm.repair import PROMPT_CUT, parse_whole
from assay.judges.llm.reply_object import KEPT_REPLY_CHARS
from assay.judges.models.base import ChatMessage, ChatModel, Reply
from assay.judges.prices import PriceTable
from assay.judges.rubric import LlmOptions, Rubric
from assay.judges.schema import ResponseKind, Sample, Span, Tier, Verdict
from assay.judges.text.restatements import first_statement

_WANTED = "the whole JSON object for all R numbers"


class LlmJudge(ModelJudge[GroundingLimits]):
    """Judges a sample with a chat model. It is stateless: one instance serves all concurrent assessments."""

    def __init__(
        self,
        model: ChatModel,
        prices: PriceTable,
        *,
        limits: GroundingLimits | None = None,
        nonce: Callable[[], str] = fresh_nonce,
    ) -> None:
        """Keep the parts.

        Args:
            model: who is asked.
            prices: what the calls cost.
            limits: sizes of one call. The defaults fit a 32,000-token context window.
            nonce: makes the fence word of each call. Tests pass their own.
        """
        limits = limits or GroundingLimits()
        asked = [prompt_fingerprint(), model.model, REPLY_SCHEMA, limits.model_dump()]
        super().__init__(model, prices, limits, nonce, asked)

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """Judge one sample. See `Judge.assess`.

        Raises:
            UnjudgeableSample: the response is empty, too long, or takes more than the rubric allows.
            ModelError: the provider did not answer usefully.
            InvalidVerdict: the reply broke the format, also after the repair turn.

        Each of them says what had been spent by then.
        """
        options = self._options(rubric)
        begun = await in_thread(self._begun, sample, options)
        conversation = self._conversation(options, begun.purse)
        asks = [partial(self._judge_part, conversation, sample, part, messages) for part, messages in begun.calls]
        with conversation.charging():
            answers = await conversation.together(asks)
        # Merging is too little work for a thread.
        return self._verdict(answers, begun.unjudged, conversation)

    def plan(self, sample: Sample, rubric: Rubric) -> CallPlan:
        """What judging a sample takes at most. No model is asked.

        Raises:
            UnjudgeableSample: it is empty, too long or too expensive.
        """
        options = self._options(rubric)
        calls = self._begun(sample, options).calls
        return sum((self._planned((messages, REPLY_SCHEMA), options) for _, messages in calls), start=CallPlan())

    def _begun(self, sample: Sample, options: LlmOptions) -> _Begun:
        """The calls that judge a sample, nearly always one, and what of the response they leave out."""
        parts, left_out = divide_chosen(sample, self._limits, lambda count: drawn(count, sample, options))
        calls = [(part, build_messages(sample, part, nonce=self._nonce(), limits=self._limits)) for part in parts]
        count, purse = self._within_price([(messages, REPLY_SCHEMA) for _, messages in calls], options)
        left_out += [span_of(part) for part in parts[count:]]
        return _Begun(
            calls=sorted(calls[:count], key=lambda call: min(call[0].sentences)),
            unjudged=tuple(sorted(left_out, key=lambda span: span.start)),
            purse=purse,
        )

    async def _judge_part(
        self, conversation: Conversation, sample: Sample, part: ResponsePart, messages: Sequence[ChatMessage]
    ) -> _Answer:
        return await conversation.ask(
            messages,
            REPLY_SCHEMA,
            partial(_read_first, sample=sample, part=part),
            reread=partial(_read, sample=sample, part=part),
            exact_schema=partial(exact_schema, part),
            wanted=_WANTED,
        )

    def _verdict(self, answers: Sequence[_Answer], unjudged: tuple[Span, ...], conversation: Conversation) -> Verdict:
        """Merge the parts into one verdict."""
        judged = [answer.judged for answer in answers]
        claims = tuple(claim for part in judged for claim in part.claims)
        return Verdict(
            judge=self.name,
            tier=Tier.LLM,
            kind=_kind([answer.kind for answer in answers], has_claims=bool(claims)),
            claims=claims,
            not_checkworthy=tuple(span for part in judged for span in part.not_checkworthy),
            unjudged=unjudged,
            partial_context=conversation.prompt_cut or any(answer.partial_context for answer in answers),
            rejected_evidence=sum(part.rejected_evidence for part in judged),
            explanation=_explanation(judged, is_cut=conversation.prompt_cut),
            **conversation.provenance(),
        )


class _Begun(NamedTuple):
    """What is asked about a sample: its calls in the order of the response, what they leave out, and who pays."""

    calls: list[tuple[ResponsePart, Sequence[ChatMessage]]]
    unjudged: tuple[Span, ...]
    purse: Purse | None


class _Answer(NamedTuple):
    """What one part's reply came to."""

    kind: ResponseKind
    judged: ResolvedReply
    partial_context: bool


def _read_first(reply: Reply, sample: Sample, part: ResponsePart) -> _Answer:
    """As `_read`, but a reply that claims nothing is a fault where the response tells what the evidence tells.

    The fault is named once only. A part of an answer may claim nothing. The evaluator decides on the whole answer.
    """
    answer = _read(reply, sample, part)
    stated = None if answer.judged.claims else first_statement(sample, part.sentences.values())
    if stated is not None:
        number = next(n for n, span in part.sentences.items() if span == stated)
        message = f"R{number} makes a statement on what the evidence is about; judge it, with kind answer"
        raise IncompleteVerdict(message, reply=reply.text[:KEPT_REPLY_CHARS])
    return answer


def _read(reply: Reply, sample: Sample, part: ResponsePart) -> _Answer:
    """Parse and resolve one reply."""
    parse = partial(parse_reply, expected=part.sentences, shown=texts_of(sample))
    parsed = parse_whole(reply, parse, "leave out reasons and fragments")
    number = copied(parsed.entries, sample.response, part.sentences)
    if number is not None:
        message = f"R{number} repeats an example of the instructions; judge the sentence that is shown"
        raise InvalidVerdict(message, reply=reply.text[:KEPT_REPLY_CHARS])
    judged = resolve(parsed, sample, part, support=support_probabilities(reply, parsed.place))
    return _Answer(kind=parsed.kind, judged=judged, partial_context=part.partial_context)


def _kind(kinds: Sequence[ResponseKind], *, has_claims: bool) -> ResponseKind:
    """An answer if any part claims something. A refusal only if some part declines and none claims."""
    if has_claims:
        return ResponseKind.ANSWER
    return ResponseKind.REFUSAL if ResponseKind.REFUSAL in kinds else ResponseKind.NO_CLAIMS


def _explanation(judged: Sequence[ResolvedReply], *, is_cut: bool) -> str:
    """One line on what code rejected of the model's word, and of its reading. Empty where nothing was."""
    evidence = sum(part.rejected_evidence for part in judged)
    fragments = sum(part.rejected_fragments for part in judged)
    remarks = [PROMPT_CUT] if is_cut else []
    remarks += [f"{evidence} evidence pointers rejected"] if evidence else []
    remarks += [f"{fragments} quoted fragments not in their sentence"] if fragments else []
    return "; ".join(remarks)
