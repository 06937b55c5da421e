"""Whether what all workers share keeps what it is given, by the server's own words, and whether clocks agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from assay.worker.ports.health import Check
from assay.worker.ports.pulse import ProcessSeen
from assay.worker.ports.server_facts import ServerFacts
from assay.worker.records.private_files import open_to_others
from assay.worker.reporting.fleet_health import clock_words, process_clock

FULL = 0.8
"""From this share of its memory on a server is nearly full: an hour of an import may take the rest."""


def server_checks(facts: ServerFacts) -> Iterator[Check]:
    """What is wrong with the server; nothing where all is well."""
    if facts.is_replica:
        yield _problem(
            "redis role",
            "is a replica, which refuses writes",
            "name the primary in ASSAY_REDIS_URL, or fail over to it",
        )
    if facts.limit_bytes and facts.evicts not in {"", "noeviction"}:
        yield _problem(
            "redis memory",
            f"maxmemory-policy is {facts.evicts}: what is promised would be dropped where memory is full",
            "set maxmemory-policy to noeviction",
        )
    room = facts.limit_bytes or facts.machine_bytes
    if room and facts.memory_bytes > FULL * room:
        yield Check(
            name="redis room",
            status="warn",
            message=f"{facts.memory_bytes / 1e6:,.0f} of {room / 1e6:,.0f} MB of memory are used",
            remedy="give it more memory; where it is full, nothing is promised or judged until there is room",
        )
    if facts.appends is False:
        yield Check(
            name="redis persistence",
            status="warn",
            message="appendonly is off: a restart loses what waits; sweeps find it again, a day back",
            remedy="set appendonly yes",
        )
    if facts.last_write_failed:
        yield Check(
            name="redis disk",
            status="fail",
            message="its last write to disk failed, so that it may refuse every write",
            remedy="see that its disk has room and may be written",
        )


def clock_check(offset_s: float | None, processes: Sequence[ProcessSeen]) -> Check:
    """How far this machine's clock, and those of the processes that are alive, are from the server's."""
    clocks = {"this machine": offset_s} | {seen.name: seen.offset_s for seen in processes}
    known = {name: offset for name, offset in clocks.items() if offset is not None}
    lines = tuple(line for name, offset in known.items() if (line := process_clock(name, offset).sentence))
    if not known:
        return Check(name="clock", status="warn", message="Redis did not tell its time", remedy="run doctor again")
    worst = max(known, key=lambda name: abs(known[name]))
    told = f"{len(known)} clock{'' if len(known) == 1 else 's'} compared; {worst} is {clock_words(known[worst])}"
    return Check(
        name="clock",
        status="warn" if lines else "ok",
        message=told,
        remedy="have NTP keep these clocks; the fleet goes by Redis' time, and logs and traces do not" if lines else "",
        lines=lines,
        details=dict(known),
    )


def permission_check(data: Path) -> Check | None:
    """Whether others may read what lies in the data directory. None where there is no such directory yet."""
    if not data.is_dir():
        return None
    if open_to_others(data) is None:
        return Check(name="permissions", status="ok", message=f"{data} can be read by its owner alone")
    inside = [*sorted(data.glob("*.db*")), *sorted(data.glob("logs/*.log*"))]
    lines = [f"{path}: {rights}" for path in (data, *inside) if (rights := open_to_others(path)) is not None]
    return Check(
        name="permissions",
        status="warn",
        message="others on this machine may read what your users wrote",
        remedy=f"chmod -R go= {data}, unless that is meant; Assay changes no rights that are there",
        lines=tuple(lines),
    )


def _problem(name: str, message: str, remedy: str) -> Check:
    return Check(name=name, status="fail", message=message, remedy=remedy, is_configuration=True)
