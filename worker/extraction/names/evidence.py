"""Names of evidence: where applications keep it, how retrievers list it, and how errors are told."""

from __future__ import annotations

EVIDENCE_KEYS = {
    "documents": "Haystack, LangGraph, Chroma",
    "docs": "common",
    "sourcedocuments": "LangChain, Flowise",
    "inputdocuments": "LangChain's chains over documents",
    "sourcenodes": "LlamaIndex",
    "contexts": "RAGAS",
    "contextdocuments": "common",
    "contextdocs": "common",
    "retrievedcontexts": "RAGAS",
    "retrievalcontext": "DeepEval",
    "retrieverresources": "Dify",
    "retrieverresult": "Neo4j GraphRAG",
    "retrievalresults": "Bedrock knowledge bases",
    "retrievedreferences": "Bedrock RetrieveAndGenerate",
    "groundingchunks": "Gemini",
    "passages": "common",
    "chunks": "common",
    "snippets": "common",
    "excerpts": "common",
    "searchresults": "Perplexity, R2R",
    "chunksearchresults": "R2R",
    "filesearchresults": "common",
    "websearchresults": "common",
    "kbresults": "common",
    "relevantdocuments": "common",
    "relevantdocs": "common",
    "relevantchunks": "common",
    "relevantpassages": "common",
    "relevantcontext": "common",
    "rerankeddocuments": "common",
    "rerankeddocs": "common",
    "rankeddocuments": "common",
    "matcheddocuments": "common",
    "ragcontext": "common",
    "ragcontexts": "common",
    "evidence": "common",
    "evidences": "common",
    "dokumente": "de",
    "documentos": "es, pt",
    "документы": "ru",
}
"""Keys that hold evidence wherever they stand."""
LOOSE_EVIDENCE_KEYS = {
    "context": "LangChain create_retrieval_chain: documents, or a text",
    "contextstr": "LlamaIndex",
    "contexttext": "common",
    "sources": "many chat back ends",
    "references": "RAGFlow, Agno, Vertex AI Search",
    "reference": "RAGFlow",
    "citations": "Azure OpenAI on your data, Anthropic, Cohere",
    "knowledge": "common",
    "knowledgebase": "common",
    "facts": "common",
    "background": "common",
    "document": "common",
    "article": "common",
    "articles": "common",
    "memories": "mem0",
    "sourcetext": "common",
    "sourcematerial": "common",
    "kontext": "de",
    "quellen": "de",
    "contexto": "es, pt",
    "contexte": "fr",
    "contesto": "it",
    "контекст": "ru, uk",
}
"""Keys that may hold evidence, or file names, links and labels: of these only sentences are taken."""
TOOL_RESULT_KEYS = {
    "toolresults": "Vercel AI",
    "tooloutputs": "common",
    "intermediatesteps": "LangChain's agent executor",
    "toolcalls": "LlamaIndex's agents",
    "steps": "Vercel AI, smolagents",
}
"""Lists of what tools answered, beside the answer."""
NEVER_EVIDENCE_KEYS = {"groundtruth", "expected", "expectedoutput", "expectedanswer", "referenceanswer", "usage"}
NEVER_EVIDENCE_KEYS |= {
    "generatedresponsepart",
    "groundingsupports",
    "segment",
    "embedding",
    "embeddings",
    "history",
    "chathistory",
    "tooldefinitions",
    "tools",
    "messages",
}

CONTAINERS = (
    *EVIDENCE_KEYS,
    *(
        "results",
        "matches",
        "hits",
        "nodes",
        "items",
        "data",
        "value",
        "points",
        "result",
        "rows",
        "records",
        "entries",
    ),
    *("objects", "resultitems", "organic", "organicresults", "webpages", "web", "edges", "outputdocuments", "response"),
    *("output", "extractivesegments", "extractiveanswers", "get", "pages", "answerbox", "knowledgegraph", "reranked"),
    *("memories", "hybrid", "groundingmetadata"),
)
"""Keys under which retrievers and search services list what they found."""
LOOSE_CONTAINERS = ("context", "sources", "references", "reference", "citations", "articles", "facts", "list")
"""The same, where no text stands beside them."""
TEXT_KEYS = (
    *(
        "text",
        "pagecontent",
        "content",
        "passage",
        "snippet",
        "chunk",
        "body",
        "rawcontent",
        "chunktext",
        "chunkcontent",
        "documentcontent",
        "documentpagecontent",
    ),
    *(
        "blocks",
        "nodetext",
        "textcontent",
        "documenttext",
        "contenttext",
        "fact",
        "memory",
        "quote",
        "citedtext",
        "excerpt",
    ),
    *("extract", "paragraph", "sentence", "abstract", "description", "summary", "context", "document"),
)
"""Keys under which a retrieved item keeps its text, the fullest first."""
AROUND_KEYS = (
    *("document", "node", "source", "textresource", "payload", "fields", "properties", "metadata", "entity", "kwargs"),
    *("object", "item", "chunk", "derivedstructdata", "structdata", "retrievedcontext", "chunkinfo", "doc", "record"),
    *("textnode", "page", "resource", "data", "unstructureddocumentinfo", "web", "parentdocument", "attributes"),
)
"""Keys around a retrieved item: LlamaIndex, Elasticsearch, Qdrant, Milvus, Pinecone, Vertex AI Search."""
PLAIN_KEYS = ("highlight", "answer", "response", "output", "result")
BESIDE_TEXT = {
    *("url", "uri", "link", "href", "score", "id", "type", "metadata", "distance", "source", "name", "toolcallid"),
    *("toolname", "iserror", "rawinput", "rawoutput", "reprof", "annotations", "meta", "status", "toolid", "callid"),
    *("artifact", "additionalkwargs", "responsemetadata", "blocktype", "contenttype"),
}
"""Keys beside the text of a tool's answer that add nothing to it."""

ERROR_KEYS = {"error", "errors", "exception", "errormessage", "traceback", "errortext", "stacktrace", "errortype"}
ERROR_FLAGS = {"iserror", "haserror", "failed"}
EXIT_CODES = ("exitcode", "returncode", "exitstatus")
ERROR_STATES = {"error", "failed", "failure", "errored", "outputerror", "errortext", "errorjson", "exception"}
ERROR_COMPANIONS = {
    *("message", "code", "status", "statuscode", "detail", "details", "reason", "type", "name", "tool", "toolname"),
    *("success", "ok", "result", "results", "data", "output", "content", "documents", "timestamp", "requestid", "id"),
    *(
        "body",
        "headers",
        "toolcallid",
        "retryable",
        "attempt",
        "attempts",
        "elapsed",
        "url",
        "query",
        "path",
        "hint",
        "cause",
        "jsonrpc",
        "msg",
        "errmsg",
        "errcode",
        "errordescription",
        "title",
        "instance",
        "stderr",
        "stdout",
        "exitcode",
        "returncode",
        "command",
        "traceid",
    ),
    *ERROR_KEYS,
    *ERROR_FLAGS,
}
"""What stands beside an error that is nothing but an error."""
