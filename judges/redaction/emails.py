"""E-mail addresses, also of other scripts, encoded, or written so that no robot finds them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from assay.judges.redaction.boundaries import BLANK
from assay.judges.redaction.private_value import PrivateValue
from assay.judges.redaction.time_limit import TimeLimit
from assay.judges.text.bounded_marks import normalized

_BRACKETED = r"\s?[(\[{<]\s?(?:at|@|ät|arroba)\s?[)\]}>]\s?"
_SAID_AT = r"(?:at|ät|arroba|at-sign|klammeraffe|chiocciola)"
_DOT_WORD = r"(?:dot|punkt|punto|ponto)"

_DOT_AHEAD = rf"(?=[^@＠﹫.．。]{{0,80}}[.．。]|[^@＠﹫]{{0,80}}?(?:{_DOT_WORD}|point))"
"""No other sign stands before the domain's first dot: in `a@a@a@` nothing need be looked at."""

_AT = re.compile(
    rf"[@＠﹫]{_DOT_AHEAD}(?P<loose_after>{BLANK})?(?:[*_]{{1,3}}|</?[a-z]{{1,6}}>|\r?\n{BLANK}{{0,2}})?|&commat;|{_BRACKETED}"
    rf"|(?P<said>\s{_SAID_AT}\s)(?=[\w-]{{1,63}}(?:(?P<spelled>\s{_DOT_WORD}\s)|\.[a-z]))"
    rf"|_at_(?=[^\W_]{{1,40}}(?:_{_DOT_WORD}_|\.[a-z]))|-at-(?=[^\W_]{{1,40}}-{_DOT_WORD}-)",
    re.IGNORECASE,
)
"""What parts the name from the domain, e.g. the first sign of `@example.org`. So do ` (at) `, ` at ` and `_at_`."""

_LOOSE = re.compile(r"^\s|<at|[_-]at[_-]", re.IGNORECASE)
"""A sign after which the end of the domain must be a known one, e.g. ` at `."""

_AMBIGUOUS = re.compile(r"\s(?:at|ät)\s", re.IGNORECASE)
"""A sign that mostly says where something is: ` at `."""

_MAILBOX = re.compile(
    r"(?:\b(?:e-?)?mail(?:[\s-](?:address|adresse|to|an|me|us|him|her|them|is|ist)){1,2}|\bmailto|\bwrite\sto"
    r"|\bschreib\w{0,3}\san|\breach(?:ed)?\s(?:me|us|him|her)|\b(?:(?:e-?)?mail|contact|correo|courriel)\s?[:=])"
    r"(?:\s(?:is|ist|at))?\W{0,4}$",
    re.IGNORECASE,
)
"""What says that the word "at" parts a name from a domain, e.g. `e-mail: ` before `ann at example.org`."""

_LOOK_BACK = 40

_NO_MAILBOX = frozenset(
    {
        *("me", "us", "him", "her", "them", "you", "it", "up", "in", "on", "out"),
        *("look", "see", "visit", "available", "page", "site", "team", "online", "address", "free", "support", "down"),
        *("hosted", "sent", "based", "managed", "stored", "provided", "registered", "open", "answered", "handled"),
    }
)
"""What stands before ` at ` and is no name, e.g. `us` in `contact us at example.org`."""

_FULL_NAME = re.compile(
    r"[^\W\d_]{2,30}[._](?!(?:com|org|net|html?|txt|json|ya?ml|toml|conf|xml|csv|pdf|exe|dll)$)[^\W\d_]{3,30}$",
    re.IGNORECASE,
)
"""A name that is a mailbox's rather than a word, e.g. `ann.smith` in `ann.smith at example.org`."""

_SPOKEN_NAME = re.compile(rf"(?<![^\W_])(?:[^\W_]{{1,30}}\s{_DOT_WORD}\s){{1,3}}$", re.IGNORECASE)
"""The first parts of a name, e.g. `ann dot ` in `ann dot smith at example dot org`."""

_LETTER_OF_WIDE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_DOT = (
    rf"(?:(?:\r?\n)?[.．]|(?<=[{_LETTER_OF_WIDE}])。|。(?=[A-Za-z0-9])"
    rf"|\s?[(\[{{<]\s?(?:{_DOT_WORD}|point)\s?[)\]}}>]\s?)"
)
_SAID_DOT = rf"(?:{_DOT}|\s\.\s?|\s{_DOT_WORD}\s|_{_DOT_WORD}_|-{_DOT_WORD}-)"
_MARKS = r"\u0300-\u036f"
_LABEL = rf"[^\W_](?:[\w{_MARKS}-]{{0,62}}[^\W_{_MARKS}][{_MARKS}]{{0,3}}|[{_MARKS}]{{1,3}})?"
_END = r"(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})"
_DOMAIN = re.compile(rf"(?:{_LABEL}{_DOT}){{1,8}}{_END}", re.IGNORECASE)
"""A domain, e.g. `example.co.uk`, `müller.de`, `example (dot) com`."""

_KNOWN_END = (
    r"(?:com|org|net|edu|gov|mil|info|biz|io|ai|app|dev|de|fr|uk|es|it|nl|be|ch|at|eu|us|ca|au|jp|cn|in|br|ru|pl|se|no"
    r"|dk|fi|ie|pt|mx|kr)"
)
_SPELLED = re.compile(rf"[\w-]{{1,63}}\s{_DOT_WORD}\s", re.IGNORECASE)
"""A domain whose dot is said, e.g. `example dot org`."""

