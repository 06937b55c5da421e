"""Whether the container's process is well, for HEALTHCHECK: exit code 0 or 1, and a line that says why.

It asks the process that the container runs (number 1), by what that process is:

- `assay collector` and `assay serve`: `/healthz` of their own port.
- `assay worker`, `assay beat` and `assay up`: `/healthz` of ASSAY_METRICS_PORT. Where that is not set: the age of
  ASSAY_ALIVE_FILE, which they mark every 5 s.
- Every other command comes to an end by itself, and is well while it runs.

It runs every 15 s beside a busy worker, so it imports little and nothing of Assay: no pathlib, no http.client.
"""

# ruff: noqa: PTH119, PTH116, PTH123, TID251

from __future__ import annotations

import os
import socket
import sys
import time

LONGEST_SILENCE_S = 60
"""A mark that is older is that of a process that hangs, or has lost its broker."""

ANSWER_WITHIN_S = 4

OWN_PORTS = {"collector": ("ASSAY_COLLECTOR", 4318), "serve": ("ASSAY_SERVE", 8484)}
"""The prefix of the variables that name host and port, and the port where none is named."""

FLEET = ("worker", "beat", "up")

PROGRAMS = ("assay", "assay.worker.cli", "assay.worker.fleet")
"""What comes before the command. A worker replaces `assay worker` by `python -m assay.worker.fleet worker …`."""

EVERY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # it asks, and binds nothing
"""Where a process is reached that listens at all addresses."""


def command_of(arguments: list[str]) -> str:
    """The command, e.g. `worker` of `assay worker --role assess`, also behind `docker-init --`."""
    for at, argument in enumerate(arguments):
        if os.path.basename(argument) in PROGRAMS:
            return next((word for word in arguments[at + 1 :] if not word.startswith("-")), "")
    return ""


def status_of(host: str, port: int) -> str:
    """The status line of `/healthz`, e.g. `HTTP/1.1 200 OK`."""
    host = EVERY_ADDRESS.get(host, host)
    name = f"[{host}]" if ":" in host else host
    request = f"GET /healthz HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host, port), timeout=ANSWER_WITHIN_S) as connection:
        connection.sendall(request.encode())
        return connection.recv(64).split(b"\r\n")[0].decode("latin-1")


def asked(host: str, port: int) -> tuple[bool, str]:
    """Whether the answer is 200, and what it is."""
    try:
        status = status_of(host, port)
    except OSError as exc:
        return False, f"port {port}: {exc}"
    return status.split(" ")[1:2] == ["200"], f"port {port}: {status}"


def marked(file: str) -> tuple[bool, str]:
    """Whether the file's mark is young, and how old it is."""
    try:
        age_s = time.time() - os.stat(file).st_mtime
    except OSError as exc:
        return False, f"{file}: {exc.strerror}"
    return age_s < LONGEST_SILENCE_S, f"{file}: marked {age_s:.0f} s ago"


def check(arguments: list[str], environment: dict[str, str]) -> tuple[bool, str]:
    """Whether the process with these arguments is well, and why."""
    command = command_of(arguments)
    if command in OWN_PORTS:
        prefix, port = OWN_PORTS[command]
        return asked(environment.get(f"{prefix}_HOST", ""), int(environment.get(f"{prefix}_PORT") or port))
    if command not in FLEET:
        return True, "a command runs that ends by itself"
    if environment.get("ASSAY_METRICS_PORT"):
        return asked(environment.get("ASSAY_METRICS_HOST", ""), int(environment["ASSAY_METRICS_PORT"]))
    if environment.get("ASSAY_ALIVE_FILE"):
        return marked(environment["ASSAY_ALIVE_FILE"])
    return True, f"{command} runs; set ASSAY_METRICS_PORT or ASSAY_ALIVE_FILE, so that it can be asked"


def main() -> int:
    """Check process 1, or the one that the first argument names."""
    process = sys.argv[1] if len(sys.argv) > 1 else "1"
    with open(f"/proc/{process}/cmdline", encoding="utf-8", errors="replace") as file:
        is_well, why = check(file.read().split("\0"), dict(os.environ))
    sys.stdout.write(f"{why}\n")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
