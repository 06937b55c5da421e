"""What names of keys and steps say of what lies there, in the languages that applications are written in.

A hint is +2 (telling), +1 (weak), 0 (nothing) or -3 (it is something else). Of a path, the last key that says
anything decides: `antwort.quellen` is evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from assay.worker.extraction.survey import PartName

TELLING, WEAK, NOTHING, OTHER = 2, 1, 0, -3

_QUESTION = (
    *("question", "query", "ask", "asked", "utterance", "prompt", "userinput", "usermessage", "inquiry"),
    *("frage", "anfrage", "anliegen", "eingabe", "nachricht", "pregunta", "consulta", "pergunta", "mensagem"),
    *("mensaje", "domanda", "vraag", "demande", "requete", "requête", "pytanie", "fraga", "fråga", "sporgsmal"),
    *("spørgsmål", "kysymys", "otazka", "otázka", "kerdes", "kérdés", "soru", "вопрос", "запрос", "질문", "質問"),
    *("问题", "問題", "سؤال"),
)
_QUESTION_SHORT = {"q", "ask", "msg", "user", "human", "customer", "kunde", "nutzer"}
_ANSWER = (
    *("answer", "reply", "response", "completion", "generated", "antwort", "respuesta", "resposta", "reponse"),
    *("réponse", "risposta", "antwoord", "odpowied", "svar", "vastaus", "odpověď", "odpoved", "valasz"),
    *("válasz", "cevap", "yanit", "ответ", "답변", "回答", "答案", "إجابة", "assistant"),
)
_ANSWER_SHORT = {"ans", "bot", "final", "ai"}
_EVIDENCE = (
    *("context", "kontext", "contexto", "contexte", "contesto", "document", "dokument", "documento", "passage"),
    *("chunk", "source", "quelle", "fuente", "fonte", "beleg", "evidence", "evidenz", "fundstelle", "treffer"),
    *(
        "resultado",
        "snippet",
        "excerpt",
        "auszug",
        "auszüge",
        "auszuege",
        "knowledge",
        "wissen",
        "retriev",
        "pagecontent",
    ),
    *("article", "artikel", "abschnitt", "reference", "referenz", "textstelle", "material", "grundlage"),
    *("extrait", "extracto", "brano", "bron", "zrodl", "źródł", "kilde", "källa", "lähde", "документ"),
    *(
        "источник",
        "контекст",
        "문서",
        "자료",
        "근거",
        "資料",
        "文書",
        "根拠",
        "文档",
        "资料",
        "上下文",
        "来源",
        "مصادر",
        "مستند",
    ),
)
_EVIDENCE_SHORT = {"kb", "doc", "docs", "rows", "hits", "hit", "rag", "faq", "facts", "fakten", "nodes", "matches"}
_TEXT = {"text", "texts", "input", "content", "body", "inhalt", "message", "value", "output", "result", "data", "args"}
_TEXT |= {"kwargs", "items", "results", "ergebnis", "ergebnisse", "payload", "texte", "testo", "texto", "zeilen"}
_TEXT |= {"request"}
_ELSE = (
    *("system", "instruct", "anweisung", "template", "vorlage", "history", "verlauf", "historial", "persona"),
    *("fewshot", "example", "beispiel", "ejemplo", "schema", "thought", "gedank", "denk", "reason", "category"),
    *("kategorie", "categor", "label", "status", "summary", "error", "fehler", "warning", "feedback"),
    *("confidence", "sentiment", "followup", "suggest", "vorschl", "related", "disclaimer", "title", "titel"),
    *("betreff", "subject", "locale", "language", "sprache", "tenant", "mandant", "session", "thread"),
    *("channel", "kanal", "version", "rewrit", "reformul", "umformul", "umgeschrieben", "condens"),
    *("standalone", "keyword", "stichw", "suchbegriff", "searchterm", "guideline", "memory", "greeting"),
    *("footer", "signature", "signatur", "draft", "entwurf", "debug", "stack", "searchquery", "suchanfrage"),
    *("suchfrage", "comment", "kommentar", "notiz", "hinweis", "bewertung", "expected", "erwartet"),
    *("referenceanswer", "groundtruth", "goldanswer", "gold", "begründung", "begruendung", "erklärung", "erklaerung"),
    *("explanation", "explicaci", "explicaç", "explication", "spiegazion", "uitleg", "verklaring", "justif"),
    *("rationale", "motivazion", "critique", "critici", "kritik", "rechtfertig", "argumentation"),
    *("perustelu", "begrundelse", "begrunnelse", "motivering", "uzasadnieni", "odůvodněn", "indokl", "gerekçe"),
    *("обосновани", "объяснени", "理由", "説明", "解释", "이유", "설명", "سبب", "تفسير"),
    *("verdict", "urteil", "grading", "remark", "anmerkung", "einschätzung", "einschaetzung"),
)
_ELSE_SHORT = {"id", "ids", "lang", "model", "modell", "name", "url", "path", "date", "tags", "tools", "tool", "tone"}
_ELSE_SHORT |= {"role", "rolle", "log", "logs", "trace", "why", "plan", "rules", "regeln", "shots", "uid", "type"}
_ELSE_SHORT |= {"stil", "tonfall", "because", "weil", "warum", "issues", "sql", "cypher", "sparql", "regex"}
_AROUND_A_CALL = {"kwargs", "config", "params", "options", "settings", "usage", "headers", "callbacks", "runtime"}
"""Keys of what accompanies a call: never evidence, and a question may be among them."""
_SAID_BY_ANYBODY = {"utterance", "nachricht", "mensaje", "mensagem"}
"""Keys of what a user said, and of what the application said in turn: beside its output they tell nothing."""
_NO_ANSWER = {"args", "kwargs", "arguments", "argumente", "parameters", "parameter", "params", "toolinput"}
_NO_ANSWER |= {"note", "notes"}
"""Keys of what is handed to a tool, and of what a program notes down: never an answer."""

_JUDGEMENT = {"pass", "passed", "fail", "valid", "invalid", "correct", "incorrect", "grounded", "relevant"}
_JUDGEMENT |= {"faithful", "safe", "unsafe", "approved", "accepted", "rejected", "toxic", "compliant", "hallucination"}
_JUDGEMENT |= {"hallucinated", "flagged", "supported", "grade", "verdict", "score", "rating", "winner", "choice"}
_JUDGEMENT |= {"preferred", "label", "class", "category", "decision", "severity", "bewertung", "kategorie", "urteil"}
"""Words in the keys of what was judged or chosen: the texts beside it are mostly the reasons for it."""

_RETRIEVAL = (
    *("retriev", "search", "suche", "lookup", "look_up", "knowledge", "wissen", "vector", "vektor", "rerank"),
    *("fetch", "abruf", "nachschlag", "recherch", "busca", "buscar", "ricerca", "zoek", "szukaj", "hitta"),
    *("faq", "document", "dokument", "docs", "elastic", "opensearch", "pinecone", "qdrant", "weaviate"),
    *("chroma", "milvus", "pgvector", "bm25", "context", "kontext", "contexto", "evidence", "passage", "chunk"),
    *("corpus", "korpus", "grounding", "検索", "搜索", "检索", "검색", "поиск", "بحث", "haystack", "index", "find_"),
    "finde",
)
_RETRIEVAL_SHORT = {"kb", "rag", "db", "wiki", "sql"}
_ASIDE = (
    *("rewrit", "rephras", "reformul", "umformul", "condens", "standalone", "classif", "klassif", "rout"),
    *("intent", "guard", "moderat", "eval", "judge", "critic", "format", "postprocess", "post_process"),
    *("render", "template", "prompt", "translat", "übersetz", "uebersetz", "summar", "zusammenfass"),
    *("telemetr", "metric", "feedback", "title", "suggest", "followup", "follow_up", "memory", "history"),
    *("verlauf", "greet", "log_", "audit", "plan", "nachbearbeit", "aufbereit", "validate", "sanit", "anonym"),
    *("redact", "stream", "respond", "antwort", "answer", "hyde", "expand", "embed", "example", "beispiel", "shot"),
    *("instruct", "anweisung", "persona", "conversation", "schema", "toolset"),
)
_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def hint(part: PartName, keys: Sequence[str]) -> int:
    """What the names on a path say of its being a part. The last that says anything decides."""
    weak = NOTHING
    for key in reversed(keys):
        says = _of_key(part, key)
        if says in {TELLING, OTHER}:
            return says
        weak = max(weak, says)
    return weak


@lru_cache(maxsize=4096)
def _of_key(part: PartName, key: str) -> int:
    words = _words(key)
    if (part == "contexts" and words & _AROUND_A_CALL) or (part == "response" and words & _NO_ANSWER):
        return OTHER
    if part == "response" and words & _SAID_BY_ANYBODY:
        return WEAK
    kind = _kind(words)
    if kind == part:
        return TELLING
    if kind is not None:
        return OTHER
    return WEAK if words & _TEXT else NOTHING


def _kind(words: frozenset[str]) -> str | None:
    """Which part a name tells of: `else` for what is none, None for what says nothing.

    A name may hold several, as `question_context` and `system_prompt` do: then what is safest to believe wins.
    """
    if words & _ELSE_SHORT or _any(words, _ELSE):
        return "else"
    if words & _EVIDENCE_SHORT or _any(words, _EVIDENCE):
        return "contexts"
    is_question = bool(words & _QUESTION_SHORT) or _any(words, _QUESTION)
    is_answer = bool(words & _ANSWER_SHORT) or _any(words, _ANSWER)
    if is_question and is_answer:
        return "else"
    return "question" if is_question else "response" if is_answer else None


def is_retrieval(step: str) -> bool:
    """Whether a step's name looks like a retrieval, and like nothing that comes before or after one."""
    words, name = _words(step), step.lower()
    return (bool(words & _RETRIEVAL_SHORT) or any(stem in name for stem in _RETRIEVAL)) and not is_aside(step)


