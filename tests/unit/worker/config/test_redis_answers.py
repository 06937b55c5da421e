"""Every class of outage has cause and remedy in words, whatever the client library makes of the server's answer."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from assay.worker.config.redis_answers import is_outage, redis_trouble
from assay.worker.ports.state import StateUnavailable

ANSWERS = [
    ("READONLY You can't write against a read only replica.", "it is a replica"),
    ("OOM command not allowed when used memory > 'maxmemory'.", "is full (maxmemory)"),
    ("MISCONF Valkey is configured to save RDB snapshots, but it is unable to persist to disk.", "disk"),
    ("LOADING Redis is loading the dataset in memory", "is loading its data"),
    ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "whose primary is down"),
    ("UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)", "failover"),
    ("WRONGPASS invalid username-password pair or user is disabled.", "refuses the login"),
    ("NOAUTH Authentication required.", "refuses the login"),
    ("NOPERM User default has no permissions to run the 'set' command", "ACL SETUSER"),
    ("ERR max number of clients reached", "maxclients"),
    ("ERR ACL failure in script: User t has no permissions to run the 'hdel' command", "ACL SETUSER"),
    ("ERR DB index is out of range", "no database"),
    ("NOREPLICAS Not enough good replicas to write.", "min-replicas-to-write"),
    ("WRONGTYPE Operation against a key holding the wrong kind of value", "ASSAY_KEY_PREFIX"),
    ("ERR unknown command 'EVALSHA', with args beginning with: ", "rename-command"),
    ("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", "SCRIPT KILL"),
    ("MOVED 3999 127.0.0.1:6381", "is a cluster"),
    ("CROSSSLOT Keys in request don't hash to the same slot", "is a cluster"),
    ("CLUSTERDOWN Hash slot not served", "is a cluster"),
]


def refused(answer: str) -> Exception:
    """What the client library makes of an answer."""
    return cast("Exception", BaseParser.parse_error(answer))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS)
def test_answer_of_a_server_is_put_into_words(answer: str, meaning: str) -> None:
    error = refused(answer)
    assert meaning in redis_trouble(error)
    wrapped = StateUnavailable(f"Redis at redis://host:6379: {type(error).__name__}: {error}; check ASSAY_REDIS_URL")
    assert redis_trouble(wrapped) == redis_trouble(error)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (RedisConnectionError("Error 111 connecting to 127.0.0.1:1. Connection refused."), "not running"),
        (RedisConnectionError("Connection closed by server."), "restarting"),
        (RedisTimeoutError("Timeout reading from socket"), "in time"),
        (ConnectionResetError(104, "Connection reset by peer"), "restarting"),
    ],
)
def test_silence_of_a_server_is_put_into_words(error: Exception, meaning: str) -> None:
    assert meaning in redis_trouble(error)
    assert is_outage(error)


def test_what_waiting_does_not_mend_is_no_outage() -> None:
    assert not is_outage(refused("ERR DB index is out of range"))
    assert not is_outage(refused("WRONGTYPE Operation against a key holding the wrong kind of value"))


def test_password_may_be_changed_at_the_server_first() -> None:
    assert is_outage(refused("WRONGPASS invalid username-password pair"))
    assert is_outage(refused("NOPERM User default has no permissions to run the 'set' command"))
    assert is_outage(refused("READONLY You can't write against a read only replica."))


@given(st.text())
def test_words_of_the_error_are_never_repeated(words: str) -> None:
    assert words.strip() == "" or len(words) < 4 or words not in redis_trouble(RuntimeError(words))
