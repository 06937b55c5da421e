"""The numbers by which calls are let go. Both accounts, in Redis and in memory, keep to them."""

from __future__ import annotations

PERIOD_S = 60.0
"""What limits "per minute" count over, in seconds."""

PARTS = 60
"""Parts of a period: tokens leave the window at most one part (a second of a minute) late, never early."""

SUSTAINED = 0.95
"""Share of a request limit that is handed out evenly. With a burst of `BURST` no minute of grants exceeds the limit,
and the stated burst is left for requests that reach the endpoint up to 3 s later than others."""

BURST = 0.05
"""Share of a limit that may go at once, e.g. 3 of 60 requests a minute; one call at least."""

TOKEN_WINDOW = 1.05
"""What tokens under way, at their bound, and tokens of the last period may come to, of the limit: limit and burst."""

FAILURES_TO_OPEN = 9
"""Failed calls in a row that open a breaker. An endpoint that fails one call in five at random does so once in about
two million calls (0.2 ** 9); one that is dead does so before its tenth call ended."""

FIRST_PROBE_S, LONGEST_PROBE_S = 1.0, 10.0
"""The wait before the first probe of an open breaker, which doubles up to the longest: 1, 2, 4, 8, 10, 10 …: 8 probes
in the first minute, 6 in each later one."""

PROBE_S = 30.0
"""How long a probe keeps others away, in seconds. Its process may have died."""

RECENT_S = 4
"""Seconds of calls and 429s by which the fleet's pace is judged."""

TOLERATED_REFUSALS = 0.15
"""Share of 429s that slows nobody down. Some endpoints refuse one call in ten whatever the pace."""

REFUSAL_DOUBT = 0.6
"""Times the root of the calls: what chance may add to the refusals. Of 20 calls 6 must be refused, not 4."""

SLOWED = 0.9
"""Of what the endpoint really took: the pace after a cut, so that what it has queued drains."""

CUT_EVERY_S = 2.0
"""Seconds between two cuts. The effect of one must be seen before the next."""

REGAINED = 0.05
"""Share of the pace after the cut that is regained each second: twice the pace, and the end of it, after 20 s."""

GOLDEN_S = 2.0
"""How long after a golden call asked traffic still leaves room for the next one, in seconds."""

EXPECTED_WEIGHT = 0.1
"""Weight of the last call in what is expected of the next: the share of its bound, and the time that it takes."""
