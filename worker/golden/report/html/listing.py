"""The page's list of items: in the order of what changed, each with what filtering and sorting go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.worker.golden.report.html.items import Limits, Side, clip, risk_of, side_views, status_words
from assay.worker.golden.report.html.template_records import PassageView, SideView
from assay.worker.golden.report.wording.numbers import signed
from assay.worker.golden.results.gate_result import GateResult, Pair
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult
from assay.worker.golden.sets.manifest import GoldenItem

CHANGES = {
    "worse": "got worse",
    "missing": "missing",
    "better": "got better",
    "failing": "fails",
    "passing": "passes",
}
"""Every item is in one of these; the list starts in this order."""

_JUMPS = {"worse": "worse", "missing": "missing", "better": "better"}
_LINKED = 12
_LONGEST_ID = 14


@dataclass(frozen=True)
class ItemView:
    """One item of the list. `order` is its place in the set; risks and seconds are the candidate's."""

    order: int
    id: str
    question: str
    tags: tuple[str, ...]
    change: str
    statuses: tuple[str, ...]
    classes: tuple[str, ...]
    flags: tuple[str, ...]
    risk: float | None
    risk_change: float | None
    seconds: float | None
    sides: tuple[SideView, ...]
    passages: tuple[PassageView, ...]
    notes: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """What links to it name."""
        return f"item-{self.order}"

    @property
    def short_id(self) -> str:
        """Its id as a link shows it; ids of one source often differ at their end only."""
        return self.id if len(self.id) <= _LONGEST_ID else f"…{self.id[-_LONGEST_ID:]}"

    @property
    def risk_words(self) -> str:
        """The risk, and how it changed."""
        if self.risk is None:
            return ""
        return f"risk {self.risk:.2f}" + ("" if self.risk_change is None else f" ({signed(self.risk_change, 2)})")


@dataclass(frozen=True)
class Jump:
    """Links from the verdict to items of one kind: how many there are, the first of them, and how many more."""

    change: str
    words: str
    items: tuple[ItemView, ...]
    more: int


def jumps_to(items: Sequence[ItemView]) -> tuple[Jump, ...]:
    """Links to what a reader looks for first: items that got worse, that are missing, and that got better."""
    jumps = []
    for change, words in _JUMPS.items():
        these = [item for item in items if item.change == change]
        if these:
            count = f"{len(these)} {'item' if len(these) == 1 else 'items'} {words}"
            jumps.append(Jump(change, count, tuple(these[:_LINKED]), max(0, len(these) - _LINKED)))
    return tuple(jumps)


def gate_items(result: GateResult, limits: Limits) -> tuple[ItemView, ...]:
    """The items of a gate, what got worse first."""
    views = []
    for order, pair in enumerate(result.pairs):
        before, after = pair.telling
        sides = [
            Side("baseline", result.baseline, before, pair.baseline, _evidence(before, pair.contexts)),
            Side("candidate", result.candidate, after, pair.candidate, _evidence(after, pair.contexts)),
        ]
        flags = ["must pass"] if pair.id in result.must_pass else []
        flags += ["unstable"] if pair.id in result.unstable else []
        change = _change(pair)
        views.append((change, pair.drop, _view(order, pair, sides, change, tuple(flags), limits)))
    ranks = list(CHANGES)
    ordered = sorted(views, key=lambda view: (ranks.index(view[0]), -abs(view[1]), -(view[2].risk_change or 0)))
    return tuple(view for _, _, view in ordered)


def run_items(run: GoldenRun, items: Sequence[GoldenItem], limits: Limits) -> tuple[ItemView, ...]:
    """The items of a run, those that did not pass first."""
    by_item: dict[str, list[ItemResult]] = {}
    for result in run.items:
        by_item.setdefault(result.id, []).append(result)
    unstable = run.unstable()
    views = []
    for order, item in enumerate(items):
        results = tuple(by_item.get(item.id, ()))
        if not results:
            continue
        telling = next((answer for answer in results if answer.status is not ItemStatus.PASSED), results[0])
        side = Side("answer", run.target, telling, results, _evidence(telling, item.contexts))
        flags = ("unstable",) if item.id in unstable else ()
        views.append(_view(order, item, [side], _state(results), flags, limits))
    ranks = list(CHANGES)
    return tuple(sorted(views, key=lambda view: (ranks.index(view.change), -(view.risk or 0))))


def _view(
    order: int, item: Pair | GoldenItem, sides: Sequence[Side], change: str, flags: tuple[str, ...], limits: Limits
) -> ItemView:
    views, passages, notes = side_views(sides, limits)
    risks = [risk_of(side.results) for side in sides]
    before, after = risks[0], risks[-1]
    seconds = [answer.target_latency_s for answer in sides[-1].results if answer.target_latency_s is not None]
    return ItemView(
        order=order,
        id=item.id,
        question=clip(item.question, 5 * limits.line),
        tags=item.tags[:12],
        change=change,
        statuses=tuple(status_words(side.results) for side in sides),
        classes=tuple(_state(side.results) for side in sides),
        flags=flags,
        risk=after,
        risk_change=after - before if len(sides) > 1 and before is not None and after is not None else None,
        seconds=max(seconds, default=None),
        sides=views,
        passages=passages,
        notes=notes,
    )


def _evidence(item: ItemResult, declared: tuple[str, ...]) -> tuple[str, ...]:
    """What the answer was judged on: the target's own evidence, else what the item declares."""
    return declared if item.contexts is None else item.contexts


def _change(pair: Pair) -> str:
    if any(item.status is ItemStatus.MISSING for item in (*pair.baseline, *pair.candidate)):
        return "missing"
    if pair.drop:
        return "worse" if pair.worse else "better"
    return _state(pair.candidate)


def _state(results: Sequence[ItemResult]) -> str:
    statuses = {item.status for item in results}
    if ItemStatus.MISSING in statuses:
        return "missing"
    return "failing" if ItemStatus.FAILED in statuses else "passing"
