"""What may go wrong in a simulated week: when, to which use case, and what it does to the traffic or to the fleet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

FLEET = ""
"""In place of a use case: the fleet itself is what is struck."""


class Incident(NamedTuple):
    """One incident. Numbers that are not given leave the traffic as it is.

    Attributes:
        use_case: which is struck. `FLEET`: the fleet.
        title: what happens, for the table.
        expected: rules of which one at least must fire, and be told.
        within: how long that may take.
        flagged: share of answers that become bad besides, at its height.
        unfaithful: share of answers whose faithfulness falls besides, at its height.
        rises_over: from its begin to its height. Zero: all at once.
        lasts: how long it goes on; None: to the end of the simulation.
        tokens: times the input tokens, of a new prompt version.
        model: who answers from then on, e.g. `gpt-5-mini-2026-11-15`.
        new_topic: share of sessions about something new.
        refusals: share of answers that are refused besides.
        judge_down, beat_dead: whether no call of the judge works, or beat sends nothing.
        dropped: share of writes that the trace store takes and never shows.
        is_brief: over before it can be told from chance with certainty. That nobody is told is no failure.
    """

    use_case: str
    title: str
    expected: tuple[str, ...]
    within: timedelta
    flagged: float = 0.0
    unfaithful: float = 0.0
    rises_over: timedelta = timedelta()
    lasts: timedelta | None = None
    tokens: float = 1.0
    model: str = ""
    new_topic: float = 0.0
    refusals: float = 0.0
    judge_down: bool = False
    beat_dead: bool = False
    dropped: float = 0.0
    is_brief: bool = False


class Happening(NamedTuple):
    """An incident at a moment."""

    incident: Incident
    begins: datetime

    @property
    def ends(self) -> datetime | None:
        """When it is over."""
        return None if self.incident.lasts is None else self.begins + self.incident.lasts


INCIDENTS: Mapping[str, Incident] = {
    "spike": Incident(
        "support",
        "from now on a quarter of the answers is hallucinated; 3,000 judged a day",
        ("LLMHallucinationSpike",),
        timedelta(hours=2),
        flagged=0.25,
    ),
    "spike-1000": Incident(
        "billing",
        "the same with 1,000 judged a day",
        ("LLMHallucinationSpike",),
        timedelta(hours=6),
        flagged=0.25,
    ),
    "spike-300": Incident(
        "legal",
        "the same with 300 judged a day",
        ("LLMHallucinationSpike",),
        timedelta(hours=18),
        flagged=0.25,
    ),
    "spike-ends": Incident(
        "support",
        "a quarter of the answers is hallucinated for 15 minutes, and then all is well",
        ("LLMHallucinationSpike",),
        timedelta(hours=1),
        flagged=0.25,
        lasts=timedelta(minutes=15),
        is_brief=True,
    ),
    "decline": Incident(
        "billing",
        "faithfulness falls slowly, over 3 days, by 12 points",
        ("AssayFaithfulnessDecline", "AssayFlaggedCreep"),
        timedelta(days=4),
        unfaithful=0.12,
        flagged=0.04,
        rises_over=timedelta(days=3),
    ),
    "tokens": Incident(
        "billing",
        "a new prompt version takes 4 times the tokens",
        ("AssayPromptTokenJump",),
        timedelta(hours=12),
        tokens=4.0,
    ),
    "checkpoint": Incident(
        "support",
        "the provider serves another checkpoint, which is slightly worse",
        ("AssayModelServedChanged", "AssayFlaggedCreep"),
        timedelta(days=3),
        model="gpt-5-mini-2026-11-15",
        flagged=0.02,
        unfaithful=0.02,
    ),
    "topics": Incident(
        "support",
        "a quarter of the sessions is about something new",
        ("AssayTopicShift", "AssayTrafficDrift"),
        timedelta(days=8),
        new_topic=0.25,
    ),
    "refusals": Incident(
        "support",
        "refusals double, from 1 % to 2 %",
        ("AssayRefusalTrend", "AssayTrafficDrift"),
        timedelta(days=10),
        refusals=0.01,
    ),
    "judge-down": Incident(
        FLEET,
        "no call of the judge works",
        ("AssayJudgeFailing",),
        timedelta(minutes=30),
        judge_down=True,
        lasts=timedelta(hours=2),
    ),
    "beat-dead": Incident(
        FLEET, "beat sends nothing any more", ("AssayBeatDead",), timedelta(minutes=15), beat_dead=True
    ),
    "store-drops": Incident(
        FLEET,
        "the trace store takes every third write and never shows it",
        ("AssayStoreDropsWrites",),
        timedelta(hours=2),
        dropped=1 / 3,
    ),
}
"""The incidents of the issue, by the name that `--incident` takes."""
