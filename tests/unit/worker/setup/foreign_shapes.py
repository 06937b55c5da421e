"""Traces in shapes that no framework has: own keys in several languages, own states, evidence in odd places.

Each shape makes a trace from one labelled row. What must be extracted from it is the row itself, so a proposal can be
held against the truth.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from assay.worker.records.traces import Trace
from tests.builders import NOW


class Row(NamedTuple):
    question: str
    passages: tuple[str, ...]
    answer: str


ROWS = (
    Row(
        "Wie lange kann ich die Ware zurückgeben?",
        ("Rückgaben sind binnen 30 Tagen nach dem Kauf möglich.", "Die Quittung muss dem Paket beiliegen."),
        "Sie können die Ware 30 Tage lang zurückgeben, wenn die Quittung beiliegt.",
    ),
    Row(
        "Was kostet der Versand nach Österreich?",
        ("Der Versand nach Österreich kostet 9,90 Euro je Paket.", "Ab 100 Euro Warenwert ist der Versand frei."),
        "Ein Paket nach Österreich kostet 9,90 Euro, ab 100 Euro ist es frei.",
    ),
    Row(
        "Kann ich mein Abo mitten im Monat kündigen?",
        ("Ein Abo endet immer zum Ende des laufenden Monats.", "Die Kündigung braucht keine besondere Form."),
        "Ja, es läuft dann noch bis zum Monatsende weiter.",
    ),
    Row(
        "When does the museum open on Sundays?",
        ("On Sundays the museum is open from 11 am to 6 pm.", "Last entry is one hour before closing time."),
        "It opens at 11 in the morning; the last entry is at 5.",
    ),
    Row(
        "Is the ferry allowed to carry bicycles?",
        ("Bicycles travel free on all ferries outside rush hour.", "Electric scooters are not taken on board."),
        "Yes, outside rush hour bikes travel without a charge.",
    ),
    Row(
        "Welche Impfungen brauche ich für Kenia",
        ("Für Kenia wird eine Impfung gegen Gelbfieber empfohlen.", "Malariaprophylaxe ist ratsam im ganzen Land."),
        "Empfohlen werden Gelbfieber und eine Malariaprophylaxe.",
    ),
    Row(
        "How do I reset the alarm panel?",
        ("Hold the star key for five seconds to reset the panel.", "The installer code is printed inside the lid."),
        "Press and hold the star key for five seconds.",
    ),
    Row(
        "¿Dónde puedo renovar mi tarjeta?",
        ("La tarjeta se renueva en cualquier oficina de atención.", "El trámite dura unos quince minutos en total."),
        "En cualquier oficina; son unos quince minutos.",
    ),
)
INSTRUCTIONS = "You are the friendly assistant of the shop. Answer only from the passages you are given."


def prompt(row: Row, **over: Any) -> dict[str, Any]:
    """The model call that gave the answer, with the passages in its prompt under no mark that anybody knows."""
    sent = f"{row.question}\n\n~~~\n" + "\n~\n".join(row.passages)
    messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": sent}]
    return {"type": "generation", "name": "llm", "input": messages, "output": row.answer, "at": 2, **over}


def bare_prompt(row: Row, **over: Any) -> dict[str, Any]:
    """The model call of an application that retrieves nothing."""
    messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": row.question}]
    return {"type": "generation", "name": "llm", "input": messages, "output": row.answer, "at": 2, **over}


Shape = Callable[[Row, int], dict[str, Any]]


def trace_of(shape: Shape, row: Row, number: int, start: datetime = NOW) -> tuple[Trace, Row]:
    """A trace of a shape, and what is true of it. Steps begin in the order they stand in, or `at` so many seconds."""
    made = shape(row, number)
    truth = made.pop("truth", row)
    begun = start - timedelta(minutes=5 + number)
    steps = []
    for order, step in enumerate(made.pop("steps", ())):
        at = begun + timedelta(seconds=step.pop("at", 1) + order / 100)
        steps.append({"id": f"s{number}-{order}", "start": at, "end": at + timedelta(seconds=0.5), **step})
    trace_id = f"{shape.__name__}-{number}"
    root = {"trace_id": trace_id, "observation_id": f"{trace_id}-r", "name": shape.__name__, "start": begun}
    root |= {"end": begun + timedelta(seconds=4), "environment": "production", "metadata": made.pop("metadata", {})}
    root |= made.pop("root", {})
    return Trace.model_validate({"root": root, "observations": steps, **made}), truth


def traces_of(shape: Shape, start: datetime = NOW) -> list[tuple[Trace, Row]]:
    """A trace for each row, with what is true of it."""
    return [trace_of(shape, row, number, start) for number, row in enumerate(ROWS)]


def german_kwargs(row: Row, n: int) -> dict[str, Any]:
    rows = [{"nr": at, "inhalt": text, "wert": 0.9 - at / 10} for at, text in enumerate(row.passages)]
    kwargs = {"frage": row.question, "sprache": "de", "mandant": f"m-{n % 2}", "sitzung": uuid.UUID(int=n).hex}
    steps = [
        {"type": "span", "name": "kb_lookup", "input": {"suchtext": "x y"}, "output": {"zeilen": rows}},
        prompt(row),
    ]
    return {"input": {"args": [], "kwargs": kwargs}, "output": row.answer, "steps": steps}


def nested_state(row: Row, n: int) -> dict[str, Any]:
    finds = [{"wortlaut": text, "blatt": at} for at, text in enumerate(row.passages)]
    after = {"zustand": {"antwort": row.answer, "fundstellen": finds, "schritt": n}}
    return {
        "input": {"zustand": {"anliegen": {"wortlaut": row.question}, "schritt": 0}},
        "output": after,
        "steps": [prompt(row)],
    }


def metadata_kb(row: Row, n: int) -> dict[str, Any]:
    kb = [{"absatz": text} for text in row.passages]
    return {
        "input": {"frage": row.question, "id": n},
        "output": {"antwort": row.answer, "ms": 12 + n},
        "metadata": {"kb": kb},
        "steps": [prompt(row)],
    }


def metadata_odd_key(row: Row, n: int) -> dict[str, Any]:
    metadata = {"zx_eins": list(row.passages), "host": f"node-{n}", "system": INSTRUCTIONS}
    return {"input": row.question, "output": row.answer, "metadata": metadata, "steps": [prompt(row)]}


def third_message(row: Row, n: int) -> dict[str, Any]:
    turns = [{"wer": "bot", "text": "Guten Tag, womit kann ich helfen?"}, {"wer": "kunde", "text": "Hallo zusammen!"}]
    turns.append({"wer": "kunde", "text": row.question})
    finds = {"type": "span", "name": "wissen_abrufen", "output": [{"text": text} for text in row.passages]}
    return {"input": {"verlauf": turns}, "output": row.answer, "steps": [finds, prompt(row)]}


def scored_pairs(row: Row, n: int) -> dict[str, Any]:
    pairs = [[0.91 - at / 10, text] for at, text in enumerate(row.passages)]
    return {
        "input": {"q": row.question, "k": 2},
        "output": row.answer,
        "steps": [{"type": "span", "name": "vector_db", "output": pairs}, prompt(row)],
    }


def dict_of_documents(row: Row, n: int) -> dict[str, Any]:
    held = {f"doc_{uuid.UUID(int=n * 10 + at).hex}": text for at, text in enumerate(row.passages)}
    return {
        "input": {"ask": row.question},
        "output": row.answer,
        "steps": [{"type": "span", "name": "load_docs", "output": held}, prompt(row)],
    }


def documents_by_id(row: Row, n: int) -> dict[str, Any]:
    held = {uuid.UUID(int=n * 10 + at).hex: {"stelle": text, "rang": at} for at, text in enumerate(row.passages)}
    return {
        "input": row.question,
        "output": row.answer,
        "steps": [{"type": "span", "name": "suche", "output": {"treffer": held}}, prompt(row)],
    }


def table_rows(row: Row, n: int) -> dict[str, Any]:
    rows = [
        {"produkt": f"Rucksack {n}", "frist": f"{30 + n} Tage"},
        {"produkt": f"Zelt {n}", "frist": f"{14 + n} Tage"},
    ]
    cells = tuple(cell for line in rows for cell in line.values())
    truth = Row(row.question, cells, f"Rucksack {n} hat {30 + n} Tage Frist.")
    sent = [{"role": "user", "content": row.question + json.dumps(rows)}]
    lookup = {"type": "span", "name": "sql_lookup", "output": {"rows": rows}}
    return {
        "input": {"frage": row.question},
        "output": truth.answer,
        "steps": [lookup, prompt(truth, input=sent)],
        "truth": truth,
    }


def search_then_rerank(row: Row, n: int) -> dict[str, Any]:
    best = [{"stueck": text, "punkte": 1.0} for text in row.passages]
    worse = [{"stueck": f"Ein ganz anderer Absatz über das Thema {n}, der nichts sagt.", "punkte": 0.1}]
    first = {"type": "span", "name": "erste_runde", "output": best + worse}
    second = {"type": "span", "name": "rerank", "output": {"beste": best}, "at": 1.5}
    return {"input": {"nutzerfrage": row.question}, "output": row.answer, "steps": [first, second, prompt(row)]}


def no_model_call(row: Row, n: int) -> dict[str, Any]:
    finds = {"type": "span", "name": "dokumente_suchen", "output": {"fundstellen": list(row.passages)}}
    return {
        "input": {"kundenfrage": row.question, "kanal": "web"},
        "output": {"antworttext": row.answer, "dauer": n},
        "steps": [finds],
    }


def question_in_a_step(row: Row, n: int) -> dict[str, Any]:
    taken = {
        "type": "span",
        "name": "empfang",
        "input": {"nutzerfrage": row.question, "kanal": "web"},
        "output": "ok",
        "at": 0,
    }
    finds = {"type": "span", "name": "abruf", "output": {"belege": list(row.passages)}}
    return {"input": None, "output": row.answer, "steps": [taken, finds, prompt(row)]}


def second_argument(row: Row, n: int) -> dict[str, Any]:
    arguments = [f"tenant-{n}", row.question, {"k": 5, "modus": "schnell"}]
    return {
        "input": {"args": arguments, "kwargs": {}},
        "output": row.answer,
        "steps": [{"type": "span", "name": "retrieve", "output": list(row.passages)}, prompt(row)],
    }


def spanish(row: Row, n: int) -> dict[str, Any]:
    hits = [{"fragmento": text, "peso": 0.5} for text in row.passages]
    return {
        "input": {"consulta": row.question, "idioma": "es"},
        "output": {"respuesta": row.answer, "tiempo": n},
        "steps": [{"type": "span", "name": "busqueda", "output": {"resultados": hits}}, prompt(row)],
    }


def french(row: Row, n: int) -> dict[str, Any]:
    finds = [{"extrait": text, "page": at} for at, text in enumerate(row.passages)]
    return {
        "input": {"demande": row.question, "canal": "site"},
        "output": {"réponse": row.answer, "sources": ["a.pdf"]},
        "metadata": {"extraits": finds},
        "steps": [prompt(row)],
    }


def japanese(row: Row, n: int) -> dict[str, Any]:
    passages = (f"保証期間は購入日から{n + 2}年間です。", "修理には領収書が必要です。")
    truth = Row(f"保証期間は何年ですか{n}？", passages, f"保証は{n + 2}年間です。")
    found = {"type": "span", "name": "検索", "output": {"文書": [{"本文": text} for text in passages]}}
    return {
        "input": {"質問": truth.question, "言語": "ja"},
        "output": {"回答": truth.answer, "時間": n},
        "steps": [found, prompt(truth)],
        "truth": truth,
    }


def prompt_input_object(row: Row, n: int) -> dict[str, Any]:
    call = prompt(row, input={"anweisung": INSTRUCTIONS, "frage": row.question, "belege": list(row.passages)})
    return {"input": {"x1": row.question}, "output": row.answer, "steps": [call]}


def step_metadata(row: Row, n: int) -> dict[str, Any]:
    finds = {
        "type": "span",
        "name": "kb",
        "output": {"anzahl": 2},
        "metadata": {"treffer": [{"satz": text} for text in row.passages]},
    }
    return {"input": {"input": row.question, "user": f"u{n}"}, "output": row.answer, "steps": [finds, prompt(row)]}


def root_alone(row: Row, n: int) -> dict[str, Any]:
    output = {
        "antwort": row.answer,
        "quellen": [{"auszug": text, "seite": at} for at, text in enumerate(row.passages)],
        "laufzeit": n,
    }
    return {"input": {"frage": row.question, "nutzer": f"u-{n}"}, "output": output}


def answer_in_a_step(row: Row, n: int) -> dict[str, Any]:
    finds = {"type": "retriever", "name": "kb", "output": [{"text": text} for text in row.passages]}
    last = {"type": "span", "name": "abschluss", "output": {"antwort": row.answer, "ms": n}, "at": 3}
    return {"input": row.question, "output": None, "steps": [finds, last]}


def names_with_ids(row: Row, n: int) -> dict[str, Any]:
    finds = {"type": "span", "name": f"lookup-{uuid.UUID(int=n + 7)}", "output": {"absaetze": list(row.passages)}}
    return {"input": row.question, "output": row.answer, "steps": [finds, prompt(row)]}


def unknown_letter(row: Row, n: int) -> dict[str, Any]:
    return {
        "input": {"t": row.question, "v": 3, "m": "schnell"},
        "output": {"r": row.answer, "c": 0.9},
        "steps": [{"type": "span", "name": "s2", "output": {"z": list(row.passages)}}, prompt(row)],
    }


def json_in_a_string(row: Row, n: int) -> dict[str, Any]:
    body = json.dumps({"frage": row.question, "ts": n}, ensure_ascii=False)
    finds = json.dumps({"liste": [{"abschnitt": text} for text in row.passages]}, ensure_ascii=False)
    return {
        "input": {"event": {"body": body, "pfad": "/chat"}},
        "output": row.answer,
        "steps": [{"type": "span", "name": "wissensdatenbank", "output": finds}, prompt(row)],
    }


def event_step(row: Row, n: int) -> dict[str, Any]:
    finds = {"type": "event", "name": "gefunden", "output": {"passagen": [{"t": text} for text in row.passages]}}
    return {"input": {"eingabe": row.question, "ip": "10.0.0.1"}, "output": row.answer, "steps": [finds, prompt(row)]}


def mail(row: Row, n: int) -> dict[str, Any]:
    finds = {
        "type": "span",
        "name": "faq_suche",
        "output": {"artikel": [{"titel": f"Artikel {at}", "fliesstext": text} for at, text in enumerate(row.passages)]},
    }
    return {
        "input": {"betreff": f"Anfrage Nr. {n} zu meiner Bestellung", "nachricht": row.question},
        "output": {"antwort": row.answer, "empfaenger": "kunde"},
        "steps": [finds, prompt(row)],
    }


def tool_state(row: Row, n: int) -> dict[str, Any]:
    state = {"eingaben": {"nutzer": {"sagt": row.question}}, "zug": n}
    node = {
        "type": "chain",
        "name": "node:retrieve",
        "output": {"state": {"docs": [{"seite": {"rohtext": text}} for text in row.passages]}},
    }
    return {
        "input": state,
        "output": {"state": {"reply": {"final": row.answer}, "zug": n}},
        "steps": [node, prompt(row)],
    }


def composed_step_input(row: Row, n: int) -> dict[str, Any]:
    given = {"frage": row.question, "fundstellen": [{"t": text} for text in row.passages]}
    return {
        "input": {"frage": row.question, "lauf": n},
        "output": {"antwort": row.answer, "lauf": n},
        "steps": [{"type": "span", "name": "antworten", "input": given, "output": row.answer}, prompt(row)],
    }


def keys_with_spaces(row: Row, n: int) -> dict[str, Any]:
    finds = {
        "type": "span",
        "name": "knowledge base [v2]",
        "output": {"top hits": [{"plain-text": text} for text in row.passages]},
    }
    return {
        "input": {"user question": row.question, "k": n},
        "output": {"final answer": row.answer, "k": n},
        "steps": [finds, prompt(row)],
    }


SHAPES = (
    *(german_kwargs, nested_state, metadata_kb, metadata_odd_key, third_message, scored_pairs, dict_of_documents),
    *(documents_by_id, table_rows, search_then_rerank, no_model_call, question_in_a_step, second_argument, spanish),
    *(french, japanese, prompt_input_object, step_metadata, root_alone, answer_in_a_step, names_with_ids),
    *(unknown_letter, json_in_a_string, event_step, mail, tool_state, composed_step_input, keys_with_spaces),
)
