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
