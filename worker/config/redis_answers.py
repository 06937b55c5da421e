"""What an answer of Redis that is no answer means, in a line for people: the cause, and the remedy.

Every class of outage has a sentence here: a server that is away, hangs, is a replica, is full or refuses the login.
"""

from __future__ import annotations

import re

_MEANINGS = (
    (r"READONLY|ReadOnlyError",
     "answers READONLY: it is a replica; name its primary in ASSAY_REDIS_URL, or await the failover"),
    (r"\bOOM\b|OutOfMemoryError", "is full (maxmemory): give it more memory, or delete what is not Assay's"),
    (r"MISCONF", "refuses writes because it cannot save to its disk: free space there, and see its log"),
    (r"NOREPLICAS", "has too few replicas to take a write (min-replicas-to-write): a replica of it is away"),
    (r"NOAUTH|WRONGPASS|invalid (?:username|password)|AuthenticationError",
     "refuses the login: check user and password in ASSAY_REDIS_URL"),
    (r"NOPERM|NoPermissionError|ACL failure in script",
     "does not let this user run Assay's commands: ACL SETUSER name ~* &* +@all"),
    (r"LOADING|BusyLoading", "is loading its data; it answers when it has them"),
    (r"MASTERDOWN|MasterDownError",
     "is a replica whose primary is down; name a primary in ASSAY_REDIS_URL, or await the failover"),
    (r"WRONGTYPE",
     "holds another program's key under our prefix: set ASSAY_KEY_PREFIX, or delete the key that is not Assay's"),
    (r"unknown command", "lacks a command that Assay needs: see rename-command in its configuration"),
    (r"\bBUSY\b", "is busy with a script that runs too long, none of Assay's: see SCRIPT KILL"),
    (r"MOVED|CROSSSLOT|CLUSTERDOWN|MovedError|ClusterCrossSlotError|ClusterDownError",
     "is a cluster, which Assay does not support: name a single server in ASSAY_REDIS_URL"),
    (r"UNBLOCKED", "changed its role: a failover is on its way"),
    (r"max number of clients", "has no room for another client (maxclients)"),
    (r"DB index", "has no database of this number: write one that it has into ASSAY_REDIS_URL, usually 0 to 15"),
    (r"[Tt]imed? ?out|Timeout", "does not answer in time: it hangs, or the network does"),
    (r"refused|Error 111|Error 61\b", "refuses the connection: it is not running"),
    (r"No such file or directory|Error 2\b", "has no socket there: it is not running"),
    (r"Connection (?:reset|closed)|reset by peer|Broken pipe|Server closed", "closed the connection: it is restarting"),
    (r"Name or service not known|nodename nor servname|getaddrinfo|Temporary failure in name resolution",
     "has a name that cannot be resolved: see the host in ASSAY_REDIS_URL"),
)  # fmt: skip
"""Words of a server, of the system or of the client, and what they say, e.g. `OOM command not allowed when used
memory > 'maxmemory'.`

The client takes the first word away and names its exception by it, e.g. `ReadOnlyError`.
"""

_COMPILED = tuple((re.compile(pattern), meaning) for pattern, meaning in _MEANINGS)


def redis_trouble(error: BaseException) -> str:
    """Cause and remedy, to stand behind a subject such as "Redis". Nothing of the error's own words is repeated."""
    text = f"{type(error).__name__}: {error}"
    known = next((meaning for pattern, meaning in _COMPILED if pattern.search(text)), None)
    return known or f"does not answer as it should ({type(error).__name__}); check ASSAY_REDIS_URL and its log"


_WRONG = re.compile(r"DB index|WRONGTYPE|MOVED|CROSSSLOT|MovedError|ClusterCrossSlotError")
"""What waiting does not mend, e.g. `ERR DB index is out of range`.

A refused login is not among it: a password changes at the server and here, one after the other.
"""


def is_outage(error: BaseException) -> bool:
    """Whether the server may do its part by itself after a while, with the address as it is."""
    return not _WRONG.search(f"{type(error).__name__}: {error}")
