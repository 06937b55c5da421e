"""Names of questions and answers, and of what stands beside them and is neither, each with who writes it."""

from __future__ import annotations

QUESTION_KEYS = {
    "question": "LangChain, DSPy, RAGAS and most applications",
    "userquestion": "common",
    "query": "LlamaIndex, Haystack, LangChain RetrievalQA, Dify",
    "userquery": "common",
    "querystr": "LlamaIndex",
    "sysquery": "Dify workflows",
    "querytext": "OpenTelemetry GenAI retrieval",
    "userinput": "RAGAS",
    "usermessage": "common",
    "userprompt": "Pydantic AI",
    "humaninput": "LangChain",
    "chatinput": "n8n",
    "latestmessage": "common",
    "lastusermessage": "common",
    "originalquestion": "common",
    "utterance": "common",
    "frage": "de",
    "benutzerfrage": "de",
    "pregunta": "es",
    "consulta": "es, pt",
    "pergunta": "pt",
    "domanda": "it",
    "vraag": "nl",
    "pytanie": "pl",
    "otázka": "cs",
    "fråga": "sv",
    "spørgsmål": "da",
    "soru": "tr",
    "вопрос": "ru",
    "запитання": "uk",
    "pertanyaan": "id",
    "问题": "zh",
    "問題": "zh",
    "質問": "ja",
    "질문": "ko",
}
"""Keys that hold what the user asked, and nothing else."""
QUESTION_WRAPPERS = {
    "prompt": "completions, Vercel AI",
    "message": "Cohere, chat back ends",
    "input": "LangChain, OpenAI Responses",
    "inputs": "LangServe, Dify, CrewAI",
    "inputtext": "Bedrock",
    "inputvalue": "Langflow",
    "text": "common",
    "content": "common",
    "msg": "common",
    "request": "common",
    "body": "HTTP",
    "data": "common",
    "payload": "common",
    "event": "Slack, web hooks",
    "arguments": "Semantic Kernel",
    "json": "n8n",
    "state": "LangGraph",
    "task": "AutoGen, CrewAI, smolagents",
    "topic": "CrewAI",
    "q": "HTTP",
    "user": "role as a key",
    "human": "role as a key",
    "kwargs": "common",
}
"""Keys that hold the question, or what it is wrapped in."""

ANSWER_KEYS = {
    "answer": "LangChain retrieval chains, DSPy, Dify, LangGraph",
    "finalanswer": "smolagents, ReAct",
    "finaloutput": "OpenAI Agents",
    "finalresponse": "common",
    "answertext": "Vertex AI Search",
    "answers": "Haystack's answer builder",
    "generatedanswer": "R2R",
    "response": "LlamaIndex, Ollama, RAGAS",
    "responsetext": "common",
    "textresponse": "AnythingLLM",
    "airesponse": "common",
    "botresponse": "common",
    "assistantresponse": "common",
    "assistantmessage": "common",
    "outputtext": "OpenAI Responses, Titan",
    "generatedtext": "Hugging Face, watsonx",
    "generation": "LangGraph examples, Llama on Bedrock",
    "completion": "Anthropic before messages",
    "reply": "common",
    "replies": "Haystack generators",
    "replytext": "common",
    "antwort": "de",
    "réponse": "fr",
    "reponse": "fr",
    "respuesta": "es",
    "risposta": "it",
    "resposta": "pt",
    "antwoord": "nl",
    "odpowiedź": "pl",
    "odpowiedz": "pl",
    "odpověď": "cs",
    "svar": "sv, da, no",
    "yanıt": "tr",
    "cevap": "tr",
    "ответ": "ru",
    "відповідь": "uk",
    "jawaban": "id",
    "回答": "zh, ja",
    "答案": "zh",
    "答え": "ja",
    "답변": "ko",
}
"""Keys that hold an answer, and nothing else."""
RESULT_KEYS = {
    "output": "LangChain agents, n8n, Bedrock",
    "result": "LangChain RetrievalQA, MCP",
    "outputs": "Dify, Langflow",
    "results": "watsonx, Titan, Langflow",
    "returnvalues": "LangChain's agent finish",
    "predictions": "Vertex AI",
    "prediction": "common",
    "raw": "CrewAI",
    "summary": "common",
}
"""Keys that hold what a step gave back: an answer, or what it is wrapped in."""
WRAPPER_KEYS = {
    "text": "LangChain LLMChain, Vercel AI, Flowise",
    "content": "common",
    "message": "Ollama, Cohere, chat back ends",
    "body": "HTTP",
    "data": "common",
    "json": "n8n",
    "state": "common",
    "value": "common",
    "values": "common",
    "assistant": "role as a key",
    "ai": "role as a key",
    "bot": "role as a key",
    "artifacts": "Langflow",
    "agentresponse": "common",
    "kwargs": "serialised LangChain objects",
    "initparameters": "serialised Haystack objects",
    "delta": "LlamaIndex",
}
"""Keys that say nothing about what they hold."""

