"""A config root with one golden set in it, an application to ask, and the command that is run there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.worker.cli import main
from tests.servers.chat_server import ChatServer
from tests.unit.worker.golden.golden_sets import item, write_set

N = 60
EVIDENCE = "The bridge over the river was opened in 1932 by the mayor of the town."
GOOD = "The bridge over the river was opened in 1932."
WRONG = "Purple elephants invented the telephone in Berlin."
REFUSAL = "I'm sorry, but I can't help with that."
ITEMS = [
    item(f"q{n}", question=f"When was bridge number {n} opened?", contexts=[EVIDENCE], tags=["bridges"])
    for n in range(N)
]


def anchors(right: bool = True) -> list[dict[str, Any]]:
    """Labelled outputs on which the local judge is always right, or always wrong."""
    made = []
    for n in range(24):
        bad = n % 2 == 0
        sample = {"id": f"s{n}", "question": f"{n}?", "contexts": [EVIDENCE], "response": WRONG if bad else GOOD}
        made.append({"id": f"a{n}", "label": int(bad == right), "sample": sample})
    return made


def answers(bad: int = 0, text: str = WRONG) -> dict[str, str]:
    return {f"q{n}": text if n < bad else GOOD for n in range(N)}


class Home:
    """A config root with one golden set in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set = path / "golden_sets" / "bot-v1"
        path.mkdir(exist_ok=True)
        (path / "assay.yaml").write_text("use_cases: [{name: bot}]\n", encoding="utf-8")

    def write(self, releases: dict[str, dict[str, str]] | None = None, **manifest: Any) -> None:
        """Write and freeze the set."""
        known = releases if releases is not None else {"old": answers(2), "new": answers(2)}
        pass_when = {"groundedness": {"at_least": 0.7}}
        labelled = manifest.pop("labelled", anchors())
        write_set(
            self.set,
            ITEMS,
            releases=known,
            labelled=labelled,
            **{"pass_when": pass_when, "baseline": "old", **manifest},
        )
        assert self.assay("golden", "freeze", "bot-v1", "--yes") == 0

    def assay(self, *args: str) -> int:
        """The exit code of a command with this config root, run in this process."""
        return self.assay_unnamed(*args, "--config", str(self.path))

    def assay_unnamed(self, *args: str) -> int:
        """The exit code of a command where nobody names a config root, run in this process."""
        before = sys.argv
        handlers = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        sys.argv = ["assay", *args]
        try:
            main()
        except SystemExit as exc:
            return int(exc.code or 0)
        finally:
            sys.argv = before
            for signum, handler in handlers.items():
                signal.signal(signum, handler)
        return 0

    def gate(self, *args: str) -> int:
        return self.assay("gate", "bot-v1", *(args or ("--candidate", "new")))

    def start(self, *args: str, **env: str) -> subprocess.Popen[str]:
        """The command in a process of its own."""
        return self.start_into(subprocess.PIPE, subprocess.PIPE, *args, **env)

    def start_into(self, stdout: int, stderr: int, *args: str, **env: str) -> subprocess.Popen[str]:
        """The same with these for its streams."""
        return subprocess.Popen(
            [sys.executable, "-m", "assay.worker.cli", *args, "--config", str(self.path)],
            env={"PATH": os.environ["PATH"], "HOME": str(self.path), **env},  # noqa: TID251  # a child's PATH
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
        )

    def runs(self) -> list[Path]:
        return sorted((self.path / ".assay" / "golden" / "bot-v1").glob("2*"))


@contextmanager
def chat(down: int = 0, text: str = GOOD) -> Iterator[ChatServer]:
    """The application: silent about the last `down` questions."""
    known = {one["question"]: {"response": text, "contexts": [EVIDENCE]} for one in ITEMS[: N - down]}
    with ChatServer(known) as server:
        yield server


def target(server: ChatServer) -> dict[str, Any]:
    return server.settings().model_dump(exclude_defaults=True) | {"kind": "http", "contexts": "sources[*].text"}
