"""Record what frameworks' own traces look like, once, from the frameworks themselves.

    python -m benchmarks.record_framework_traces [--framework NAME ...] [--scenario NAME ...] [--environments DIR]

For each framework this makes a virtual environment with pinned versions, starts an endpoint on loopback that speaks
OpenAI's protocol with fixed answers, runs one small program per scenario and writes the spans to
`tests/fixtures/framework-traces/`. What the application itself knows of its run (question, answer, evidence) stands
beside the spans. `--environments` keeps the environments for the next run. It needs pip's package index, 0.1 to 0.9 GB
of disk for one framework at a time, and 10 s to a minute for each.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.record_framework_traces import environments, fake_endpoint
from benchmarks.record_framework_traces.frameworks import FRAMEWORKS, Framework
from benchmarks.record_framework_traces.normalise import normalised, written

RECORDINGS = Path(__file__).parents[2] / "tests" / "fixtures" / "framework-traces"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--framework", action="append", choices=sorted(FRAMEWORKS), help="default: all")
    parser.add_argument("--scenario", action="append", help="default: all of the framework")
    parser.add_argument("--environments", type=Path, help="keep environments here; default: a temporary folder")
    arguments = parser.parse_args()
    RECORDINGS.mkdir(parents=True, exist_ok=True)
    for name in arguments.framework or FRAMEWORKS:
        record(name, set(arguments.scenario or ()), arguments.environments)


def record(name: str, wanted: set[str], kept: Path | None) -> None:
    """Record the wanted scenarios of one framework, or all."""
    framework = FRAMEWORKS[name]
    with tempfile.TemporaryDirectory(prefix="framework-") as scratch, fake_endpoint.running() as endpoint:
        folder = (kept / name).absolute() if kept else Path(scratch, "environment")
        if not folder.exists():
            environments.install(framework, folder)
        folders = {
            str(folder): "/app/.venv",
            str(environments.PROGRAMS): "/app",
            scratch: "/app",
            sys.base_prefix: "/usr",
        }
        for program, scenarios in framework.programs.items():
            for scenario in scenarios:
                if not wanted or scenario in wanted:
                    output = Path(scratch, f"{scenario}.json")
                    try:
                        environments.run(folder, framework, program, scenario, endpoint, output)
                    except RuntimeError as error:
                        print(f"failed   {error}")
                        continue
                    ran = json.loads(output.read_text(encoding="utf-8"))
                    print(f"{keep(name, scenario, framework, ran, folders):8} {name}-{scenario}")


def keep(name: str, scenario: str, framework: Framework, ran: dict[str, Any], folders: dict[str, str]) -> str:
    """Write a recording where it differs from the one that is there; the date alone is no difference."""
    path = RECORDINGS / f"{name}-{scenario}.json"
    content = {
        "framework": name,
        "scenario": scenario,
        "recorded": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": ran["versions"],
        "application": ran["application"],
        "spans": normalised(ran["spans"], folders, framework.volatile),
    }
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        if {**before, "recorded": content["recorded"]} == json.loads(written(content)):
            return "same"
    path.write_text(written(content), encoding="utf-8")
    return "written"


if __name__ == "__main__":
    main()
