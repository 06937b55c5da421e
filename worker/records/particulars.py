"""What the record tells of a trace beyond its scores: facts, where to look, and what judging took. No text of it."""

from __future__ import annotations

from pydantic import Field

from assay.judges.schema import Record, Tier, Usage
from assay.worker.records.facts import TraceFacts


class VerdictNote(Record):
    """Where to look in an answer, and who said so.

    Attributes:
        model: the model that served, as the endpoint called it.
        calibrated: whether a calibration file stood behind the risk.
        kind: verdict of the worst claim, e.g. `contradicted`, the level of the worst grade, or a rule's id.
        span: offsets of the worst claim in the response as the trace has it, e.g. `(3, 40)`.
        evidence: what it was held against: passage, start and end.
        rule_hits: ids of the rules that fired, each once.
    """

    tier: Tier | None = None
    model: str | None = None
    calibrated: bool | None = None
    kind: str | None = None
    span: tuple[int, int] | None = None
    evidence: tuple[tuple[int, int, int], ...] = ()
    rule_hits: tuple[str, ...] = ()


class Spent(Record):
    """What the judging of one trace took, over all its tries. The cost is None where a call had no known price."""

    calls: int = Field(default=0, ge=0)
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    cost_usd: float | None = Field(default=0.0, ge=0.0, allow_inf_nan=False)

    @classmethod
    def of(cls, usage: Usage, cost_usd: float | None) -> Spent:
        """What one try took. A try without a call costs nothing, whatever its model's price."""
        return cls(
            calls=usage.calls,
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            cost_usd=0.0 if cost_usd is None and not usage.calls else cost_usd,
        )

    def __add__(self, other: Spent) -> Spent:
        """Both together."""
        costs = (self.cost_usd, other.cost_usd)
        return Spent(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        )


class Particulars(Record):
    """What a ledger entry keeps for its row in the record.

    They are kept beside the judgement and not within it, because workers of an older Assay refuse a judgement with
    fields that they do not know.

    Attributes:
        facts: what the trace says of itself, as it was last read. None: it was not read, or by an older Assay.
        note: of the latest verdict. It counts only while the entry is judged.
        spent: what judging took, over all tries. None: nobody counted it.
        root_id: the store's id of the trace's root observation, as results are parented to it elsewhere.
    """

    facts: TraceFacts | None = None
    note: VerdictNote | None = None
    spent: Spent | None = None
    root_id: str | None = Field(default=None, max_length=200)
