"""Names of steps: their types, the words of retrieval and of other work, stores and search services."""

from __future__ import annotations

import re

STEP_TYPES = {
    "llm": "generation",
    "chat_model": "generation",
    "chatmodel": "generation",
    "completion": "generation",
    "chat": "generation",
    "model": "generation",
    "retrieval": "retriever",
    "reranker": "retriever",
    "rerank": "retriever",
    "vector_search": "retriever",
    "function": "tool",
    "tool_call": "tool",
    "embeddings": "embedding",
    "embedder": "embedding",
    "judge": "evaluator",
    "evaluation": "evaluator",
}
"""Types as other recorders call them, in our words."""
UNTYPED = {
    *("span", "chain", "", "default", "event", "unknown", "task", "workflow", "step", "node", "internal"),
}
"""Types that say nothing of what a step does: its attributes and its name may."""
TOOL_NAME = re.compile(
    r"ai\.toolCall|execute_tool\b.*|running tool\b.*|(?:Function|QueryEngine|Retriever)Tool\.\w+", re.IGNORECASE
)
"""Spans of tools by their fixed names: Vercel AI, OpenTelemetry GenAI, Pydantic AI, LlamaIndex."""
RETRIEVING = re.compile(
    r"retriev\w*|rerank\w*|recherche|recherchieren|busca|buscar|recuperar|recupera|suche|suchen|abrufen|ricerca"
)
"""A word that speaks of retrieval by itself: `retrieve`, `reranked`, `Suche`."""
SEARCHING = {"search", "lookup", "fetch", "query", "find", "get", "load", "match", "searching", "searcher", "select"}
"""Words that do beside one of what is searched: `search` of `search_documents`."""
SEARCHED = {
    *("vector", "vectors", "vectorstore", "vectordb", "vectorsearch", "similarity", "semantic", "hybrid", "knn"),
    *("documents", "document", "docs", "doc", "passages", "passage", "chunks", "chunk", "context", "contexts"),
    *("kb", "knowledge", "knowledgebase", "articles", "faq", "faqs", "corpus", "index", "wiki", "manual"),
    *("evidence", "sources", "keyword", "fulltext", "dense", "sparse", "memory", "memories", "snippets"),
    *("web", "internet", "google"),
}
"""What is searched: `documents` of `search_documents`."""
SEARCH_STORES = {
    *("pinecone", "qdrant", "chroma", "chromadb", "weaviate", "milvus", "faiss", "pgvector", "elasticsearch"),
    *("opensearch", "vespa", "lancedb", "turbopuffer", "typesense", "meilisearch", "algolia", "tavily"),
    *("serpapi", "exa", "kendra", "similaritysearch", "vectorsearch", "vectorstore", "bm25"),
}
"""Stores and search services: a step named after one searches in it."""
OTHER_WORK = re.compile(
    r"embed\w*|agents?|answer\w*|generat\w*|rewrit\w*|reformulat\w*|expand\w*|plan\w*|summar\w*|respon[ds]\w*|chat\w*"
    r"|llm|classif\w*|rout\w*|decid\w*|should|grad\w*|evaluat\w*|judg\w*|synthes\w*|compos\w*|orchestrat\w*|workflow"
    r"|pipelines?|chains?|qa|prompts?|ingest\w*|upsert\w*|insert\w*|delet\w*|writ\w*|save|log|index\w*ing|build\w*"
    r"|hyde|translat\w*|extract\w*|crew|graph|app|bot|assistant|request|handler|endpoint|conversation|queries|config"
)
"""Words of steps that do something else, too: what they give back may be an answer, a query or a vector."""

JUDGING_WORK = re.compile(
    r"guards?|guardrails?|llamaguard|safeguard|shield|moderat\w*|safety|toxic\w*|jailbreaks?|injection|pii"
    r"|evals?|evaluat\w*|grad(?:e|es|er|ers|ing)|judg(?:e|es|ing|ment)|critics?|critiques?|faithfulness|groundedness"
    r"|hallucinations?|relevanc[ey]|scor(?:e|es|er|ing)"
)
"""A word of a call that judges a question or an answer: `output_guardrail`, `evaluate_faithfulness`."""
SIDE_WORK = re.compile(
    r"titles?|headline|followups?|rewrit\w*|rephras\w*|reformulat\w*|paraphras\w*|condens\w*|contextuali[sz]\w*|hyde"
    r"|hypothetical|decompos\w*|multiquery|subquer(?:y|ies)|subquestions?|classif\w*|intents?|sentiment|router|routing"
    r"|emojis?|autocomplete|tags|tagging|keyphrases?"
)
"""A word of a call beside the answer: `query_rewrite`, `generate_title`, `classify_intent`."""
SIDE_PAIRS = (
    (r"follow", r"ups?"),
    (r"suggest\w*", r"followups?|follow|questions?|quer(?:y|ies)|prompts?|repl(?:y|ies)|next|tags?"),
    (
        r"extract\w*",
        r"memor(?:y|ies)|entit(?:y|ies)|keywords?|facts?|filters?|metadata|topics?|preferences?|quer(?:y|ies)",
    ),
    (r"memor(?:y|ies)", r"updat\w*|sav(?:e|ing)|writ(?:e|er|ing)|stor(?:e|ing)|add|creat\w*|consolidat\w*|summar\w*"),
    (r"summar\w*", r"histor(?:y|ies)|conversations?|memor(?:y|ies)|dialog(?:ue)?s?|threads?"),
    (r"translat\w*", r"quer(?:y|ies)|questions?|input"),
    (r"quer(?:y|ies)|questions?", r"generat\w*|expan\w*|transform\w*|optimi\w*|multi|sub|variations?|standalone"),
    (r"quer(?:y|ies)", r"search|construct\w*|build\w*|plan\w*"),
    (r"detect\w*", r"language|topics?|intent\w*|emotions?"),
    (r"route", r"quer(?:y|ies)|questions?|to|request|user|model|decide"),
    (r"name|naming", r"conversations?|threads?|chats?"),
    (
        r"check\w*|valid\w*|verif\w*",
        r"safe|facts?|outputs?|inputs?|answers?|responses?|polic(?:y|ies)|quality|scope|claims?",
    ),
    (r"step", r"back"),
)
"""Pairs of words of such calls: `extract_memories`, `multi_query`, `Summarize conversation`."""
ANSWERING_WORK = re.compile(
    r"answers?|answering|respon[ds]\w*|repl(?:y|ies)|responder|responses?|drafts?|with|and|then|final|chat|engine"
    r"|workflow|graph|app|bot|assistant|agents?|service|server|pipelines?|api|tasks?"
)
"""A word of a step that answers besides, or holds the calls that do: `rewrite_answer`, `RouterQueryEngine`."""
JUDGING_BESIDES = {"with", "and", "then", "engine", "workflow", "graph", "app", "bot", "assistant", "service", "server"}
JUDGING_BESIDES |= {"pipeline", "api"}
"""The same for words of judging, which may judge an answer: `answer_with_guardrails`."""
