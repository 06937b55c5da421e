"""The names under which data sets of questions and answers keep things: one table for files of samples and of items.

Each name stands in its plain form (`names.plain`), so that `User Input`, `user_input` and `userInput` are one. The text
beside it says who writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from assay.worker.extraction.names import plain

Field = Literal[
    "id",
    "question",
    "response",
    "contexts",
    "reference",
    "history",
    "tags",
    "source_id",
    "expect",
    "must_include",
    "must_not_include",
    "label",
    "no_label",
]
"""What a column may hold. `no_label` is a label turned round: true where the answer is right."""

COLUMNS: dict[Field, dict[str, str]] = {
    "id": {
        "id": "ours",
        "itemid": "",
        "questionid": "SQuAD-like sets",
        "exampleid": "",
        "rowid": "",
        "testid": "",
        "uid": "",
        "qid": "",
    },
    "question": {
        "question": "ours, SQuAD-like sets",
        "userinput": "RAGAS",
        "input": "DeepEval, promptfoo",
        "query": "retrieval sets, TruLens",
        "prompt": "",
        "userquestion": "",
        "userquery": "",
        "usermessage": "",
        "request": "MLflow",
        "frage": "de",
        "pregunta": "es",
        "pergunta": "pt",
        "domanda": "it",
    },
    "response": {
        "response": "ours, RAGAS",
        "actualoutput": "DeepEval",
        "output": "promptfoo",
        "answer": "RAGAS before 0.2",
        "modelanswer": "",
        "modeloutput": "",
        "generatedanswer": "",
        "generation": "",
        "prediction": "",
        "completion": "",
        "reply": "",
        "antwort": "de",
        "respuesta": "es",
        "resposta": "pt",
        "risposta": "it",
    },
    "contexts": {
        "contexts": "ours, RAGAS before 0.2",
        "retrievedcontexts": "RAGAS",
        "context": "SQuAD-like sets, DeepEval",
        "retrievalcontext": "DeepEval",
        "retrievedcontext": "MLflow",
        "passages": "",
        "passage": "",
        "documents": "",
        "evidence": "",
        "chunks": "",
        "retrieveddocuments": "",
        "sourcedocuments": "LangChain",
        "knowledge": "HaluEval",
        "kontext": "de",
        "contexto": "es, pt",
    },
    "reference": {
        "reference": "ours, RAGAS",
        "groundtruth": "RAGAS before 0.2",
        "groundtruths": "RAGAS before 0.1",
        "expectedoutput": "DeepEval",
        "expectedresponse": "MLflow",
        "expectedanswer": "",
        "expected": "promptfoo",
        "referenceanswer": "",
        "correctanswer": "",
        "goldanswer": "",
        "idealanswer": "",
        "ideal": "OpenAI evals",
    },
    "history": {"history": "ours", "chathistory": "", "conversationhistory": "", "previousturns": ""},
    "tags": {"tags": "ours", "tag": "", "category": "", "topic": "", "intent": "", "persona": "RAGAS"},
    "source_id": {
        "sourceid": "ours",
        "source": "",
        "conversationid": "",
        "conversation": "",
        "sessionid": "",
        "threadid": "OpenAI",
        "chatid": "",
        "documentid": "",
        "docid": "",
        "sourcefile": "DeepEval",
        "filename": "",
    },
    "expect": {"expect": "ours", "answerable": "", "isanswerable": "", "isimpossible": "SQuAD 2.0"},
    "must_include": {"mustinclude": "ours"},
    "must_not_include": {"mustnotinclude": "ours"},
    "label": {
        "label": "ours",
        "hallucination": "HaluEval",
        "hallucinated": "",
        "ishallucination": "",
        "ishallucinated": "",
        "hallucinationlabel": "",
    },
    "no_label": {"correct": "", "iscorrect": "", "faithful": "", "isfaithful": "", "grounded": "", "isgrounded": ""},
}
"""Of two columns for one field the name that stands first in this table is taken."""

_FIELD_OF: dict[str, Field] = {name: field for field, names in COLUMNS.items() for name in names}
_NUMBERED = re.compile(r"(?P<name>\D+?)\d{1,3}")
"""One of several columns of passages, in its plain form: `context1`, `passage12`."""


def field_of(column: str) -> Field | None:
    """What a column of this name holds; None where nobody knows."""
    name = plain(column)
    known = _FIELD_OF.get(name)
    if known is not None:
        return known
    numbered = _NUMBERED.fullmatch(name)
    return "contexts" if numbered and _FIELD_OF.get(numbered["name"]) == "contexts" else None


def columns_by_field(columns: Iterable[str]) -> dict[Field, list[str]]:
    """The columns of each field, the one to take first.

    An `answer` beside another column of responses is the answer that people expect.
    """
    by_field: dict[Field, list[str]] = {}
    for column in columns:
        field = field_of(column)
        if field is not None:
            by_field.setdefault(field, []).append(column)
    for field, names in by_field.items():
        order = list(COLUMNS[field])
        names.sort(key=lambda column: order.index(plain(column)) if plain(column) in order else len(order))
    responses = by_field.get("response", [])
    answers = [column for column in responses[1:] if plain(column) == "answer"]
    if answers and "reference" not in by_field:
        by_field["reference"] = answers
        by_field["response"] = [column for column in responses if column not in answers]
    return by_field
