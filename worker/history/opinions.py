"""What users said of traces, in SQL: written once each, and looked up beside the rows that ask for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from assay.worker.history.table import HISTORY, OPINIONS
from assay.worker.records.history import UserOpinion, microseconds
from assay.worker.records.storable import storable_text

OPINION = "opinion"
"""The name under which blocks have them."""

_KEY_FIELDS = ("store", "project", "trace_id", "name", "use_case")
_COMPLAINT, _NO_COMPLAINT = 0.0, 1.0


def opinion_column() -> ColumnElement[Any]:
    """0 where a user complained of a row's trace, 1 where users had only other opinions, NULL where nobody had one.

    A look-up by the trace's id, so that a report that does not ask for it pays nothing.
    """
    opinion, row = OPINIONS.c, HISTORY.c
    of_row = and_(
        opinion.trace_id == row.trace_id,
        opinion.store == row.store,
        opinion.project == row.project,
        or_(opinion.use_case == "", opinion.use_case == row.use_case),
    )
    worst = func.min(case((opinion.is_complaint, _COMPLAINT), else_=_NO_COMPLAINT))
    return select(worst).where(of_row).correlate(HISTORY).scalar_subquery().label(OPINION)


def write_opinions(connection: sqlalchemy.Connection, opinions: Iterable[UserOpinion]) -> None:
    """Write them. Of each key the later stays, and of two of one moment the complaint."""
    latest: dict[bytes, UserOpinion] = {}
    for opinion in opinions:
        key = _key_of(opinion)
        other = latest.get(key)
        if other is None or opinion.replaces(other):
            latest[key] = opinion
    if latest:
        # In the order of their keys, so that writers that lock rows never wait for each other in a circle.
        connection.execute(_upsert(connection.dialect.name), [_parameters(key, latest[key]) for key in sorted(latest)])


def remove_opinions(connection: sqlalchemy.Connection, before: int, limit: int) -> None:
    """Remove the oldest that were given before a moment."""
    opinion = OPINIONS.c
    oldest = select(opinion.opinion_key).where(opinion.at < before).order_by(opinion.at).limit(limit)
    connection.execute(delete(OPINIONS).where(opinion.opinion_key.in_(oldest)))


def _key_of(opinion: UserOpinion) -> bytes:
    content: Sequence[str] = [getattr(opinion, name) for name in _KEY_FIELDS]
    return hashlib.sha256(json.dumps(content).encode("ascii")).digest()[:16]


def _parameters(key: bytes, opinion: UserOpinion) -> dict[str, Any]:
    return {
        "opinion_key": key,
        **{name: storable_text(getattr(opinion, name)) for name in _KEY_FIELDS},
        "is_complaint": opinion.is_complaint,
        "at": microseconds(opinion.at),
    }


def _upsert(dialect: str) -> sqlalchemy.Executable:
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(OPINIONS)
    new, old = insert.excluded, OPINIONS.c
    # As `UserOpinion.replaces`.
    is_later = or_(new.at > old.at, and_(new.at == old.at, new.is_complaint))
    replaced = {"is_complaint": new.is_complaint, "at": new.at}
    return insert.on_conflict_do_update(index_elements=[old.opinion_key], set_=replaced, where=is_later)