def is_aside(step: str) -> bool:
    """Whether a step's name says that its output is neither evidence nor an answer: it rewrites, plans, formats."""
    name = step.lower()
    return any(stem in name for stem in _ASIDE)


def is_judgement(key: str) -> bool:
    """Whether a key holds what was judged or chosen: `is_grounded`, `score`."""
    return bool(_words(key) & _JUDGEMENT)


def is_user(speaker: str) -> bool:
    """Whether the name beside a text says that a user wrote it."""
    return speaker in {"user", "human", "customer", "client", "kunde", "kundin", "nutzer", "benutzer", "gast", "caller"}


def is_named_speaker(speaker: str) -> bool:
    """Whether the name beside a text is a role in a conversation."""
    others = {"assistant", "ai", "bot", "agent", "model", "system", "assistent", "tool", "operator", "berater"}
    return is_user(speaker) or speaker in others


def _any(words: Iterable[str], stems: Sequence[str]) -> bool:
    """Whether a word holds a stem: German puts several into one, as `nutzerfrage`. A short stem must be the word."""
    return any(stem in word for word in words for stem in stems if len(stem) >= 4 or word == stem or not stem.isascii())


def _words(name: str) -> frozenset[str]:
    """The words of a name in lower case, and the name as one: `user`, `input`, `userinput` of `userInput`."""
    words = [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", name))]
    return frozenset([*words, "".join(words)])
