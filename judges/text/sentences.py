"""Splits text into sentences with exact offsets, so that "every sentence was judged" can be checked.

The splitter never drops a character: joined, its spans hold every non-whitespace character of the text. Lines of
tables and of fenced code are one span each. A list item starts a span, its marker included. One pass, linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assay.judges.schema import Span
from assay.judges.text.kept import KeptReadings
from assay.judges.text.words import WordTable, word_set

_LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
"""A line without its end: `First line.`."""

_ENDS = r".!?…‽؟۔।॥"
_FULL_ENDS = "。！？｡．։።។៕။།༎᠃"
_ALWAYS_END = frozenset(_FULL_ENDS + "؟۔।॥‽")
# One set of characters comes first, so that the engine can skip to the next of them at once. A stop counts before white
# space, perhaps with the mark of a footnote between them, and in scripts without spaces anywhere.
_STOP = re.compile(
    rf"[{_ENDS}{_FULL_ENDS}](?:"
    rf"(?<=[{_ENDS}])(?<![{_ENDS}].)[{_ENDS}]*+[\"'”’»›)\]}}*_`]{{0,6}}(?:[\u00a0\u202f]»)?(?:\[\d{{1,3}}\]){{0,4}}(?=\s)"
    rf"|(?<=[{_FULL_ENDS}])[”’」』）】》〉\"')\]]{{0,6}})"
)
"""Where a sentence may end: at the stop of `It rains. `, of `"Why?" `, of `It rains.[2] ` or of `雨。`."""

_LIST_MARKER = re.compile(r"\s{0,40}(?:[-*+•‣◦▪–—·]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]|#{1,6}|>)\s")
"""The marker of a list item or a heading: `1. `, `- `, `## `."""

_LAST_TOKEN = re.compile(r"(?<![^\s(\[\"'“‘«*_])[^\s(\[\"'“‘«*_]++$")
"""The token before a stop: `p.m` in `at 3 p.m`."""

_NEXT_WORD = re.compile(r"[\"'“‘«(\[*_¿¡]*([^\W_]+)")
"""The word after a stop, its quotation mark aside: `“Then`."""

_INITIALS = re.compile(r"(?:[^\W\d_]\.)+")
"""Initials: `J.R.`."""

_SECTION = re.compile(r"\d{1,3}(?:\.\d{1,3}){2,}")
"""The number of a section: `2.1.3`."""

_WORD = re.compile(r"[^\W_]")
"""A letter or a digit of any script: `a`, `7`, `語`."""

_BLANKS = re.compile(r"\s*")
"""White space after a stop, as in `.  `. It may be long, where a mark of form was blanked."""

_LOOKBACK = 40
_LOOKAHEAD = 40


_TITLES = word_set("mr mrs ms dr prof sen rep gov gen col capt sgt lt hon rev fr st mt messrs mme mlle")
"""Abbreviations that a name follows: they never end a sentence."""

_ABBREVIATIONS = _TITLES | word_set(
    "e.g i.e eg ie cf vs viz ca approx resp al etc inc ltd co corp llc jr sr bros dept est fig figs no nos nr vol "
    "vols ed eds pp p ch sec art par para op cit ibid seq max min avg jan feb mar apr jun jul aug sep sept oct nov "
    "dec okt dez mrz mio mrd mon tue tues wed thu thur thurs fri sat sun a.m p.m am pm ph.d b.sc m.sc d.c u.s u.k u.n "
    "ave blvd rd tel ext ref z.b bzw usw ggf d.h u.a str bspw evtl inkl"
)

_STARTERS = word_set(
    "the a an this that these those it its he she they we you i his her their our my your in on at for from by with "
    "as if when while after before since although however but and so there here what who how why which to no yes "
    "also additionally furthermore moreover therefore thus finally overall please some many most all each"
)
"""Words that, capitalised after a possible abbreviation, show that a sentence ended there."""

_MONTHS = word_set(
    "januar februar märz april mai juni juli august september oktober november dezember janvier février mars avril "
    "juin juillet août septembre octobre novembre décembre"
)
"""Months before which a number with a point is a day: `am 3. Mai`."""

_CONNECTING = word_set("the a an of and or in to for with by at from on is are was were as that")


def split_sentences(text: str) -> list[Span]:
    """Sentences of `text` in order: non-overlapping, each with at least one word where the text has one.

    Stretches without a letter or digit (rules, lone bullets, emoji) are joined to the sentence before them.
    """
    return [Span(start=start, end=end) for start, end in sentence_ranges(text)]


def sentence_ranges(text: str) -> Sequence[tuple[int, int]]:
    """What `split_sentences` gives, as plain pairs of offsets: for long texts of which few spans are kept."""
    return _KEPT(text)


def _read(text: str) -> Sequence[tuple[int, int]]:
    pieces = [trimmed for block in _blocks(text) for piece in _pieces(text, *block) if (trimmed := _trim(text, piece))]
    joined: list[tuple[int, int]] = []
    wordless_start: int | None = None
    for start, end in pieces:
        if not _WORD.search(text, start, end):
            if joined:
                joined[-1] = (joined[-1][0], end)
            elif wordless_start is None:
                wordless_start = start
            continue
        joined.append((start if wordless_start is None else wordless_start, end))
        wordless_start = None
    if wordless_start is not None:
        joined.append((wordless_start, pieces[-1][1]))
    return tuple(joined)


_KEPT = KeptReadings(_read, weigh=lambda ranges: 120 * len(ranges))


def _trim(text: str, piece: tuple[int, int]) -> tuple[int, int] | None:
    """The piece without outer whitespace. None where nothing is left."""
    start, end = piece
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """Runs of lines that belong together, as (start, end, prose). Lines of tables and code are not prose."""
    start: int | None = None
    end = 0
    fenced = False
    for line in _LINE.finditer(text):
        line_start, line_end = line.span()
        head = text[line_start : line_start + 200].lstrip()
        fence = head.startswith(("```", "~~~"))
        verbatim = fenced or fence or _is_table_line(text, line_start, line_end)
        if start is not None and (verbatim or not _continues(text, (start, end), (line_start, line_end))):
            yield start, end, True
            start = None
        if verbatim:
            yield line_start, line_end, False
        else:
            start, end = (line_start if start is None else start), line_end
        fenced ^= fence
    if start is not None:
        yield start, end, True


def _is_table_line(text: str, start: int, end: int) -> bool:
    """Whether the line is a row of cells: two bars or two tabs between words."""
    return text.count("|", start, end) >= 2 or text.count("\t", start, end) >= 2


def _continues(text: str, block: tuple[int, int], line: tuple[int, int]) -> bool:
    """Whether the line goes on with the sentence of the block before it (text wrapped at a column)."""
    if text[block[1] : line[0]] != "\r\n" and line[0] - block[1] > 1:
        return False  # a blank line between them
    before = text[max(block[0], block[1] - _LOOKBACK) : block[1]].rstrip()
    after = text[line[0] : min(line[1], line[0] + 200)]
    first = after.lstrip()[:1]
    if not before or not first or _LIST_MARKER.match(after):
        return False
    if first.islower():
        return True
    return before.endswith(",") or before.split()[-1].lower() in _CONNECTING


def _pieces(text: str, start: int, end: int, prose: bool) -> Iterator[tuple[int, int]]:  # noqa: FBT001 - unpacked from a tuple
    """Cut one block after every full stop that ends a sentence."""
    if not prose:
        yield start, end
        return
    marker = _LIST_MARKER.match(text, start, end)
    position = marker.end() if marker else start
    for stop in _STOP.finditer(text, position, end):
        if _ends_sentence(text, stop, start):
            yield start, stop.end()
            start = stop.end()
    yield start, end


def _ends_sentence(text: str, stop: re.Match[str], start: int) -> bool:
    """Whether the stop found at `stop` ends the sentence that began at `start`."""
    written = stop.group()
    if written[0] in _ALWAYS_END:
        return True
    before = text[max(start, stop.start() - _LOOKBACK) : stop.start()]
    period = written[0] == "." and not written.startswith("..")
    if period and _ENDS_BEFORE_ANYTHING[before.rpartition(" ")[2]]:
        return True
    following = _BLANKS.match(text, stop.end())
    after = following.end() if following else stop.end()
    rest = text[after : after + _LOOKAHEAD]
    return _period_ends(before, rest) if period else not rest[:1].islower()


def _period_ends(before: str, rest: str) -> bool:
    """Whether a single period after `before` ends a sentence, seen what follows."""
    token = _last_token(before)
    following = _NEXT_WORD.match(rest)
    word = following.group(1) if following else ""
    if token.lower() in _TITLES:
        return False
    if _abbreviates(token):
        return word[:1].isupper() and word.lower() in _STARTERS
    if _numbers_what_follows(token, word):
        return False
    # Text in lower case throughout still has sentences. An unknown short token may be an abbreviation.
    return not word[:1].islower() or not token or len(token) >= 3


def _ends_before_anything(ending: str) -> bool:
    """Whether a period after this word is the end of a sentence whatever follows, as after most words."""
    token = _last_token(ending)
    return len(token) >= 3 and not _abbreviates(token) and not _SECTION.fullmatch(token)


_ENDS_BEFORE_ANYTHING = WordTable(_ends_before_anything)


def _last_token(before: str) -> str:
    last = _LAST_TOKEN.search(before)
    return last.group() if last else ""


def _abbreviates(token: str) -> bool:
    if token.lower() in _ABBREVIATIONS:
        return True
    return (len(token) == 1 or "." in token) and _INITIALS.fullmatch(token + ".") is not None


def _numbers_what_follows(token: str, word: str) -> bool:
    """Whether the period belongs to a number before its noun: the day of a month, or the section of a document."""
    if word[:1].islower() and _SECTION.fullmatch(token):
        return True
    return token.isdigit() and len(token) <= 2 and word.lower() in _MONTHS
