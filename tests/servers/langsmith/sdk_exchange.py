"""LangSmith's own SDK against the server: does it get along, and what does it send?

Not part of `make test`. It needs an environment with `langsmith` and `aiohttp`, and runs by

    PYTHONPATH=src python -m tests.servers.langsmith.sdk_exchange

It writes what the SDK sent to `sdk_exchange.json`, which a test of the store is held to.
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.servers.langsmith.server import LangSmithServer
from tests.servers.langsmith.settings import LangSmithSettings

langsmith: Any = import_module("langsmith")  # not among this repository's own
FILE = Path(__file__).with_suffix(".json")


def main() -> None:
    """Write runs and feedback, read both back, by either query; then note what was sent."""
    os.environ["LANGSMITH_TRACING"] = "true"  # noqa: TID251  # the SDK reads it
    with LangSmithServer(LangSmithSettings(generation="both")) as server:
        server.session("sdk")
        client = langsmith.Client(api_url=server.url, api_key=server.settings.key)
        project = str(client.read_project(project_name="sdk").id)
        run_id = _run(client)
        feedback_id = str(uuid.uuid4())
        client.create_feedback(
            run_id=run_id, trace_id=run_id, key="groundedness", score=1 / 3, value="0.333", comment="why",
            feedback_id=feedback_id, source_info={"rubric": "grounding"}, feedback_source_type="model",
            session_id=project, extend_trace_retention=False,
        )  # fmt: skip
        assert server.runs.by_id[run_id]["trace_tier"] == "shortlived"
        shown = client.read_feedback(feedback_id)
        assert (shown.score, shown.value, shown.comment) == (0.3333, "0.333", "why")
        assert [str(f.id) for f in client.list_feedback(run_ids=[run_id], session=project)] == [feedback_id]
        client.update_feedback(feedback_id, score=0.5, comment=None)
        assert client.read_feedback(feedback_id).score == 0.5
        (root,) = list(client.list_runs(project_id=project, is_root=True))
        assert (str(root.id), root.prompt_tokens) == (run_id, 7)
        items = asyncio.run(_newer(client, project))
        assert items == [(run_id, "LLM", 7)]
        sent = {request.path: request.json for request, _ in server.log if request.method == "POST"}
    body = {path: sorted(given) for path, given in sent.items() if isinstance(given, dict)}
    kept = {"langsmith": langsmith.__version__, "feedback": body["/feedback"], "query": body["/api/v2/runs/query"]}
    FILE.write_text(json.dumps(kept, indent=1) + "\n")
    print(f"langsmith {langsmith.__version__} gets along with the server; {FILE.name} is written")


def _run(client: Any) -> str:
    run_id, now = str(uuid.uuid4()), datetime.now(UTC)
    usage = {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}
    client.create_run(
        "chat", {"question": "?"}, "llm", id=run_id, project_name="sdk", start_time=now, trace_id=run_id,
        dotted_order=f"{now:%Y%m%dT%H%M%S%f}Z{run_id}", end_time=now + timedelta(seconds=1),
        outputs={"output": "answer", "usage_metadata": usage},
    )  # fmt: skip
    client.flush()
    return run_id


async def _newer(client: Any, project: str) -> list[tuple[str, str, int]]:
    page = await client.runs.query(
        project_ids=[project],
        min_start_time=datetime.now(UTC) - timedelta(hours=1),
        max_start_time=datetime.now(UTC) + timedelta(hours=1),
        selects=["ID", "RUN_TYPE", "PROMPT_TOKENS"],
        is_root=True,
        page_size=10,
    )
    return [(run.id, run.run_type, run.prompt_tokens) for run in page.items]


if __name__ == "__main__":
    main()
