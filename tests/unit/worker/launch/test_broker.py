"""Finding and starting the broker, with a real server from the packaged wheel."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import NoReturn

import pytest
import redis
from kombu.connection import Connection
from kombu.transport import redis as kombu_redis

from assay.judges.errors import ConfigurationError
from assay.worker.launch import embedded_broker
from assay.worker.launch.broker import Broker, BrokerUnreachable, open_broker
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.state import check_connection
from tests.waiting import PATIENCE_S, gone, until

ROOT = Path(__file__).parents[4]
NO_PATH = ""


def ping(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=PATIENCE_S) as client:
        client.ping()


def kombu_connection(broker: Broker) -> Connection:
    """A connection by kombu's own transport: ours, which the fleet puts in its place, drops what is no task."""
    connection = Connection(broker.celery_url)  # type: ignore[no-untyped-call]  # kombu is typed in part
    connection.transport_cls = kombu_redis.Transport  # the address would outdo an argument
    return connection


def pid_of(broker: Broker) -> int:
    with redis.Redis.from_url(broker.url) as client:
        return int(client.info("server")["process_id"])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with open_broker(None, tmp_path / "data", ping=ping, search_path=NO_PATH) as found:
        yield found


def test_embedded_broker_answers_redis_and_celery_urls(broker: Broker) -> None:
    ping(broker.url)
    assert broker.embedded
    assert broker.started
    with kombu_connection(broker) as connection, connection.SimpleQueue("q") as queue:
        queue.put({"n": 1})
        message = queue.get(timeout=PATIENCE_S)
        assert message.payload == {"n": 1}
        message.ack()


def test_embedded_broker_keeps_everything_and_never_evicts(broker: Broker) -> None:
    with redis.Redis.from_url(broker.url) as client:
        wanted = {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": "",
            "port": "0",
        }
        assert {name: client.config_get(name)[name] for name in wanted} == wanted
    path = Path(broker.url.removeprefix("unix://").partition("?")[0])
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_embedded_broker_stops_with_its_context_and_keeps_its_data(tmp_path: Path) -> None:
    with open_broker(None, tmp_path, ping=ping, search_path=NO_PATH) as first:
        pid = pid_of(first)
        with redis.Redis.from_url(first.url) as client:
            client.set("kept", "yes")
    until(lambda: gone(pid))
    assert not (tmp_path / "valkey.sock").exists()
    with (
        open_broker(None, tmp_path, ping=ping, search_path=NO_PATH) as second,
        redis.Redis.from_url(second.url) as client,
    ):
        assert client.get("kept") == b"yes"


def test_second_opener_reuses_the_server_and_leaves_it_running(broker: Broker, tmp_path: Path) -> None:
    with open_broker(None, tmp_path / "data", ping=ping, search_path=NO_PATH) as second:
        assert not second.started
        assert second.url == broker.url
    ping(broker.url)


_OPENER = """
import sys, time
from pathlib import Path
from tests.waiting import gone, until
from assay.worker.launch import embedded_broker
from assay.worker.launch.broker import open_broker
with open_broker(None, Path(sys.argv[1]), ping=lambda url: None, search_path="") as broker:
    print(broker.started, flush=True)
    sys.stdin.readline()
"""


