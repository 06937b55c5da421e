"""The two ways to ask how likely statements are: a chat model about each, or a decision model about all at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from assay.judges.errors import InvalidVerdict
from assay.judges.llm.reply_object import KEPT_REPLY_CHARS
from assay.judges.llm.statements.prompt import DECISION_INSTRUCTIONS, SENTENCE_INSTRUCTIONS, Layout, question_name
from assay.judges.llm.statements.yes_or_no import yes_share
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.rubric import DecisionOptions, LlmOptions, Rubric, SpendOptions
from assay.judges.schema import Tier

ANSWER_TOKENS = 4
"""Most tokens of an answer of one word: some models begin with a line end or with bold."""

MOST_QUESTIONS = 100
"""Questions of one request to a decision model. Accuracy is reported to hold up to 300, and 400 are allowed."""

DECISION_TOKENS = 2_048
"""Most tokens that a decision model counts as written: about twenty for each answer. They cost nothing."""

STATE_TOKENS = 28_000
"""Most tokens of evidence shown to a decision model: state and one question may have 32,768 together."""


class StatementCall(NamedTuple):
    """One call: which sentences it is about, and what is sent."""

    numbers: tuple[int, ...]
    messages: Sequence[ChatMessage]
    schema: dict[str, Any] | None


class StatementForm(Protocol):
    """How statements are put to a model, and how their probabilities are read."""

    name: Literal["llm", "decision"]
    tier: Tier
    source: Literal["tokens", "decision"]
    instructions: str
    max_tokens: int
    state_tokens: int | None

    def options(self, rubric: Rubric, model: str) -> SpendOptions:
        """What the rubric lets a sample take."""
        ...

    def divided(self, numbers: Sequence[int]) -> list[tuple[int, ...]]:
        """These sentences of one part, a tuple for each call about them."""
        ...

    def call(self, layout: Layout, numbers: tuple[int, ...]) -> StatementCall:
        """The call about these sentences."""
        ...

    def read(self, reply: Reply, call: StatementCall) -> Mapping[int, float]:
        """The probability of each sentence of a call.

        Raises:
            InvalidVerdict: one is missing or is no probability.
            ModelAccessDenied: the endpoint cannot give any.
        """
        ...


class SentenceForm:
    """A chat model is asked for one word about each sentence. What counts is the probability of Yes against No."""

    name: Literal["llm", "decision"] = "llm"
    tier = Tier.LLM
    source: Literal["tokens", "decision"] = "tokens"
    instructions = SENTENCE_INSTRUCTIONS
    max_tokens = ANSWER_TOKENS
    state_tokens: int | None = None

    def options(self, rubric: Rubric, model: str) -> SpendOptions:
        """Those of `judge.llm`."""
        return rubric.judge.llm or LlmOptions(model=model, ask="sentences")

    def divided(self, numbers: Sequence[int]) -> list[tuple[int, ...]]:
        """One call for each sentence."""
        return [(number,) for number in numbers]

    def call(self, layout: Layout, numbers: tuple[int, ...]) -> StatementCall:
        """All calls begin the same, so that the evidence is read once where there is a cache."""
        return StatementCall(numbers, layout.sentence(numbers[0]), None)

    def read(self, reply: Reply, call: StatementCall) -> Mapping[int, float]:
        """See `yes_share`."""
        return {call.numbers[0]: yes_share(reply)}


class DecisionForm:
    """A decision model is asked for the probabilities of many sentences at once."""

    name: Literal["llm", "decision"] = "decision"
    tier = Tier.DECISION
    source: Literal["tokens", "decision"] = "decision"
    instructions = DECISION_INSTRUCTIONS
    max_tokens = DECISION_TOKENS
    state_tokens: int | None = STATE_TOKENS

    def options(self, rubric: Rubric, model: str) -> SpendOptions:
        """Those of `judge.decision`."""
        return rubric.judge.decision or DecisionOptions(model=model)

    def divided(self, numbers: Sequence[int]) -> list[tuple[int, ...]]:
        """One call for as many sentences as a request takes."""
        return [tuple(numbers[first : first + MOST_QUESTIONS]) for first in range(0, len(numbers), MOST_QUESTIONS)]

    def call(self, layout: Layout, numbers: tuple[int, ...]) -> StatementCall:
        """The evidence once, and a question for each sentence."""
        return StatementCall(numbers, layout.state(), layout.questions(numbers))

    def read(self, reply: Reply, call: StatementCall) -> Mapping[int, float]:
        """Every sentence has exactly one probability, or none of them counts."""
        answers = json.loads(reply.text)
        return {number: _probability(answers.get(question_name(number)), number, reply) for number in call.numbers}


def _probability(answer: object, number: int, reply: Reply) -> float:
    if isinstance(answer, int | float) and not isinstance(answer, bool) and 0 <= answer <= 1:  # NaN is neither
        return float(answer)
    kept = reply.text[:KEPT_REPLY_CHARS]
    raise InvalidVerdict(f"the decision model gives no probability for sentence {number}", reply=kept)
