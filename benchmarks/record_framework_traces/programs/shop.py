# mypy: ignore-errors
"""The small application that every program builds: three passages, one question, one tool.

The second passage is longer than what a trace store shows of a metadata value at first. Scenarios that end in
`-german` have other texts: with quotes of every kind, line breaks, braces and backslashes, which some frameworks
write down by Python's `repr`.
"""

from __future__ import annotations

import sys

IS_GERMAN = sys.argv[1].endswith("-german")

PASSAGES = (
    "The Halden jacket has a warranty of five years from the date of purchase.",
    "Zips and seams of the Halden jacket are repaired free of charge during the warranty. Send it to the workshop "
    "in Bergen with the prepaid label; a repair takes about ten working days, and the jacket comes back washed and "
    "proofed.",
    "The Alta tent weighs 2.4 kg and sleeps three people.",
)
QUESTION = "How long is the warranty of the Halden jacket?"
ORDER_QUESTION = "Where is my order A-1042?"
ORDER = '{"order_id": "A-1042", "status": "shipped", "carrier": "Norpost", "eta": "2026-12-03"}'
FAILURE = "the order service is down"
HISTORY = (
    {"role": "user", "content": "Do you sell the Halden jacket in blue?"},
    {"role": "assistant", "content": "Yes, in blue and in grey."},
)
"""An earlier turn of the same conversation."""
TURNS = HISTORY if sys.argv[1].removesuffix("-german").endswith(("history", "agentic-rag", "condense")) else ()
"""The earlier turns that this scenario sends."""
GUARD = 'Classify the answer as safe or unsafe. Reply in JSON: {"label": ..., "score": ...}'
if IS_GERMAN:
    PASSAGES = (
        "Die Garantie der Jacke »Halden« gilt fünf Jahre ab Kaufdatum.\nSie gilt nicht für Risse.",
        'Die Werkstatt sagt: "Reißverschlüsse & Nähte" – that\'s free {während der Garantie der Jacke}.\n'
        "Adresse: C:\\Werkstatt\\Bergen, Etikett [1]; die Reparatur dauert etwa zehn Arbeitstage, und die Jacke kommt "
        "gewaschen und imprägniert zurück, wenn's möglich ist.",
        "Das Zelt »Alta« wiegt 2,4 kg.",
    )
    QUESTION = 'Wie lange gilt die Garantie der Jacke »Halden« – und was ist mit den "Nähten"?'
    ORDER_QUESTION = "Wo ist meine Bestellung A-1042, und wann ist's da?"
    ORDER = '{"order_id": "A-1042", "status": "unterwegs", "note": "it\'s \\"on its way\\" – Norpost"}'


def search(query, count=2):
    """The passages that share most words with a query, best first."""
    words = set(query.lower().replace("?", "").split())
    ranked = sorted(PASSAGES, key=lambda text: -len(words & set(text.lower().split())))
    return ranked[:count]


def order_status(order_id):
    """What the order service says of an order."""
    return ORDER


def broken_order_status(order_id):
    """The same while the order service is down."""
    raise ConnectionError(FAILURE)


def context(passages):
    """The passages as a prompt holds them: one block of text."""
    return "\n\n".join(passages)


def prompt(question, passages):
    """A prompt with the passages under a heading."""
    if IS_GERMAN:
        return f"Antworte nur aus dem Kontext.\n\nKontext:\n{context(passages)}\n\nFrage: {question}"
    return f"Answer from the context only.\n\nContext:\n{context(passages)}\n\nQuestion: {question}"
