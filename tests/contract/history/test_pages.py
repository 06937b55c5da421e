"""Pages of rows from PostgreSQL: in the order of an index, whatever the server knows of the table."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Select

from assay.worker.history import postgres_server, reading
from assay.worker.ports.history import History
from assay.worker.records.history import HistoryQuery
from tests.contract.history.making import EVER, full_row, run_on
from tests.servers.postgres_server import PostgresProcess


@pytest.mark.parametrize("query", [EVER, EVER.model_copy(update={"use_cases": ("bot",)})], ids=["all", "of-a-use-case"])
def test_a_server_without_statistics_sorts_no_page(
    query: HistoryQuery, postgres: PostgresProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sorted the rest of the table for each page: 36 to 67 s for a million rows."""
    plans: list[str] = []
    read_page = postgres_server._page  # the statement itself

    def explained(
        connection: Connection, page: Select[Any], size: int
    ) -> Generator[Sequence[Sequence[Any]], None, bytes | None]:
        compiled = page.compile(connection, compile_kwargs={"render_postcompile": True})
        lines = connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {compiled}", compiled.params)
        plans.append("\n".join(line for (line,) in lines))
        return (yield from read_page(connection, page, size))

    monkeypatch.setattr(postgres_server, "_page", explained)
    monkeypatch.setattr(reading, "BLOCK_ROWS", 300)

    async def check(record: History) -> None:
        await record.writer.write([full_row(f"t{at:05}").model_copy(update={"use_case": "bot"}) for at in range(1_000)])
        blocks = [block async for block in record.reader.blocks(query, ("trace_id", "risk"))]
        assert sum(len(block["trace_id"]) for block in blocks) == 1_000

    run_on(postgres.new_schema(), check)
    assert len(plans) == 4
    for plan in plans:
        assert "Index Scan" in plan
        assert not any(
            line.strip().removeprefix("->").strip() in {"Sort", "Seq Scan on history"} for line in plan.splitlines()
        )
        assert "Bitmap" not in plan