DECISION_KEYS = {
    *("label", "labels", "intent", "intents", "category", "categories", "class", "classname", "classification"),
    *("sentiment", "route", "router", "routing", "next", "nextagent", "nextstep", "nextnode", "destination"),
    *("nextinputs", "decision", "datasource", "binaryscore", "grade", "verdict", "isrelevant", "relevant", "relevance"),
    *("flagged", "issafe", "safe", "unsafe", "language", "lang", "topic", "topics", "priority", "urgency", "emotion"),
    *("department", "handoff", "transferto", "agent", "selectedagent", "complexity", "strategy", "entities", "tags"),
    *("keywords", "severity", "sequence", "predictedclass", "predictedlabel"),
}
"""Keys of a classifier, a router, a grader or a tagger."""
COMPANION_KEYS = {"language", "lang", "intent", "intents", "topic", "topics", "tags", "keywords", "agent", "handoff"}
COMPANION_KEYS |= {"nextagent", "department"}
"""Those of them that stand beside the words of an answer as well: `{"message": "…", "lang": "en"}`."""
SPOKEN_KEYS = ("message", "reply", "text", "content", "body", "msg", "speech", "markdown", "html")
"""Keys of the words beside them."""
SCORE_KEYS = {"score", "scores", "confidence", "confidences", "probability", "probabilities", "logits", "logprob"}
SCORE_KEYS |= {"likelihood", "certainty", "similarity", "distance", "rating"}
ASIDE_KEYS = {
    *("reasoning", "rationale", "reasoningcontent", "reason", "thought", "thoughts", "thinking", "chainofthought"),
    *("scratchpad", "analysis", "trajectory", "explanation", "id", "uuid", "messageid", "conversationid", "sessionid"),
    *("threadid", "runid", "traceid", "requestid", "responseid", "taskid", "model", "modelname", "modelid", "usage"),
    *("tokenusage", "tokens", "totaltokens", "cost", "latency", "duration", "created", "createdat", "timestamp"),
    *("date", "metadata", "meta", "finishreason", "stopreason", "status", "statuscode", "success", "ok", "version"),
    *("chathistory", "history", "memory", "lastagent", "name", "type", "kind", "object", "headers", "followups"),
    *("suggestedquestions", "followupquestions", "completions", "evaltimings", "reprof", "mode"),
    *SCORE_KEYS,
}
"""Keys that accompany a text and are never the answer. DSPy's `reasoning`, every server's `id`."""
CALL_KEYS = (
    ({"name", "toolname", "tool", "functionname", "recipientname"}, {"arguments", "parameters", "args", "toolinput"}),
    ({"action", "tool"}, {"actioninput", "toolinput", "input"}),
    ({"name"}, {"input", "kwargs"}),
    ({"method"}, {"params"}),
    ({"function"}, {"type", "id"}),
)
"""A tool call is an object with a key of the first set and one of the second: `{"name": "search", "arguments": {}}`."""
CALL_LISTS = {"toolexecutionrequests", "toolcalls", "functioncall", "toolcall", "functioncalls"}
FINAL_TOOLS = {"finalanswer", "finalresult", "finalresponse", "respond", "submitanswer", "answer", "respondtouser"}
FINAL_TOOLS |= {"sendmessage", "sendmessagetouser", "replytouser", "messageuser", "providefinalanswer", "answeruser"}
"""Tools by which an agent hands over its answer. smolagents, LangChain (`Final Answer`), Pydantic AI."""

HISTORY_KEYS = (
    *("history", "chathistory", "conversationhistory", "conversation", "previousmessages", "memory"),
    *("messagehistory", "priorturns", "dialogue", "turns"),
)
"""Keys that hold the turns before the question."""
