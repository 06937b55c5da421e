"""What is looked at before a golden set is frozen: size, duplicates, tags, labels, licence, leakage."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal

from assay.judges.schema import Record
from assay.worker.golden.sets.clusters import shown_name
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.leakage import files_named, occurs, plain_text, text_of_file
from assay.worker.golden.sets.manifest import MIN_LABELS_PER_CLASS, PASS_RATE, CheckName, GoldenItem
from assay.worker.statistics.flips import ASSUMED_FLIPS
from assay.worker.statistics.power import minimum_detectable_cluster_drop

SMALLEST, LARGEST = 50, 200
_FEWEST_WITH_TAG = 5
_FEWEST_SOURCES = 10
_LARGEST_SHARE = 0.25
_LEAST_SEEN = 0.5
_MORE_SOURCES = "take items of more sources, or say gate.cluster_by: item if these do not move together"
_NAMED = 5
_NOBODY = {"todo", "tbd", "?", "-"}
_NO_LICENCE = {"unknown", "none", "todo", "tbd", "n/a", "?", "-"}


class Finding(Record):
    """One thing a check found. An error keeps the set from being frozen unless the manifest waives the check."""

    check: CheckName
    level: Literal["error", "warning"]
    text: str
    waived: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether it keeps the set from being frozen."""
        return self.level == "error" and self.waived is None

    def __str__(self) -> str:
        why = f" (waived: {self.waived})" if self.waived is not None else ""
        return f"{self.level}: {self.check}: {self.text}{why}"


def check_set(golden: GoldenSet, others: Iterable[GoldenSet] = ()) -> tuple[Finding, ...]:
    """Everything the checks find, errors first.

    Args:
        golden: the set.
        others: sets whose items must not be in this one.

    Raises:
        GoldenSetError: a file named by `not_in` cannot be read, or none matches.
    """
    findings = [
        *_size(golden),
        *_duplicates(golden),
        *_tags(golden),
        *_labels(golden),
        *_anchors(golden),
        *_licence(golden),
        *_leakage(golden, others),
    ]
    waive = golden.manifest.waive
    marked = [finding.model_copy(update={"waived": waive.get(finding.check)}) for finding in findings]
    return tuple(sorted(marked, key=lambda finding: finding.level))


def _size(golden: GoldenSet) -> Iterator[Finding]:
    n = len(golden.items)
    if not SMALLEST <= n <= LARGEST:
        text = f"{n} items; {SMALLEST} to {LARGEST} make a gate that sees something and that a person can review"
        yield Finding(check="size", level="error", text=text)
    yield from _clusters(golden)


def _clusters(golden: GoldenSet) -> Iterator[Finding]:
    """Whether the clusters can carry a test, and whether turns of one conversation are known as such."""
    n, clusters, gate = len(golden.items), len(set(golden.clusters.values())), golden.manifest.gate
    what = f"{n} items from {clusters} sources ({gate.cluster_by}) only"
    if clusters < n and 0.5**clusters > gate.alpha:
        least = f"the smallest p-value is 1/{2**clusters}, above gate.alpha {gate.alpha:g}"
        text = f"{what}: {least}, so no gate can show a regression, and each ends inconclusive (exit 3)"
        yield Finding(check="size", level="warning", text=f"{text}; {_MORE_SOURCES}")
    else:
        text = _whole_clusters(golden, what)
        if text:
            yield Finding(check="size", level="warning", text=text)
    loose = _loose_turns(golden)
    if loose:
        text = f"{len(loose)} items continue a conversation of another item and have no source_id ({_listed(loose)})"
        yield Finding(check="size", level="warning", text=f"{text}; a gate takes them as independent, so give them one")


def _whole_clusters(golden: GoldenSet, what: str) -> str:
    """Why a release that fails whole clusters might not be shown to be worse; empty where it would."""
    sizes, n, cluster_by = Counter(golden.clusters.values()), len(golden.items), golden.manifest.gate.cluster_by
    ((name, largest),) = sizes.most_common(1)
    least = _least_whole_drop(golden, sorted(sizes.values(), reverse=True))
    if largest > max(1, _LARGEST_SHARE * n):
        what = f"{largest} of {n} items are of one source ({cluster_by}: {shown_name(name)})"
        why = "if only these fail, no test can tell it from chance, and the gate ends inconclusive (exit 3)"
        return "; ".join(filter(None, (f"{what}: {why}", least, _MORE_SOURCES)))
    if len(sizes) < min(n, _FEWEST_SOURCES):
        return "; ".join(filter(None, (f"{what}; items of one source fail together", least)))
    return f"{n} items from {len(sizes)} sources ({cluster_by}): {least}; {_MORE_SOURCES}" if least else ""


def _least_whole_drop(golden: GoldenSet, sizes: list[int]) -> str:
    """From where on a drop that takes whole clusters is caught, if that is late; empty where it is early enough."""
    gate = golden.manifest.gate
    if gate.primary != PASS_RATE or sizes[0] == 1:
        return ""
    drop = minimum_detectable_cluster_drop(
        tuple(sizes), flip_rate=ASSUMED_FLIPS.rate, alpha=gate.alpha, repeats=golden.manifest.repeats
    )
    if drop is None:
        return "no drop that takes whole sources is caught with 80 % power"
    return f"drops that take whole sources are caught from {drop:.0%} on only" if drop > _LEAST_SEEN else ""


