"""What tests of the manifests' processes share: the servers behind a fleet, and what its pods tell of themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg

from tests.kubernetes.pods import Pod
from tests.scraping import values_of
from tests.servers.postgres_server import PostgresProcess
from tests.servers.valkey_server import ValkeyServer
from tests.waiting import until

QUICK = {"ASSAY_CONFIG_LOOK_EVERY_S": "0.5", "ASSAY_SWEEP_EVERY_S": "2", "ASSAY_VERIFY_EVERY_S": "1"}
"""Shorter intervals than the usual ones. Nothing else differs from the manifests."""


class Servers(NamedTuple):
    """The servers that no manifest brings."""

    redis: ValkeyServer
    postgres: PostgresProcess


@contextmanager
def backing_servers(folder: Path) -> Iterator[Servers]:
    """A Redis and a PostgreSQL of the test's own."""
    # The path of a Unix socket has at most 107 bytes, and tmp_path is longer than that.
    temporary = tempfile.TemporaryDirectory(prefix="assay-postgres-", ignore_cleanup_errors=True)
    with temporary as directory, ValkeyServer(folder / "valkey") as redis:
        postgres = PostgresProcess(Path(directory))
        try:
            yield Servers(redis, postgres)
        finally:
            postgres.close()


def database_of(url: str) -> str:
    """The name of the database in an address, e.g. `t1a2b3c4d5e6f` of `postgresql://user:word@/t1a2b3c4d5e6f?host=X`."""
    return url.partition("@/")[2].partition("?")[0]


def has_record(servers: Servers, url: str) -> bool:
    """Whether a row of a trace is in the record."""
    try:
        servers.postgres.run("SELECT 1 / count(*) FROM history", database_of(url))
    except (psycopg.errors.DivisionByZero, psycopg.errors.UndefinedTable):
        return False
    return True


def check_roles(pods: Mapping[str, Pod]) -> None:
    """Each pod that is scraped says which process it runs."""
    for name, pod in pods.items():
        builds = [labels for labels in values_of(pod.scrape()) if labels[0] == "assay_build_info"]
        assert [name.removeprefix("assay-") in labels for labels in builds] == [True]


def await_scored(control: Pod, use_case: str, traces: int) -> None:
    """Wait until this pod has seen the scores of that many traces.

    The funnel's gauge would not do: shortly after midnight it is that of a day without traces.
    """

    def is_scored() -> bool:
        return values_of(control.scrape()).get(("assay_score_lag_seconds_count", use_case), 0) >= traces

    until(is_scored, told=control.told, every_s=0.5)
