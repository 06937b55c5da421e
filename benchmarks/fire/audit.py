"""What became of every trace, read from SQLite, from Redis and from the judge's log, without the product's code."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from benchmarks.fire.broker import fields_of
from benchmarks.fire.fleet import Fire
from benchmarks.fire.judge_calls import ANSWERED, most_between
from benchmarks.fire.traffic import is_flawed, marker, trace_id

KEPT_S = 1.0
"""For a verdict that lay in Redis for so long nobody may ask again, whoever is killed then."""

LATE_S = 10.0
"""An answer that no kill followed for so long must have been kept. A starved machine takes seconds for that."""

VERDICT_TTL_S = 24 * 3600
"""`ASSAY_VERDICT_TTL_S`, by its default: a kept verdict expires so long after it was kept, which tells when it was."""


@dataclass
class Audit:
    """What was found.

    Attributes:
        lost: without an entry, or scored without a row in the store.
        doubled: (trace, score name) pairs with more than one row.
        wrong_value, wrong_trace: rows with another value than the answer has, or with another trace's words.
        extra: answered calls beyond the first of a trace.
        extra_kept: those of them that began when the verdict had been kept for `KEPT_S`, or whose first answer was
            not followed by a kill within `LATE_S`.
        most_at_risk: the most answers at one moment that were not kept yet, which is what a kill can cost. Traces with
            one answer are counted.
        kept_after_s: the 95th percentile from the answer until it was kept.
    """

    traces: int
    states: dict[str, int]
    reasons: dict[str, int]
    lost: list[str] = field(default_factory=list)
    doubled: int = 0
    wrong_value: list[str] = field(default_factory=list)
    wrong_trace: list[str] = field(default_factory=list)
    answered: int = 0
    extra: int = 0
    extra_kept: int = 0
    most_for_one: int = 0
    most_at_risk: int = 0
    kept_after_s: float = 0.0
    funnel_adds_up: bool = True

    @property
    def open(self) -> int:
        """Traces that are not final."""
        return sum(n for state, n in self.states.items() if state not in ("scored", "skipped", "dead"))

    @property
    def extra_share(self) -> float:
        """Extra answered calls by trace."""
        return self.extra / max(1, self.traces)

    def line(self) -> str:
        """On one line of a table."""
        states = " ".join(f"{state} {n}" for state, n in sorted(self.states.items()))
        return (
            f"traces {self.traces}: {states} | lost {len(self.lost)} doubled {self.doubled} wrong value "
            f"{len(self.wrong_value)} wrong trace {len(self.wrong_trace)} | answered {self.answered} "
            f"extra {self.extra} ({self.extra_share:.2%}), of kept verdicts {self.extra_kept}, "
            f"most for one trace {self.most_for_one}, most at risk {self.most_at_risk}, kept after "
            f"{self.kept_after_s:.2f} s (p95) | "
            f"funnel {'adds up' if self.funnel_adds_up else 'DOES NOT ADD UP'} | {self.reasons}"
        )


def audit(fleet: Fire) -> Audit:
    """Look at everything the fleet left."""
    entries = _entries(fleet)
    rows = _rows(fleet)
    numbers = range(fleet.traces)
    states = Counter(entry["state"] for entry in entries.values())
    reasons = Counter(
        f"{entry['state']}/{entry['reason']}" for entry in entries.values() if entry["state"] in ("dead", "skipped")
    )
    found = Audit(fleet.traces, dict(states), dict(reasons))
    for number in numbers:
        entry = entries.get(trace_id(number))
        if entry is None or (entry["state"] == "scored" and not rows.get(trace_id(number))):
            found.lost.append(trace_id(number))
        _check_rows(found, number, rows.get(trace_id(number), []))
    kills = [moment for moment, what in fleet.events if "KILL" in what]
    _check_calls(found, fleet.judge.ask("calls"), kills, _kept(fleet))
    found.funnel_adds_up = _adds_up(fleet, len(entries))
    return found


def _entries(fleet: Fire) -> dict[str, dict[str, str]]:
    client = fleet.broker.client(timeout_s=60)
    keys = list(client.scan_iter("assay:state:entry:*", count=5000))
    entries = {}
    for first in range(0, len(keys), 1000):
        pipe = client.pipeline(transaction=False)
        for key in keys[first : first + 1000]:
            pipe.hmget(key, "state", "reason")
        for key, (state, reason) in zip(keys[first : first + 1000], pipe.execute(), strict=True):
            name = key.decode().rpartition("\x1f")[2]
            entries[name] = {"state": (state or b"").decode(), "reason": (reason or b"").decode()}
    return entries


def _rows(fleet: Fire) -> dict[str, list[Mapping[str, Any]]]:
    connection = sqlite3.connect(f"file:{fleet.database}?mode=ro", uri=True, timeout=60)
    connection.row_factory = sqlite3.Row
    rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in connection.execute("SELECT trace_id, name, value, comment FROM scores"):
        rows[row["trace_id"]].append(dict(row))
    connection.close()
    return rows


def _check_rows(found: Audit, number: int, rows: Sequence[Mapping[str, Any]]) -> None:
    names = Counter(row["name"] for row in rows)
    found.doubled += sum(n - 1 for n in names.values())
    for row in rows:
        if row["name"] == "groundedness" and (row["value"] < 0.95) != is_flawed(number):
            found.wrong_value.append(trace_id(number))
        words = row["comment"] or ""
        if "mk0" in words and marker(number) not in words:
            found.wrong_trace.append(trace_id(number))


def _kept(fleet: Fire) -> dict[str, float]:
    """When each marker's verdict was kept, by Redis's clock, which is the judge's. Those that were lost are absent."""
    client = fleet.broker.client(timeout_s=60)
    keys = list(client.scan_iter("assay:state:kept:production:*", count=5000))
    kept = {}
    for first in range(0, len(keys), 500):
        pipe = client.pipeline(transaction=False)
        for key in keys[first : first + 500]:
            pipe.get(key)
            pipe.pttl(key)
        now: Any = client.time()
        told = pipe.execute()
        for packed, left_ms in zip(told[::2], told[1::2], strict=True):
            paid_by = json.loads(zlib.decompress(packed))["trace_id"]
            kept[paid_by.removeprefix("trace-")] = now[0] + now[1] / 1e6 + left_ms / 1000 - VERDICT_TTL_S
    return kept


def _check_calls(
    found: Audit, calls: Iterable[Mapping[str, Any]], kills: Sequence[float], kept: Mapping[str, float]
) -> None:
    answers: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for call in calls:
        if call["outcome"] == ANSWERED:
            answers[call["marker"]].append(call)
    found.answered = sum(map(len, answers.values()))
    found.extra = found.answered - len(answers)
    found.most_for_one = max(map(len, answers.values()), default=0)
    once = [(own[0]["end"], kept[name]) for name, own in answers.items() if len(own) == 1 and name in kept]
    found.most_at_risk = most_between(once)
    found.kept_after_s = sorted(moment - end for end, moment in once)[len(once) * 95 // 100] if once else 0.0
    for name, own in answers.items():
        own.sort(key=lambda call: call["end"])
        for earlier, later in pairwise(own):
            was_kept = later["at"] > kept.get(name, later["at"]) + KEPT_S
            found.extra_kept += was_kept or not any(-0.1 <= kill - earlier["end"] <= LATE_S for kill in kills)


def _adds_up(fleet: Fire, entries: int) -> bool:
    client = fleet.broker.client(timeout_s=60)
    keys = client.scan_iter("assay:state:promised:*")
    promised = sum(n for key in keys for n in fields_of(client, key).values())
    return promised == sum(fleet.states().values()) == entries
