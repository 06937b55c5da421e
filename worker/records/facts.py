"""What a trace says of itself without a judge. Unknown stays None, and is never 0."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assay.judges.schema import Record

_BESIDE_SCORES = ("release", "version", "session_id", "prompt_name", "prompt_version")
"""Facts that go into the metadata of a score: what a team compares there when an average moves."""


class TraceFacts(Record):
    """Where an answer came from and what it took. No text of the trace: names, numbers and codes.

    Attributes:
        prompt_name: of the call that wrote the answer, as is `prompt_version`. Where it names none, of the nearest
            that stands for it: a call or a prompt step before it that feeds it, or a step around it. Never that of a
            guardrail, a rewriter or another call beside the answer.
        trace_name: the name of the root, unless it is a sentence.
        duration_s: seconds from the start of the root to its end.
        first_token_s: seconds from the start of the root to the first token of the call that wrote the answer.
        input_tokens: of all model calls of the trace, cached ones among them. Embeddings, rerankers and moderations
            that write no text are no model calls.
        cached_tokens: those of the input that the provider had in its cache.
        output_tokens: of all model calls, reasoning among them.
        reasoning_tokens: those of the output that nobody sees.
        cost_usd: of all model calls. Never 0: recorders write 0 for a model without a price.
        cost_from: who knows the cost: the trace itself, our price table, or of some calls the one and of some the
            other (`mixed`).
        model_asked: of the call that wrote the answer, as are `model_served`, `provider` and `finish_reason`. Where
            nobody knows which that was, of the last one that did not fail and does not stand beside the answer.
        model_calls: how many there were. None: no step was recorded as one.
        passages: pieces of evidence in the sample.
        question_chars, answer_chars: lengths of the two texts without private values.
        question_language, answer_language: e.g. `de`, or those that come into question, as `es/pt`.
        question_vector, answer_vector: what they are about, as 64 numbers (`assay.judges.text.fingerprints`).
        vectors_from: how the vectors were made, e.g. `hashed-1`.
        feature, user_tier: what the application says it is, under the keys that `facts` in assay.yaml names.
        upstream_pi: probability with which a sampler before the trace store kept the trace (`ot=th:` in the trace state
            of its spans). None: they do not tell.
    """

    release: str | None = None
    version: str | None = None
    session_id: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    trace_name: str | None = None
    environment: str | None = None
    level: str | None = None
    tags: tuple[str, ...] = ()
    duration_s: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    first_token_s: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    input_tokens: int | None = Field(default=None, ge=0)
    cached_tokens: int | None = Field(default=None, ge=0)
    output_tokens: int | None = Field(default=None, ge=0)
    reasoning_tokens: int | None = Field(default=None, ge=0)
    cost_usd: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    cost_from: Literal["trace", "prices", "mixed"] | None = None
    model_asked: str | None = None
    model_served: str | None = None
    provider: str | None = None
    finish_reason: str | None = None
    model_calls: int | None = Field(default=None, ge=0)
    passages: int | None = Field(default=None, ge=0)
    question_chars: int | None = Field(default=None, ge=0)
    answer_chars: int | None = Field(default=None, ge=0)
    question_language: str | None = None
    answer_language: str | None = None
    question_vector: str | None = None
    answer_vector: str | None = None
    vectors_from: str | None = None
    feature: str | None = None
    user_tier: str | None = None
    upstream_pi: float | None = Field(default=None, gt=0.0, le=1.0)

    def known(self) -> dict[str, str]:
        """What goes beside a score and is known, by name."""
        values = {name: getattr(self, name) for name in _BESIDE_SCORES}
        return {name: value for name, value in values.items() if value is not None}
