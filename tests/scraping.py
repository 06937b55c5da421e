"""Asking the pages of a process as Prometheus and probes do."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.waiting import PATIENCE_S

Values = dict[tuple[str, ...], float]
"""Values by a sample's name and its labels' values."""


class Reply(NamedTuple):
    """What came back."""

    status: int
    text: str
    content_type: str

    @property
    def data(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)


def asked(address: str, **headers: str) -> Reply:
    """A page, whatever its status is."""
    try:
        with urlopen(Request(address, headers=headers), timeout=PATIENCE_S) as reply:
            return Reply(reply.status, reply.read().decode(), reply.headers["Content-Type"])
    except HTTPError as refused:
        return Reply(refused.code, refused.read().decode(), refused.headers["Content-Type"])


def values_of(text: str) -> Values:
    """Every sample, as Prometheus reads it."""
    families = text_string_to_metric_families(text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def scraped(address: str) -> Values:
    """Every sample of a scrape."""
    return values_of(asked(address).text)


def free_ports(count: int) -> int:
    """The first of so many ports next to one another that nobody has now.

    Each test process begins to look elsewhere. Else two of them are given the same ports before either uses them.
    """
    places = range(21_000, 32_000, 37)
    begin = os.getpid() * 7 % len(places)
    for number in range(len(places)):
        first = places[(begin + number) % len(places)]
        if all(_is_free(first + n) for n in range(count)):
            return first
    raise AssertionError("no ports are free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def complaints_of_promtool(text: str) -> str:
    """What `promtool check metrics` says of a scrape. Empty: nothing, or it is not installed."""
    tool = shutil.which("promtool")
    if tool is None:
        return ""
    done = subprocess.run(
        [tool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr
