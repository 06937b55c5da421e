"""What people were asked to review and what they said, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assay.worker.ports.review_record import MOST_REVIEWS, AskedReview, ReviewLabel
from assay.worker.records.history import HistoryQuery


class MemoryReviewRecord:
    """`assay.worker.ports.review_record.ReviewRecord` that ends with the process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], AskedReview] = {}

    async def note_asked(self, reviews: Sequence[AskedReview]) -> None:
        """Keep that people were asked. Of one key the first stays, and its label."""
        for review in reviews:
            self._kept.setdefault(review.key, review)

    async def note_labels(self, labels: Sequence[ReviewLabel]) -> None:
        """Keep what people say, in the place of what they said before."""
        for label in labels:
            item = label.queue, label.trace_id, label.observation_id
            for key, kept in self._kept.items():
                if (kept.queue, kept.trace_id, kept.observation_id) == item:
                    self._kept[key] = kept.model_copy(update={"label": label.label, "reviewed_at": label.at})

    async def asked(self, query: HistoryQuery) -> Sequence[AskedReview]:
        """Those of traces that started in a period, in the order of their start."""
        wanted = [
            review
            for review in self._kept.values()
            if query.since <= review.design.started_at < query.until
            and (not query.use_cases or review.use_case in query.use_cases)
            and (not query.rubrics or review.rubric in query.rubrics)
        ]
        return sorted(wanted, key=lambda review: review.design.started_at)[-MOST_REVIEWS:]

    def prune(self, before: datetime) -> None:
        """Remove those of traces that started before a moment."""
        self._kept = {key: review for key, review in self._kept.items() if review.design.started_at >= before}
