"""An environment per framework, made in a temporary folder and deleted after its recording.

Frameworks are never put into one environment together: pip then takes old releases of some without a word.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.record_framework_traces.frameworks import Framework

INSTALL_S = 900
RUN_S = 300
PROGRAMS = Path(__file__).parent / "programs"


def install(framework: Framework, folder: Path) -> None:
    """Install the framework's packages into a folder of their own.

    Raises:
        subprocess.CalledProcessError: The packages could not be installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    commands = _npm(folder) if framework.is_node else _pip(folder)
    for command in commands[:-1]:
        subprocess.run(command, check=True, timeout=INSTALL_S)
    subprocess.run([*commands[-1], *framework.packages], check=True, timeout=INSTALL_S)


def _pip(folder: Path) -> list[list[str]]:
    make = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv")
    if uv:
        return [make, [uv, "pip", "install", "-q", "--python", python]]
    return [make, [sys.executable, "-m", "pip", "--python", python, "install", "-q"]]


def _npm(folder: Path) -> list[list[str]]:
    npm = shutil.which("npm") or "npm"
    return [
        [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts", "--prefix", str(folder)]
    ]


def _command(framework: Framework, folder: Path, program: str) -> list[str]:
    if framework.is_node:
        return [shutil.which("node") or "node", str(PROGRAMS / f"{program}.cjs")]
    return [str(folder / "bin" / "python"), str(PROGRAMS / f"{program}.py")]


def run(folder: Path, framework: Framework, program: str, scenario: str, endpoint: str, output: Path) -> None:
    """Run one program for one scenario; it writes its spans to `output`.

    Raises:
        RuntimeError: The program failed, with the end of what it printed.
    """
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(output.parent),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "PYTHONHASHSEED": "0",
        "NODE_PATH": str(folder / "node_modules"),
        "OPENAI_BASE_URL": endpoint,
        "OPENAI_API_KEY": "none",
        **framework.environment,
    }
    command = [*_command(framework, folder, program), scenario, str(output), endpoint]
    done = subprocess.run(
        command, env=environment, cwd=output.parent, capture_output=True, text=True, timeout=RUN_S, check=False
    )
    if done.returncode != 0 or not output.is_file():
        raise RuntimeError(f"{program} {scenario}: exit {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
