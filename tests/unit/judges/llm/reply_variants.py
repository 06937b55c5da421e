"""Ways in which models and servers spell one reply: those with one meaning only, and those a reader could mistake.

The call asked about two sentences. `GOOD` is the reply as it was asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

ENTRIES: tuple[dict[str, Any], ...] = ({"supported": 1, "evidence": [1, 3], "p": 97}, {"not_found": 2, "p": 80})
GOOD = json.dumps({"kind": "answer", "sentences": list(ENTRIES)})
LIST = json.dumps(list(ENTRIES))
OTHER = GOOD.replace("not_found", "supported")
SPELT = (
    '{"kind":"answer","sentences":[{"n":1,"verdict":"supported","evidence":[1,3],"p":97},'
    '{"n":2,"verdict":"not_found","p":80}]}'
)


def first(**fields: Any) -> str:
    """The reply with fields of its first entry in another spelling."""
    return json.dumps({"kind": "answer", "sentences": [{**ENTRIES[0], **fields}, ENTRIES[1]]})


def second(**fields: Any) -> str:
    """The reply with fields of its second entry in another spelling."""
    return json.dumps({"kind": "answer", "sentences": [ENTRIES[0], {**ENTRIES[1], **fields}]})


def swapped(old: str, new: str) -> str:
    """The reply with one piece of its text in another spelling."""
    assert old in GOOD
    return GOOD.replace(old, new)


def wrapped(*keys: str, inner: Callable[[], Any] = lambda: json.loads(GOOD)) -> str:
    """The reply inside objects with these keys, outermost first."""
    value = inner()
    for key in reversed(keys):
        value = {key: value}
    return json.dumps(value)


READ: Mapping[str, str] = {
    "as asked": GOOD,
    "no blanks": json.dumps(json.loads(GOOD), separators=(",", ":")),
    "indented": json.dumps(json.loads(GOOD), indent=4),
    "order of keys": json.dumps({"sentences": list(reversed(ENTRIES)), "kind": "answer"}),
    # words beside it
    "words before": f"Here is my evaluation of the sentences:\n\n{GOOD}",
    "words after": f"{GOOD}\n\nI hope this helps!",
    "words around, with apostrophes": f"I've judged it, as you'd asked:\n{GOOD}\nThat's all.",
    "heading": f"## Verdict\n\n**JSON:** {GOOD}",
    "braces in words": f"For the set {{1, 2}} of sentences {{as asked}}: {GOOD} [done]",
    "words in another script": f"判定は次の通りです：{GOOD}",
    "assignment": f"verdict = {GOOD};",
    "label": f"json\n{GOOD}",
    "in brackets": f"({GOOD})",
    "in a list": f"[{GOOD}]",
    "in an empty brace": f"{{{GOOD}}}",
    "links and footnotes": f"As [1] says [see](x): {GOOD}\n[1]: note",
    "the same twice": f"{GOOD}\n{GOOD}",
    "the same twice, once spelt otherwise": f"{GOOD}\n\nFinal answer:\n```json\n{SPELT}\n```",
    "an entry first, then all": f"First {json.dumps(ENTRIES[0])}. In all: {GOOD}",
    "an empty draft first": f'{{"kind":"answer","sentences":[]}}\n{GOOD}',
    # fences, tags and tokens
    "fence": f"```json\n{GOOD}\n```",
    "fence in capitals with carriage returns": f"```JSON\r\n{GOOD}\r\n```\r\n",
    "fence of tildes": f"~~~json\n{GOOD}\n~~~",
    "fence on one line": f"```json {GOOD}```",
    "long fence": f"````json\n{GOOD}\n````",
    "fence of another language": f"```javascript\n{GOOD}\n```",
    "fence without an end": f"```json\n{GOOD}",
    "end of a fence alone": f"{GOOD}\n```",
    "words and fence": f"Sure.\n```\n{GOOD}\n```\nDone.",
    "single ticks": f"`{GOOD}`",
    "tag": f"<answer>{GOOD}</answer>",
    "box": f"<|begin_of_box|>{GOOD}<|end_of_box|>",
    "tag with attributes": f'<output type="json">\n{GOOD}\n</output>',
    "end token": f"{GOOD}<|im_end|>",
    "other end tokens": f"{GOOD}</s><|eot_id|><|endoftext|>",
    "end of turn": f"{GOOD}<end_of_turn>\n",
    "byte order mark": f"\ufeff{GOOD}",
    "zero-width space": f"\u200b{GOOD}",
    "terminal colours": f"\x1b[1m{GOOD}\x1b[0m",
    "tool call as text": f'<tool_call>\n{{"name":"verdict","arguments":{GOOD}}}\n</tool_call>',
    # nearly JSON
    "comma at the end of the list": swapped("80}]", "80},]"),
    "commas everywhere": swapped("80}]}", "80,},],}"),
    "typographic marks": GOOD.replace('"', "“"),
    "one typographic mark": GOOD.replace('"kind"', '“kind"', 1),
    "Python": str(json.loads(GOOD)),
    "Python's None": str(json.loads(second(fragment=None, reason=None))),
    "line comments": swapped('"sentences"', '// both\n"sentences"'),
    "block comments": swapped('"sentences"', '/* both */ "sentences"'),
    "Python's comments": swapped('"sentences"', '# both\n"sentences"'),
    "keys without marks": "{kind: answer, sentences: [{supported: 1, evidence: [E1, E3], p: 97},"
    " {not_found: 2, p: 80}]}",
    "per cent without marks": swapped('"p": 97', '"p": 97 %'),
    "line breaks in text": second(reason="REASON").replace("REASON", "no\nline"),
    "no-break spaces": GOOD.replace(" ", "\u00a0"),
    "key twice, the same": swapped('"kind": "answer"', '"kind": "answer", "kind": "answer"'),
    "encoded once more": json.dumps(GOOD),
    "encoded twice more": json.dumps(json.dumps(GOOD)),
    # nearly the schema
    "number as text": first(supported="1"),
    "number with its letter": first(supported="R1"),
    "number in brackets": first(supported="[1]"),
    "number as a float": first(supported=1.0),
    "evidence as text": first(evidence=["1", "3"]),
    "evidence with letters": first(evidence=["E1", "e3"]),
    "evidence in brackets": first(evidence=["[E1]", "[3]"]),
    "evidence in one text": first(evidence="E1, E3"),
    "evidence in one text with and": first(evidence="1 and 3"),
    "evidence in a list's text": first(evidence="[1, 3]"),
    "evidence as floats": first(evidence=[1.0, 3.0]),
    "no evidence, null": second(evidence=None),
    "no evidence, empty text": second(evidence=""),
    "no evidence, in a word": second(evidence="none"),
    "per cent sign": first(p="97%"),
    "per cent sign after a blank": first(p="97 %"),
    "per cent as text": first(p="97"),
    "per cent as a float": first(p=97.0),
    "share": first(p=0.97),
    "share as text": first(p="0.97"),
    "keys in capitals": GOOD.replace('"kind"', '"Kind"').replace('"sentences"', '"SENTENCES"').replace('"p"', '"P"'),
    "word in capitals": swapped("not_found", "NOT_FOUND"),
    "word with a hyphen": swapped("not_found", "not-found"),
    "word with a blank": swapped("not_found", "Not found"),
    "word without a blank": swapped("not_found", "notFound"),
    "spelt out": SPELT,
    "spelt out, other names": SPELT.replace('"n"', '"sentence"').replace('"supported"', '"Supported."'),
    "said twice": first(n=1, verdict="supported"),
    "other verdicts null": first(contradicted=None, not_found=None),
    "severity of nothing": first(severity="none", fragment="", reason=""),
    "severity in capitals": second(severity="MATERIAL"),
    "severity null in a word": second(severity="n/a"),
    "unknown key": first(text="x", confidence_note="sure"),
    "unknown key outside": GOOD[:-1] + ', "overall": "fine", "score": 1.0}',
    "kind in another case": swapped('"answer"', '"Answer"'),
    "kind left out": json.dumps({"sentences": list(ENTRIES)}),
    "kind null": swapped('"answer"', "null"),
    "list alone": LIST,
    "list in words": f"Verdicts: {LIST}",
    "entries on lines": "\n".join(map(json.dumps, ENTRIES)),
    "entries in words": "\n".join(f"R{n}: {json.dumps(item)}" for n, item in enumerate(ENTRIES, 1)),
    "list of another name": json.dumps({"kind": "answer", "verdicts": list(ENTRIES)}),
    "text of the sentence under a number's key": first(sentence="Refunds take 14 days."),
    "by label, with its number": '{"R1":{"n":"R1","verdict":"supported","evidence":[1,3],"p":97},'
    '"R2":{"N":2,"verdict":"not_found","p":80}}',
    "by label": '{"R1":{"verdict":"supported","evidence":[1,3],"p":97},"R2":{"verdict":"not_found","p":80}}',
    "sentences by label": '{"kind":"answer","sentences":{"1":{"verdict":"supported","evidence":[1,3],"p":97},'
    '"2":{"verdict":"not_found","p":80}}}',
    "the same entry twice": json.dumps({"kind": "answer", "sentences": [*ENTRIES, ENTRIES[1]]}),
    "one wrapping key": wrapped("result"),
    "two wrapping keys": wrapped("response", "verdict"),
    "wrapper of a type": json.dumps({"type": "json_object", "value": json.loads(GOOD)}),
    "wrapper with thoughts": json.dumps({"thinking": f"It says {OTHER}", "answer": json.loads(GOOD)}),
    "wrapper of text": wrapped("answer", inner=lambda: GOOD),
    "wrapper of a list": wrapped("claims", inner=lambda: list(ENTRIES)),
}
"""Replies that all mean `GOOD`."""

FAULTS: Mapping[str, str] = {
    # two answers
    "two objects": f"{GOOD}\n{OTHER}",
    "two objects with words": f"At first I thought {OTHER}, but no: {GOOD}",
    "two fences": f"```json\n{GOOD}\n```\n```json\n{OTHER}\n```",
    "two in a list": f"[{GOOD},{OTHER}]",
    "two in a wrapper": f'{{"draft":{OTHER},"final":{GOOD}}}',
    "two probabilities": f"{GOOD}\n{GOOD.replace('97', '60')}",
    "two kinds": json.dumps(
        [
            {"kind": kind, "sentences": [{"not_checkworthy": 1}, {"not_checkworthy": 2}]}
            for kind in ("refusal", "no_claims")
        ]
    ),
    "list and another list": f"{LIST}\n{LIST.replace('not_found', 'supported')}",
    "entry beside that differs": f'{GOOD}\n{{"contradicted":2,"evidence":[1],"p":90}}',
    "entry beside of no sentence": f'{GOOD}\n{{"supported":9,"evidence":[1],"p":90}}',
    "entry beside that is none": f'{GOOD}\n{{"verdict":"fine","n":2}}',
    "another beside that does not fit": f'{GOOD}\n{{"kind":"answer","sentences":[{{"supported":2,"evidence":[1]}}]}}',
    "another beside that breaks off": f'{{"kind":"answer","sentences":[{{"supported":1,"evid\n{GOOD}',
    "another under an unknown key": GOOD[:-1] + f', "final": {OTHER}}}',
    "another in an entry": first(correction={"contradicted": 1, "evidence": [1]}),
    "another, encoded": f'{GOOD} {{"answer": {json.dumps(OTHER)}}}',
    # keys and entries that contradict each other
    "key twice": swapped('"kind": "answer"', '"kind": "answer", "kind": "refusal"'),
    "key twice in another case": swapped('"kind": "answer"', '"kind": "answer", "Kind": "refusal"'),
    "sentences twice": GOOD[:-1] + "," + OTHER[len('{"kind": "answer",') :],
    "probability twice": swapped('"p": 97', '"p": 97, "p": 51'),
    "two verdicts": first(contradicted=1),
    "two verdicts, one spelt out": first(verdict="contradicted"),
    "two numbers": first(n=2),
    "two numbers, one a label": '{"1":{"n":2,"verdict":"supported","evidence":[1],"p":97},'
    '"2":{"n":1,"verdict":"not_found","p":80}}',
    "two numbers, one a label in capitals": '{"R1":{"N":2,"verdict":"supported","evidence":[1,3],"p":97},'
    '"R2":{"N":1,"verdict":"not_found","p":80}}',
    "two numbers, one under another name": first(sentence=2),
    "label with too many digits": '{"R0000000010":{"verdict":"supported","evidence":[1,3],"p":97},'
    '"R2":{"verdict":"not_found","p":80}}',
    "evidence without an end": first(evidence="1 " * 3_000),
    "reply deeper than wrappers go": wrapped(*"abcdefgh"),
    "two entries": json.dumps({"kind": "answer", "sentences": [*ENTRIES, {"supported": 2, "evidence": [1], "p": 97}]}),
    "two entries of one verdict": json.dumps({"kind": "answer", "sentences": [*ENTRIES, {"not_found": 2, "p": 70}]}),
    "judged under a refusal": swapped('"answer"', '"refusal"'),
    "judged under no claims": swapped('"answer"', '"no claims"'),
    # sentences
    "missing sentence": json.dumps({"kind": "answer", "sentences": [ENTRIES[0]]}),
    "missing sentence, alone": json.dumps(ENTRIES[0]),
    "missing sentence in a list": json.dumps([ENTRIES[0]]),
    "no sentences": '{"kind":"answer","sentences":[]}',
    "sentence too many": json.dumps({"kind": "answer", "sentences": [*ENTRIES, {"not_checkworthy": 3}]}),
    "another sentence": swapped('"not_found": 2', '"not_found": 3'),
    "several sentences in one": json.dumps({"kind": "answer", "sentences": [{"supported": [1, 2], "evidence": [1]}]}),
    "range of sentences": first(supported="1-2"),
    "truth instead of a number": first(supported=True),
    "words instead of a number": first(supported="the first"),
    "line instead of a sentence": first(supported="E1"),
    "half a sentence": first(supported=1.5),
    "no number": SPELT.replace('"n":2,', ""),
    "number from 0": SPELT.replace('"n"', '"index"'),
    "order instead of numbers": '["supported","not_found"]',
    "verdicts instead of entries": '{"kind":"answer","sentences":["supported","not_found"]}',
    "grouped by verdict": '{"supported":[1],"not_found":[2]}',
    # words
    "unknown word": swapped("not_found", "unfounded"),
    "negated word": swapped('"supported"', '"not_supported"'),
    "prefixed word": swapped('"supported"', '"unsupported"'),
    "misspelt word": swapped('"supported"', '"suported"'),
    "word of another language": swapped('"supported"', '"belegt"'),
    "two words in one": SPELT.replace('"supported"', '"supported/not_found"'),
    "doubtful word": SPELT.replace('"supported"', '"supported?"'),
    "unknown kind": swapped('"answer"', '"perfect"'),
    "kind left out where none is judged": '{"sentences":[{"not_checkworthy":1},{"not_checkworthy":2}]}',
    "unknown severity": second(severity="high"),
    # evidence
    "evidence in words": first(evidence="the first line"),
    "evidence of the response": first(evidence=["R1"]),
    "evidence as a range": first(evidence="E1-E3"),
    "evidence under another key": json.dumps([{"supported": 1, "lines": [1, 3], "p": 97}, ENTRIES[1]]),
    "evidence as objects": first(evidence=[{"line": 1}]),
    "evidence quoted": first(evidence=["E1: Refunds take 14 days."]),
    # probabilities
    "p above 100": first(p=101),
    "p above 100 as text": first(p="101%"),
    "p below 0": first(p=-1),
    "p in words": first(p="high"),
    "p as a range": first(p="90-95"),
    "p as a fraction": first(p="9/10"),
    "p with a decimal comma": first(p="97,5"),
    "p as truth": first(p=True),
    "p in a list": first(p=[97]),
    "p is NaN": swapped('"p": 97', '"p": NaN'),
    "p is infinite": swapped('"p": 97', '"p": Infinity'),
    "p overflows": swapped('"p": 97', '"p": 1e999'),
    "p against its verdict": first(p=49),
    "p of none": first(p=0),
    "p of one among per cents": first(p=1),
    "p of one among per cents, as text": first(p="1"),
    "p of one among per cents, as a float": first(p=1.0),
    "p of one among per cents, as a float's text": first(p="1.0"),
    "p of one beside per cents under an odd key": first(p=1.0).replace('"p": 80', '"p.": 80'),
    "p of nothing in an object": first(severity=[{"not_found": 1}]),
    "p against not found": second(p=3),
    "share against its verdict": first(p=0.2),
    # texts that break off or hold no answer
    "cut off in an entry": GOOD[:-8],
    "cut off before the last brace": GOOD[:-1],
    "cut off before the list's end": GOOD[:-2],
    "without its beginning": GOOD[12:],
    "apostrophe in single marks": str(json.loads(second(reason="R"))).replace("'R'", "'it's not said'"),
    "marks inside text": swapped('"p": 80', '"p": 80, "reason": "it says "no" there"'),
    "backwards": GOOD[::-1],
    "prose": "The first sentence is supported by line 1, the second is not.",
    "an object of something else": '{"error": "overloaded"}',
    "reply in its reason": json.dumps({"reason": GOOD}),
    "words with the reply in a wrapper": json.dumps({"answer": f"The text says {GOOD}"}),
    "nothing": "{}",
}
"""Replies that mean two things, or nothing."""
