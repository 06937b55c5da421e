"""What was read of a text is kept for the next who asks, within bounds."""

from __future__ import annotations

from threading import Thread

from assay.judges.text import kept
from assay.judges.text.kept import KeptReadings


def readings(asked: list[str]) -> KeptReadings[int]:
    """The length of each text; `asked` lists the texts that were really read."""

    def read(text: str) -> int:
        asked.append(text)
        return len(text)

    return KeptReadings(read, weigh=lambda _: 0)


def test_a_text_is_read_once() -> None:
    asked: list[str] = []
    lengths = readings(asked)
    assert [lengths("rain"), lengths("rain"), lengths("")] == [4, 4, 0]
    assert asked == ["rain", ""]


def test_the_oldest_reading_goes_first() -> None:
    asked: list[str] = []
    lengths = readings(asked)
    half = kept.LONGEST // 2
    texts = [f"{number}" * half for number in range(10)] + [f"{number}!" * (half // 2) for number in range(30)]
    for text in texts:
        lengths(text)
    lengths(texts[-1])
    lengths(texts[0])
    assert asked == [*texts, texts[0]]


def test_a_very_long_text_is_not_kept() -> None:
    asked: list[str] = []
    lengths = readings(asked)
    text = "a" * (kept.LONGEST + 1)
    assert lengths(text) == lengths(text)
    assert len(asked) == 2


def test_threads_share_it() -> None:
    lengths = readings([])
    texts = ["a" * size for size in range(1, 400)]
    results: list[list[int]] = []
    threads = [Thread(target=lambda: results.append(list(map(lengths, texts)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [list(range(1, 400))] * 4
