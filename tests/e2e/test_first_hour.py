"""The first hour with traces in a shape of one's own: init, import, doctor, --fix, as a person types them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.test_command import assay
from tests.unit.worker.setup.foreign_shapes import german_kwargs, traces_of


def test_doctor_finds_what_the_usual_places_do_not_hold_and_writes_it_into_the_rubric(tmp_path: Path) -> None:
    lines = []
    for trace, _ in traces_of(german_kwargs, datetime.now(UTC)):
        data = trace.model_dump(mode="json")
        root = data["root"]
        steps = [
            {key: step[key] for key in ("type", "name", "start", "end", "output")} for step in data["observations"]
        ]
        for step, known in zip(steps, data["observations"], strict=True):
            step["input"] = known["input"]
        line = {"id": root["trace_id"], "name": root["name"], "environment": "production"}
        line |= {"start": root["start"], "end": root["end"], "input": data["input"], "output": data["output"]}
        lines.append(json.dumps({**line, "observations": steps}))
    (tmp_path / "traces.jsonl").write_text("\n".join(lines))
    begun = assay("init", cwd=tmp_path)
    assert "assay import FILE" in begun.stdout
    empty = assay("doctor", cwd=tmp_path)
    assert (empty.returncode, "assay import FILE" in empty.stdout) == (0, True)
    assert assay("import", "traces.jsonl", cwd=tmp_path).returncode == 0
    examined = assay("doctor", cwd=tmp_path)
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "0 → 8 of 8 traces" in examined.stdout
    assert "warn  evidence (everything, grounding)  in 0 of 8 traces" in examined.stdout
    assert assay("doctor", "--fix", "--yes", cwd=tmp_path).returncode == 0
    fixed = assay("doctor", "--json", cwd=tmp_path)
    evidence = next(check for check in json.loads(fixed.stdout) if check["name"].startswith("evidence"))
    assert (evidence["status"], evidence["details"]["share"]) == ("ok", 1.0)