_LOOSE_DOMAIN = re.compile(
    rf"(?!(?:the|a|an|this)\s){_LABEL}(?:{_SAID_DOT}{_LABEL}){{0,3}}?{_SAID_DOT}{_KNOWN_END}(?![\w-]|\.\w)",
    re.IGNORECASE,
)
"""A domain after a sign with gaps, where the end must be a known one, e.g. `example dot org`, `example . org`."""

_SENTENCE = re.compile(r"(?<=[a-z])\.[A-Z][a-z]+$")
"""The next sentence, begun without a space, as in `example.org.Then`: there it is `.Then`."""

_PARTS_OF_DOT = re.compile(_SAID_DOT, re.IGNORECASE)
"""What parts the labels of a domain, e.g. ` (dot) `."""

_IN_NAMES = frozenset("._+-'’")
"""What may stand inside a name besides letters and digits, e.g. `+` in `ann+news`."""

_QUOTED = re.compile(r'"[^"\n@<>{}]{1,64}"$')
"""A name in quotes, e.g. `"ann smith"`."""

_LONGEST_NAME = 64

_VERSION = re.compile(r"\d{1,6}\.(?:\d|x\b)|\dx\.(?:png|jpe?g|webp|gif|svg)\b", re.IGNORECASE)
"""What follows the sign in the version of a package or an image, e.g. `18.2` in `react@18.2.0`, `2x.png`."""

_IN_USE = re.compile(rf"[a-z-]{{2,}}\.{_KNOWN_END}$", re.IGNORECASE)
"""The end of a domain that no version has, e.g. `example.org` in `1.2.3.example.org`."""

_REPOSITORY = re.compile(r":[\w~/]")
"""What follows the host of a repository, e.g. `:team` in `git@host.example:team/app`."""


def emails(text: str, limit: TimeLimit) -> Iterator[PrivateValue]:
    """Addresses in a text, in order."""
    for sign in _AT.finditer(text):
        limit.check()
        start = _name_start(text, sign.start())
        is_loose = start == sign.start() or bool(_LOOSE.search(sign.group()) or sign.group("loose_after"))
        if start == sign.start() and text[start - 1 : start].isspace():  # `ann @ example.org`
            start = _name_start(text, sign.start() - 1)
        end = _domain_end(text, sign.end(), is_loose=is_loose)
        if end is None or start >= sign.start() - text[sign.start() - 1].isspace():
            continue
        name = text[start : sign.start()].strip()
        if not name or (name == "git" and _REPOSITORY.match(text, end)):
            continue
        is_sure = not _AMBIGUOUS.fullmatch(sign.group()) or _is_mailbox(text, start, name, sign)
        if is_sure and sign.group("said"):
            start = _spoken_start(text, start)
        name = _PARTS_OF_DOT.sub(".", text[start : sign.start()].strip()) if sign.group("said") else name
        yield PrivateValue("email", start, end, _key(name, text[sign.end() : end]), is_sure)


def _is_mailbox(text: str, start: int, name: str, sign: re.Match[str]) -> bool:
    """Whether ` at ` parts a name from a domain. Mostly it says where something is: `look at example.org`."""
    if sign.group("spelled"):
        return True
    if name.casefold() in _NO_MAILBOX:
        return False
    return bool(_FULL_NAME.match(name) or _MAILBOX.search(text, max(0, start - _LOOK_BACK), start))


def _spoken_start(text: str, start: int) -> int:
    """Where a name begins whose dots are said: `ann dot smith`."""
    spoken = _SPOKEN_NAME.search(text, max(0, start - _LONGEST_NAME), start)
    return spoken.start() if spoken else start


def _domain_end(text: str, start: int, *, is_loose: bool) -> int | None:
    """Where a domain ends that begins here. None: there is none."""
    domain = (_LOOSE_DOMAIN if is_loose or _SPELLED.match(text, start) else _DOMAIN).match(text, start)
    if domain is None or (_VERSION.match(text, start) and not _IN_USE.search(domain.group())):
        return None
    sentence = _SENTENCE.search(domain.group())
    if sentence and "." in domain.group()[: sentence.start()]:
        return domain.start() + sentence.start()
    return domain.end()


def _name_start(text: str, end: int) -> int:
    """Where the name begins that ends before the sign. `end`: there is none."""
    quoted = _QUOTED.search(text, max(0, end - _LONGEST_NAME - 2), end) if text[end - 1 : end] == '"' else None
    if quoted:
        return quoted.start()
    start = end
    while start and end - start < _LONGEST_NAME and _is_in_name(text[start - 1]):
        start -= 1
    while start < end and not text[start].isalnum() and text[start] != "_":
        start += 1
    return start


def _is_in_name(letter: str) -> bool:
    return letter.isalnum() or letter in _IN_NAMES or unicodedata.combining(letter) > 0


def _key(name: str, domain: str) -> str:
    labels = _PARTS_OF_DOT.sub(".", domain).split(".")
    address = f"{name}@{'.'.join(map(_shown_label, labels))}"
    return normalized("NFKC", normalized("NFKC", address).casefold())


def _shown_label(label: str) -> str:
    """A label as people read it: `müller` for `xn--mller-kva`."""
    if not label.casefold().startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
