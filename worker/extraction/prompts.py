"""Evidence that an application put into its prompt: tagged documents, or a section under a heading that says so.

Only what is marked as evidence is taken. A system message without such a mark is instructions, and to hold an answer
against instructions would call everything unsupported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.worker.extraction.headings import (
    AFTER_NOUNS,
    ANNOUNCING,
    ANSWER_NOUNS,
    EVIDENCE_NOUNS,
    INSTRUCTION_NOUNS,
    QUESTION_NOUNS,
    TAGS,
)

_NOUNS = "|".join(EVIDENCE_NOUNS)
_ASKING = "|".join(QUESTION_NOUNS)
_AFTER = rf"(?:[ \t]+(?:{'|'.join(AFTER_NOUNS)}))?"
_ANSWERS = "|".join(ANSWER_NOUNS)
_TASKS = "|".join(INSTRUCTION_NOUNS)
_BEFORE = (
    r"(?!(?:what|which|who|where|how|why|do|does|are|is|can|could|please|list|show|give|was|welche\w*|wo|wie|quels?|"
    r"quelles?|cu[aá]l(?:es)?|qu[eé]|quali?|wat|welke|какие|где|como|onde)\b)(?:[\w'’-]+[ \t]+){0,3}"
)
"""Up to three words before a noun: `The most relevant `, and not `What are your `. Chinese and Japanese write none."""
_SPACELESS = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{0,6}?"
_COLON = r"[:：]"
_TAG = re.compile(rf"<(?P<close>/?)(?P<tag>{'|'.join(TAGS)})\b[^<>]{{0,200}}>", re.IGNORECASE)
"""A tag around evidence, opening or closing: `<document id="3">`, `</document>`."""
_HEADING = re.compile(
    rf"^[ \t]*(?:(?:\#{{1,6}}[ \t]*|\*\*|=+[ \t]*)(?!end\b)(?:{_BEFORE}|{_SPACELESS})(?:{_NOUNS})"
    rf"(?:[ \t]*\([^()\n]{{1,40}}\))?[ \t]*{_COLON}?[ \t]*(?:\*\*|=+)?{_COLON}?"
    rf"|(?:【|\[)(?!end\b)(?:{_BEFORE}|{_SPACELESS})(?:{_NOUNS})(?:】|\](?![ \t]*\()){_COLON}?"
    rf"|(?!end\b)(?:{_BEFORE}|{_SPACELESS})(?:{_NOUNS}){_AFTER}"
    rf"(?:[ \t]*\([^()\n]{{1,40}}\))?[ \t]*{_COLON})"
    r"[ \t]*(?P<rest>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
"""A heading over evidence: `## Retrieved documents`, or `Context: the text begins here`."""
_MANNER = (
    r"(?:if (?:you|the|there|no)\b[^\n]{0,80}\b(?:answer|context|information|know[.,])|(?:do not|don['’]t|never|please"
    r"|always) (?:try|make|invent|use|mention|answer|say|cite|add|guess)|use (?:\w+ ){0,2}\w+ sentences|keep the answer"
    r"|say that you|answer (?:only|in|with|briefly)|be (?:brief|concise)"
    r"|wenn (?:du|sie|die)\b[^\n]{0,80}\b(?:weißt?|wissen|antwort|kontext)"
    r"|si (?:tu|vous|no|la|le)\b[^\n]{0,80}\b(?:réponse|sais|savez|sabes|respuesta|contexte?o?))"
)
"""How a sentence begins that says how to answer: `If you don't know the answer, say so`, `Use three sentences`."""
_MANNERS = re.compile(rf"\s*(?:{_MANNER}[^\n]*\n|[-=_*]{{3,}}[ \t]*\n)", re.IGNORECASE)
"""A line of such sentences, or one that parts them from the evidence: `----------------`."""
_SENTENCE = re.compile(
    rf"^(?=[^\n]{{0,200}}(?:{'|'.join(ANNOUNCING)}))"
    rf"[^\n]{{0,140}}?(?<![A-Za-zÀ-ÿ])(?:{_NOUNS})(?![A-Za-zÀ-ÿ])[^\n]{{0,80}}[.:：。]"
    rf"(?:[ \t]+{_MANNER}[^\n]{{0,400}}[.:!。])?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""A sentence that announces evidence: `Answer with the help of the following documents:`."""