def _loose_turns(golden: GoldenSet) -> list[str]:
    """Items that share their first question with another item, and stand alone for the gate all the same."""
    clusters = golden.clusters
    sizes = Counter(clusters.values())
    conversations: dict[str, list[str]] = defaultdict(list)
    for item in golden.items:
        begins = next((turn.content for turn in item.history if turn.role == "user"), item.question)
        conversations[plain_text(begins)].append(item.id)
    turns = {item.id for item in golden.items if item.history}
    shared = [names for names in conversations.values() if len(names) > 1 and turns.intersection(names)]
    return [name for names in shared for name in names if sizes[clusters[name]] == 1]


def _duplicates(golden: GoldenSet) -> Iterator[Finding]:
    seen: dict[str, list[str]] = defaultdict(list)
    for item in golden.items:
        seen[asked_text(item)].append(item.id)
    twins = [f"{' = '.join(names)}" for names in seen.values() if len(names) > 1]
    if twins:
        text = f"the same question with the same history and evidence: {_listed(twins)}; a duplicate counts twice"
        yield Finding(check="duplicates", level="error", text=text)


def _tags(golden: GoldenSet) -> Iterator[Finding]:
    bare = [item.id for item in golden.items if not item.tags]
    if bare:
        text = f"{len(bare)} of {len(golden.items)} items without a tag ({_listed(bare)}); slices will not show them"
        yield Finding(check="tags", level="warning", text=text)
    counts = Counter(tag for item in golden.items for tag in item.tags)
    thin = [f"{tag} ({count})" for tag, count in sorted(counts.items()) if count < _FEWEST_WITH_TAG]
    if thin:
        yield Finding(
            check="tags", level="warning", text=f"tags with fewer than {_FEWEST_WITH_TAG} items: {_listed(thin)}"
        )


def _labels(golden: GoldenSet) -> Iterator[Finding]:
    if all(item.expect == "answer" for item in golden.items):
        text = "no item expects a refusal; a release that answers what it should not is not caught"
        yield Finding(check="labels", level="warning", text=text)
    marked = sum(anchor.label for anchor in golden.anchors)
    unmarked = len(golden.anchors) - marked
    if min(marked, unmarked) < MIN_LABELS_PER_CLASS:
        level: Literal["error", "warning"] = "warning" if golden.manifest.gate.allow_unexamined else "error"
        text = f"{marked} marked and {unmarked} unmarked anchors; the judge's exam needs {MIN_LABELS_PER_CLASS} of each"
        yield Finding(check="labels", level=level, text=f"{text} (or gate.allow_unexamined)")


def _anchors(golden: GoldenSet) -> Iterator[Finding]:
    """One output must not be there twice, and least of all with both labels."""
    labels: dict[str, dict[str, int]] = defaultdict(dict)
    for anchor in golden.anchors:
        sample = golden.anchor_sample(anchor)
        text = "\0".join((plain_text(sample.question), *map(plain_text, sample.contexts), plain_text(sample.response)))
        labels[text][anchor.id] = anchor.label
    twice = [names for names in labels.values() if len(names) > 1]
    torn = [" ≠ ".join(names) for names in twice if len(set(names.values())) > 1]
    if torn:
        yield Finding(check="anchors", level="error", text=f"one output with both labels: {_listed(torn)}")
    same = [" = ".join(names) for names in twice if len(set(names.values())) == 1]
    if same:
        yield Finding(check="anchors", level="warning", text=f"one output twice: {_listed(same)}")


def _licence(golden: GoldenSet) -> Iterator[Finding]:
    if golden.manifest.labels.by.strip().casefold() in _NOBODY:
        text = f"labels.by is {golden.manifest.labels.by!r}; say who decided what a right answer is"
        yield Finding(check="licence", level="error", text=text)
    if golden.manifest.labels.licence.strip().casefold() in _NO_LICENCE:
        text = f"labels.licence is {golden.manifest.labels.licence!r}; say under which terms the texts may be used"
        yield Finding(check="licence", level="error", text=text)


def _leakage(golden: GoldenSet, others: Iterable[GoldenSet]) -> Iterator[Finding]:
    """An item the application was taught with examines nothing."""
    for path in files_named(golden.directory, golden.manifest.not_in):
        text = text_of_file(path)
        items = [item.id for item in golden.items if occurs((item.question, item.reference or ""), text)]
        anchors = [a.id for a in golden.anchors if occurs((golden.anchor_sample(a).response,), text)]
        for what, leaked in (("items", items), ("anchors", anchors)):
            if leaked:
                words = f"{len(leaked)} {what} occur in {path.name}: {_listed(leaked)}"
                yield Finding(check="leakage", level="error", text=words)
    for other in others:
        known = {asked_text(item): item.id for item in other.items}
        shared = [item.id for item in golden.items if asked_text(item) in known]
        if shared:
            words = f"{len(shared)} items are also in golden set {other.name}: {_listed(shared)}"
            yield Finding(check="leakage", level="warning", text=words)


def asked_text(item: GoldenItem) -> str:
    """What is asked over which evidence, as one text: items of which it is equal are duplicates."""
    history = [turn.content for turn in item.history]
    return "\0".join(plain_text(text) for text in (item.question, *history, *item.contexts))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
