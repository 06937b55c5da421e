"""`assay serve` as a process of its own, in a directory of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from assay.worker.config.settings import child_environment
from tests.scraping import free_ports
from tests.waiting import PATIENCE_S, until

TOKEN = "a-token-that-nobody-guesses"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class PageAnswer:
    """What a reader got."""

    status: int
    text: str
    headers: Mapping[str, str]


@dataclass
class PageProcess:
    """Pages that are served."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def log(self) -> str:
        return (self.home / f"serve-{self.port}.log").read_text(encoding="utf-8")

    def get(self, path: str = "", headers: Mapping[str, str] = BEARER) -> PageAnswer:
        """Ask for a page."""
        try:
            with urlopen(Request(self.url + path, headers=dict(headers)), timeout=PATIENCE_S) as reply:
                return PageAnswer(reply.status, reply.read().decode(), dict(reply.headers))
        except HTTPError as refused:
            with refused:
                return PageAnswer(refused.code, refused.read().decode(), dict(refused.headers))

    def figures(self) -> PageAnswer:
        """The first page, once it has all figures."""
        until(lambda: json.loads(self.get("age").text)["awaited"] == [], told=lambda: self.log, every_s=0.1)
        return self.get()

    def is_up(self) -> bool:
        """Whether it answers."""
        assert self.process.poll() is None, self.log
        try:
            return self.get("healthz", {}).status == 200
        except (URLError, ConnectionError):
            return False


@contextmanager
def serving_pages(home: Path, *args: str, **env: str) -> Iterator[PageProcess]:
    """Pages of the deployment in `home`, from when they answer until they end."""
    port = free_ports(1)
    environment = child_environment(
        **{"ASSAY_CONFIG_DIR": str(home), "ASSAY_SERVE_PORT": str(port), "ASSAY_SERVE_TOKEN": TOKEN} | env
    )
    with (home / f"serve-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "assay.worker.cli", "serve", *args], env=environment, stdout=log, stderr=log
        )
    pages = PageProcess(home, port, process)
    try:
        until(pages.is_up, told=lambda: pages.log, every_s=0.05)
        yield pages
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
