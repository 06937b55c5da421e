"""Names of roles, messages and their parts, each with who writes it."""

from __future__ import annotations

from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",  # OpenAI
    "user": "user",
    "human": "user",  # LangChain
    "assistant": "assistant",
    "agent": "assistant",
    "ai": "assistant",  # LangChain
    "bot": "assistant",
    "chatbot": "assistant",  # Cohere
    "model": "assistant",  # Gemini
    "tool": "tool",
    "function": "tool",  # OpenAI, before tools
    "observation": "tool",
    "ipython": "tool",  # Llama 3
}
"""Roles as frameworks call them, in our words."""

MESSAGE_CLASSES: dict[str, Role] = {
    "systemmessage": "system",  # LangChain, AutoGen
    "humanmessage": "user",  # LangChain
    "humanmessagechunk": "user",
    "usermessage": "user",  # AutoGen
    "aimessage": "assistant",  # LangChain
    "aimessagechunk": "assistant",
    "assistantmessage": "assistant",  # AutoGen
    "textmessage": "assistant",  # AutoGen: its `source` may say user
    "toolcallsummarymessage": "assistant",  # AutoGen
    "toolmessage": "tool",  # LangChain
    "functionmessage": "tool",
    "functionexecutionresultmessage": "tool",  # AutoGen
    "toolcallexecutionevent": "tool",  # AutoGen
    "toolcallrequestevent": "assistant",  # AutoGen
}
"""Messages that name their class instead of a role."""

MESSAGE_LISTS = {
    "messages": "OpenAI, Anthropic, LangGraph, Bedrock, Haystack, AutoGen",
    "contents": "Gemini",
    "choices": "OpenAI chat and completions",
    "candidates": "Gemini",
    "generations": "LangChain's result of a model",
    "replies": "Haystack generators",
    "inputmessages": "OpenTelemetry GenAI",
    "outputmessages": "OpenTelemetry GenAI",
    "allmessages": "Pydantic AI",
    "newmessages": "Pydantic AI",
    "newitems": "OpenAI Agents",
    "inputitems": "OpenAI Agents",
    "events": "Google ADK",
    "chatmessages": "LlamaIndex",
    "instructions": "Spring AI",
}
CALLS_BETWEEN = "automaticfunctioncallinghistory"
"""Messages of tools that a client called by itself, beside the reply. google-genai."""
FIRST_COUNTS = {"choices", "candidates", "replies", "generations"}
"""Lists of alternatives: the first is what was shown."""
MESSAGE_CONTENT = ("content", "parts", "contents", "output", "items", "blocks", "text", "toolreturn", "refusal")
"""Where a message keeps what it says: OpenAI, Gemini, Agent Framework, Responses, Semantic Kernel, LlamaIndex."""

TEXT_PARTS = {"", "text", "inputtext", "outputtext", "textcontent", "textpart", "markdown", "refusal", "userprompt"}
TEXT_PARTS |= {"systemprompt", "outputaudio", "textdelta"}
THOUGHT_PARTS = {"thinking", "redactedthinking", "reasoning", "reasoningcontent", "thought", "summarytext"}
THOUGHT_PARTS |= {"reasoningtext", "thinkingpart", "textreasoning", "compaction", "reasoningmessage"}
THOUGHT_PARTS |= {"hiddenreasoningmessage", "itemreference"}
CALL_PARTS = {"toolcall", "tooluse", "functioncall", "toolinvocation", "functioncallcontent", "customtoolcall"}
CALL_PARTS |= {
    "servertooluse",
    "mcptooluse",
    "computercall",
    "localshellcall",
    "shellcall",
    "applypatchcall",
    "inputjsondelta",
    "toolcallpart",
}
CALL_PARTS |= {"toolcallmessage"}
RESULT_PARTS = {"toolresult", "toolcallresponse", "functioncalloutput", "toolreturn", "functionresponse"}
RESULT_PARTS |= {"toolresponse", "functionresultcontent", "functionresult", "customtoolcalloutput", "retryprompt"}
RESULT_PARTS |= {"websearchtoolresult", "codeexecutiontoolresult", "mcptoolresult", "toolreturnpart"}
RESULT_PARTS |= {"servertoolcallresponse", "websearchresult", "toolcallresult", "functionexecutionresult"}
RESULT_PARTS |= {"toolcalloutputitem", "webfetchtoolresult", "bashcodeexecutiontoolresult", "toolsearchtoolresult"}
RESULT_PARTS |= {"texteditorcodeexecutiontoolresult", "computercalloutput", "localshellcalloutput", "shellcalloutput"}
RESULT_PARTS |= {"toolreturnmessage", "toolresultpart"}
SERVER_CALLS = {
    "mcplisttools",
    "mcpapprovalrequest",
    "filesearchcall",
    "websearchcall",
    "mcpcall",
    "codeinterpretercall",
    "imagegenerationcall",
}
"""Tools that the endpoint runs itself: the item holds what they answered. OpenAI Responses."""
DOCUMENT_PARTS = {"document", "searchresult", "resource", "documentblock"}
"""Evidence as a part of a message: Anthropic, MCP, LlamaIndex."""