_NEXT = (
    r"^[ \t]*(?:\*\*|\[|=+[ \t]*)?(?!(?:my|our|your|meine?|unsere?|mes|nos|mis)\b)(?:[\w'’-]+[ \t]+)?"
    rf"(?:{_NOUNS}){_AFTER}[ \t]*(?:\*\*|\])?[ \t]*{_COLON}"
    rf"|^[ \t]*(?:\*\*|\[)?(?:[\w'’-]+[ \t]+)?(?:{_TASKS})[ \t]*(?:\*\*|\])?[ \t]*{_COLON}"
    rf"|^[ \t]*\[/(?:{_ASKING})\]"
)
"""The line after a question at which another part of the prompt begins: `Context: …`, `[/QUESTION]`."""
_QUESTION = re.compile(
    r"^[ \t]*(?P<hash>\#{1,6}[ \t]*)?(?:\*\*|【|\[)?(?:(?:the|user'?s?|customer'?s?|final|my|human|patient|"
    r"current|die|la|le|el|il|a|de|o|L['’]utilisateur|用户|ユーザーの|사용자)[ \t]*)*"
    rf"(?:{_ASKING})(?:[ \t]+(?:des?|del|do|der|from|of)[^\n:：]{{1,40}})?[ \t]*(?:\*\*|】|\])?[ \t]*"
    rf"(?:{_COLON}(?:\*\*)?|(?<=\*\*)\n|(?<=】)|(?<=\])\n|(?(hash)\n|(?!)))[ \t]*(?P<text>.*?)"
    rf"(?=^[^\n]{{0,40}}(?:{_ANSWERS})[^\n]{{0,20}}[:：](?:\*\*)?[ \t]*$|{_NEXT}|^\#{{1,6}}[ \t]*\S|^【|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
"""The question and all that follows it: `User question: how long is the warranty?`."""
_ASKED_BELOW = re.compile(
    rf"^(?![^\n]*(?:{_NOUNS})[^\n]*$)[^\n]{{0,80}}(?<![A-Za-zÀ-ÿ])(?:{_ASKING})[^\n]{{0,30}}{_COLON}[ \t]*\n"
    r"(?P<text>.*?)"
    rf"(?=^[^\n]{{0,40}}(?:{_ANSWERS})[^\n]{{0,20}}{_COLON}[ \t]*$|{_NEXT}|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
"""A sentence that announces the question: `Here is the question:`."""
_TURN = re.compile(
    r"^(?:Q|Human|User|Customer|H|用户)[:：][ \t]*(?P<text>.*?)(?=^(?:A|Assistant|AI|Bot|H|助手)[:：]|\Z)",
    re.MULTILINE | re.DOTALL,
)
"""The user's turn in a prompt that is one text: `Human: how long is the warranty?`, `Q: …`."""
_QUESTION_TAG = re.compile(
    r"<(?P<close>/?)(?P<tag>question|query|user_(?:input|question|query|message)|frage|pregunta|domanda|pergunta)\b[^<>]{0,80}>",
    re.IGNORECASE,
)
"""A tag around the question, opening or closing: `<question>How long is the warranty?</question>`."""
_STOP = re.compile(
    r"^[ \t]*(?:\#{1,6}[ \t]*\S|\*\*[^*\n]{1,40}\*\*[ \t]*[:：]?|【[^】\n]{1,20}】|\[/[\w ]{2,30}\]|"
    rf"(?:[\w'’-]+[ \t]+){{0,2}}(?:{_ASKING}|{_ANSWERS}|{_TASKS})(?![\w])[^\n:：]{{0,20}}[:：]"
    rf"|{_SPACELESS}(?:{_ASKING}|{_ANSWERS}|{_TASKS})[:：]|(?:Q|A|Human|User|Assistant)[:：]"
    rf"|[^\n]{{0,40}}(?<![A-Za-zÀ-ÿ])(?:{_ASKING})[:：][ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
"""What ends a section of evidence: the next heading, `**Rules**`, or `Question:`."""
_ITEM = re.compile(r"^[ \t]*(?:\[\d{1,3}\]|\(\d{1,3}\)|\d{1,3}[.)])[ \t]+", re.MULTILINE)
"""The number of an item: `[1] `, `(2) `, `3. `."""
_DEEPEST = 8
_LONGEST = 400_000
"""Characters looked at: the patterns are linear, but a prompt of megabytes is nobody's question."""


def evidence_in(text: str) -> list[str]:
    """Passages that a prompt marks as evidence; empty if it marks none."""
    text = text[:_LONGEST]
    tagged = list(_tagged(text))
    if tagged:
        return tagged
    return [passage for section in _sections(text) for passage in _items(section)]


def question_in(text: str) -> str:
    """The question in a prompt that holds evidence, too; the whole text where none is marked."""
    text_before = text[:_LONGEST]
    tagged = _tagged_question(text_before)
    if tagged:
        return tagged
    for form in (_QUESTION, _TURN, _ASKED_BELOW):
        marked = [match["text"].strip() for match in form.finditer(text_before)]
        if marked and marked[-1]:
            return marked[-1]
    return _outside_tags(text_before) or text


def _outside_tags(text: str) -> str:
    """What stands around tagged evidence; empty where no evidence is tagged, or nothing stands around it."""
    tags = list(_TAG.finditer(text))
    if not tags or tags[0]["close"] or not tags[-1]["close"]:
        return ""
    return f"{text[: tags[0].start()].strip()}\n{text[tags[-1].end() :].strip()}".strip()


def _tagged_question(text: str) -> str:
    """What stands in the last pair of tags; each tag is read once."""
    opened: dict[str, int] = {}
    question = ""
    for match in _QUESTION_TAG.finditer(text):
        tag = match["tag"].lower()
        if not match["close"]:
            opened[tag] = match.end()
        elif tag in opened:
            question = text[opened.pop(tag) : match.start()].strip() or question
    return question


def _tagged(text: str) -> Iterator[str]:
    """What stands in the innermost tags, each read once: a prompt may hold thousands that nobody closes."""
    opened: list[tuple[str, int]] = []
    is_innermost = False
    for match in _TAG.finditer(text):
        tag = match["tag"].lower()
        if not match["close"]:
            opened = [*opened[-_DEEPEST:], (tag, match.end())]
            is_innermost = True
        elif opened and opened[-1][0] == tag:
            inner = text[opened.pop()[1] : match.start()].strip()
            if is_innermost and inner:
                yield inner
            is_innermost = False


def _sections(text: str) -> Iterator[str]:
    """What stands under each heading, up to the next heading, the question or the end."""
    end = 0
    starts = sorted([*_HEADING.finditer(text), *_SENTENCE.finditer(text)], key=lambda match: match.start())
    for match in starts:
        if match.start() < end:
            continue
        rest = match.groupdict().get("rest") or ""
        stop = _STOP.search(text, match.end())
        end = stop.start() if stop else len(text)
        section = _without_manners(f"{rest}\n{text[match.end() : end]}\n")
        if section and not re.match(r"(?i)(end of|none|n/a|\{)", section):
            yield section


def _without_manners(section: str) -> str:
    """A section without the lines at its beginning that say how to answer, as LangChain's prompts have them."""
    start = 0
    while match := _MANNERS.match(section, start):
        start = match.end()
    return section[start:].strip()


def _items(section: str) -> Iterator[str]:
    """The numbered items of a section, or the section as it is."""
    starts = [match.start() for match in _ITEM.finditer(section)]
    if len(starts) < 2 or section[: starts[0]].strip():
        yield section
        return
    for start, end in zip(starts, [*starts[1:], len(section)], strict=True):
        item = _ITEM.sub("", section[start:end], count=1).strip()
        if item:
            yield item