def opener(data_dir: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", _OPENER, str(data_dir)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_openers_at_once_start_exactly_one_server(tmp_path: Path) -> None:
    openers = [opener(tmp_path) for _ in range(4)]
    try:
        assert sorted(one.stdout.readline().strip() for one in openers if one.stdout) == ["False"] * 3 + ["True"]
    finally:
        codes = [one.communicate("\n") and one.returncode for one in openers]
    assert codes == [0] * 4


def test_server_ends_and_lets_go_when_its_starter_is_killed(tmp_path: Path) -> None:
    starter = opener(tmp_path)
    assert starter.stdout
    assert starter.stdout.readline().strip() == "True"
    with open_broker(None, tmp_path, ping=ping, search_path=NO_PATH) as found:
        pid = pid_of(found)
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    until(lambda: gone(pid))
    with open_broker(None, tmp_path, ping=ping, search_path=NO_PATH) as again:
        assert again.started


def test_server_survives_the_terminals_ctrl_c(broker: Broker) -> None:
    assert os.getpgid(pid_of(broker)) != os.getpgrp()
    assert os.getsid(pid_of(broker)) != os.getsid(0)


def test_killed_server_is_replaced_and_has_its_data(tmp_path: Path) -> None:
    with open_broker(None, tmp_path, ping=ping, search_path=NO_PATH) as first:
        with redis.Redis.from_url(first.url) as client:
            client.set("kept", "yes")
            client.config_set("appendfsync", "always")
        os.kill(pid := pid_of(first), signal.SIGKILL)
        until(lambda: gone(pid))
        with open_broker(None, tmp_path, ping=ping, search_path=NO_PATH) as second:
            assert second.started
            with redis.Redis.from_url(second.url) as client:
                assert client.get("kept") == b"yes"


def test_server_that_hangs_is_reported_and_no_second_one_started(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_broker, "_START_S", 0.2)
    monkeypatch.setattr(embedded_broker, "_REPLY_S", 0.1)
    os.kill(pid := pid_of(broker), signal.SIGSTOP)
    try:
        with pytest.raises(BrokerUnreachable, match=r"does not answer; end the process that"):  # noqa: SIM117
            with open_broker(None, tmp_path / "data", ping=ping, search_path=NO_PATH):
                pass
    finally:
        os.kill(pid, signal.SIGCONT)
    ping(broker.url)


def test_long_data_directory_gets_a_short_private_socket_others_find(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with open_broker(None, deep, ping=ping, search_path=NO_PATH) as first:
        path = Path(first.url.removeprefix("unix://").partition("?")[0])
        assert len(str(path)) <= 100
        assert path.parent.stat().st_mode & 0o077 == 0
        with open_broker(None, deep, ping=ping, search_path=NO_PATH) as second:
            assert second.url == first.url
            assert not second.started
    assert not path.parent.exists()


def test_data_directory_with_strange_characters_works_for_both_clients(tmp_path: Path) -> None:
    with open_broker(None, tmp_path / "a b?c#d%20é", ping=ping, search_path=NO_PATH) as found:
        ping(found.url)
        with kombu_connection(found) as connection:
            connection.ensure_connection(max_retries=1)


def test_server_that_dies_on_start_is_reported_with_its_last_line(tmp_path: Path) -> None:
    aof = tmp_path / "appendonlydir"
    aof.mkdir()
    (aof / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(BrokerUnreachable, match=r"did not start; .*broker\.log: .*\S"):  # noqa: SIM117
        with open_broker(None, tmp_path, ping=ping, search_path=NO_PATH):
            pass


def test_full_disk_is_named_where_the_server_can_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "valkey-server"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n[ $1 = --version ] && echo 'Valkey server v=8.0.1' && exit\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(BrokerUnreachable, match=r"broker\.log: it ended without a word"):  # noqa: SIM117
        with open_broker(None, tmp_path / "data", ping=ping, search_path=str(program.parent)):
            pass

    def full(*args: object, **options: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(ConfigurationError, match=r"data: No space left on device; free some space on its disk"):  # noqa: SIM117
        with open_broker(None, tmp_path / "data", ping=ping, search_path=str(program.parent)):
            pass
    assert not [*(tmp_path / "data").glob("tmp*")]


def test_unusable_data_directory_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="ASSAY_DATA_DIR"):  # noqa: SIM117
        with open_broker(None, tmp_path / "file", ping=ping, search_path=NO_PATH):
            pass


def test_server_on_path_is_preferred_unless_it_is_too_old(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    old = programs / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=5.0.7 sha=0'\n")
    old.chmod(0o755)
    with open_broker(None, tmp_path / "a", ping=ping, search_path=str(programs)) as found:
        assert "5.0.7" not in str(found)
    marker = tmp_path / "used"
    new = programs / "valkey-server"
    new.write_text(
        f"#!/bin/sh\n[ $1 = --version ] && echo 'Valkey server v=8.0.1' && exit\ntouch {marker}\necho no luck\nexit 1\n"
    )
    new.chmod(0o755)
    with pytest.raises(BrokerUnreachable, match="no luck"):  # noqa: SIM117
        with open_broker(None, tmp_path / "b", ping=ping, search_path=str(programs)):
            pass
    assert marker.exists()


def not_installed(package: str) -> NoReturn:
    raise PackageNotFoundError(package)


def test_no_server_at_all_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.files", not_installed)
    with pytest.raises(ConfigurationError, match=r"install redis-server .* or set ASSAY_REDIS_URL"):  # noqa: SIM117
        with open_broker(None, tmp_path, ping=ping, search_path=NO_PATH):
            pass


def test_named_server_is_used_and_never_stopped(broker: Broker, tmp_path: Path) -> None:
    with open_broker(broker.url, tmp_path / "unused", ping=ping) as named:
        assert named.url == broker.url
        assert not named.embedded
        assert named.celery_url == broker.celery_url
    ping(broker.url)
    assert not (tmp_path / "unused").exists()


def test_unreachable_named_server_gives_one_line_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnreachable) as caught:  # noqa: SIM117
        with open_broker("redis://user:s3cret@127.0.0.1:1/0?password=s3cret", tmp_path, ping=ping):
            pass
    message = str(caught.value)
    assert "ASSAY_REDIS_URL" in message
    assert "127.0.0.1:1/0" in message
    assert "unset" in message
    assert "s3cret" not in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (redis.AuthenticationError("HELLO must be called with the client already authenticated"), "refuses the login"),
        (redis.AuthenticationError("invalid username-password pair or user is disabled."), "refuses the login"),
        (StateUnavailable("Redis at redis://h:1: AuthenticationError: invalid username-password"), "refuses the login"),
        (redis.ResponseError("DB index is out of range"), "has no database 99; write one that it has"),
        (
            StateUnavailable("Redis at redis://h:1: ResponseError: DB index is out of range; check"),
            "has no database 99",
        ),
        (redis.exceptions.NoPermissionError("NOPERM User bob has no permissions"), "its user may not run"),
    ],
)
def test_server_that_answers_and_refuses_is_not_said_to_be_away(
    answer: Exception, expected: str, tmp_path: Path
) -> None:
    def refuse(url: str) -> None:
        raise answer

    with pytest.raises(ConfigurationError, match=r"ASSAY_REDIS_URL: redis://h:1/99 answers, but ") as caught:  # noqa: SIM117
        with open_broker("redis://bob:wr0ng@h:1/99", tmp_path, ping=refuse):
            pass
    assert expected in str(caught.value)
    assert "start Redis" not in str(caught.value)
    assert "wr0ng" not in str(caught.value)


def test_address_of_ipv6_has_its_brackets_wherever_it_is_shown(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnreachable) as caught:  # noqa: SIM117
        with open_broker("redis://[::1]:1/0", tmp_path, ping=check_connection):
            pass
    assert str(caught.value).count("redis://[::1]:1") == 2
    assert "redis://::1" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "localhost:6379", "http://x", "redis://", "redis://h:port/0", "unix://", "redis://[x/0"]
)
def test_broken_url_is_a_configuration_error(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"ASSAY_REDIS_URL.*redis://host"):  # noqa: SIM117
        with open_broker(url, tmp_path, ping=ping):
            pass
