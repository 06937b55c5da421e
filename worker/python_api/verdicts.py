"""Verdicts as a program has them: one for each row, in order, and back into the frame they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, overload

from assay.worker.python_api.frames import Frame, with_columns
from assay.worker.records.jsonl import BadLine

Outcome = Literal["scored", "skipped", "failed", "refused"]


@dataclass(frozen=True)
class Verdict:
    """What became of one row. Only a scored one has scores: a failure is never a number.

    Attributes:
        id: of the row.
        outcome: `scored`; `skipped`: it cannot be judged; `failed`: judging it failed; `refused`: it is no sample.
        scores: by name, e.g. `{"faithfulness": 1.0, "hallucination_risk": 0.07}`.
        risk: the risk in a word. None where the rubric gives none.
        state: what was judged, e.g. `judged`, `no_evidence`, `refusal`.
        comment: the verdict in a sentence.
        reason: why there are no scores.
        record: everything, as `assay judge` writes it.
    """

    id: str | int | None
    outcome: Outcome
    scores: Mapping[str, float]
    risk: Literal["low", "medium", "high"] | None
    state: str | None
    comment: str
    reason: str
    record: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Verdict:
        """A verdict from the record that `assay judge` writes."""
        states = record.get("states", {})
        error = record.get("error")
        reason = f"{error['type']}: {error['message']}" if error else " ".join(_reason(record))
        return cls(
            id=record["id"],
            outcome=record["outcome"],
            scores=record.get("scores", {}),
            risk=states.get("risk"),
            state=next((value for name, value in states.items() if name != "risk"), None),
            comment=record.get("comment", ""),
            reason=reason,
            record=record,
        )

    @classmethod
    def refused(cls, bad: BadLine) -> Verdict:
        """A row that is no sample."""
        reason = f"{bad.key}: {bad.remedy}"
        return cls(None, "refused", {}, None, None, "", reason, {"outcome": "refused", "reason": reason})

    @property
    def problems(self) -> Sequence[Mapping[str, Any]]:
        """The claims that the evidence does not support, as records."""
        return [claim for claim in self.record.get("claims", ()) if claim.get("verdict") != "supported"]


def _reason(record: Mapping[str, Any]) -> Sequence[str]:
    return [str(record[key]) for key in ("reason", "detail") if record.get(key)]


class Verdicts(Sequence[Verdict]):
    """The verdicts of one call, in the order of its rows.

    Attributes:
        revision: of the evaluator. Numbers of two revisions are not compared.
    """

    def __init__(
        self,
        verdicts: Sequence[Verdict],
        revision: str,
        frame: Frame | None = None,
        scores: Collection[str] = (),
    ) -> None:
        """Keep them.

        Args:
            verdicts: in the order of the rows.
            revision: of the evaluator.
            frame: what was judged, as it was then.
            scores: names that the rubric gives. They are columns even where no row has them.
        """
        self._verdicts = tuple(verdicts)
        self.revision = revision
        self._frame = frame
        self._scores = sorted({*scores, *(name for verdict in verdicts for name in verdict.scores)})

    @overload
    def __getitem__(self, index: int) -> Verdict: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Verdict]: ...
    def __getitem__(self, index: int | slice) -> Verdict | Sequence[Verdict]:
        return self._verdicts[index]

    def __len__(self) -> int:
        return len(self._verdicts)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.most_common())
        return f"<{len(self)} verdicts: {counts or 'none'}; revision {self.revision[:12]}>"

    @property
    def outcomes(self) -> Counter[str]:
        """How often each outcome is there."""
        return Counter(verdict.outcome for verdict in self)

    def columns(self, prefix: str = "") -> dict[str, list[Any]]:
        """The verdicts as columns: outcome, each score, risk, state, comment, reason, revision.

        Args:
            prefix: before each name, where a frame has columns of these names.
        """
        columns: dict[str, list[Any]] = {"outcome": [verdict.outcome for verdict in self]}
        columns |= {name: [verdict.scores.get(name) for verdict in self] for name in self._scores}
        columns |= {key: [getattr(verdict, key) for verdict in self] for key in ("risk", "state", "comment", "reason")}
        columns["revision"] = [self.revision] * len(self)
        return {f"{prefix}{name}": values for name, values in columns.items()}

    def frame(self, prefix: str = "") -> Frame:
        """The frame as it was judged, of the same library, with the columns of the verdicts beside its own.

        Raises:
            ValueError: no frame was judged, or it has a column of the same name.
        """
        if self._frame is None:
            raise ValueError("no frame was judged; take verdicts.columns() for a frame of your own")
        return with_columns(self._frame, self.columns(prefix), {f"{prefix}{name}" for name in self._scores})
