"""What the code, type or status of an error says. The endpoint writes these, so they are believed.

A row is a meaning, parts of codes and where they were seen. A part is written without case and punctuation:
`ratelimit` stands for `rate_limit_exceeded`, `RateLimitError` and `RATE_LIMIT`. To add a code, add a part to a row.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from assay.judges.models.meaning import Meaning


class CodeSign(NamedTuple):
    """Parts of codes that mean the same, and where they are documented or were reported."""

    meaning: Meaning
    parts: tuple[str, ...]
    source: str


LIMIT_CODES: tuple[CodeSign, ...] = (
    CodeSign(
        Meaning.LIMIT,
        ("throttl", "resourceexhausted", "ratelimit", "toomanyrequests"),
        "docs.aws.amazon.com/bedrock, cloud.google.com/vertex-ai (429), help.aliyun.com/zh/model-studio/error-code",
    ),
)
"""Codes of a pace: a quota that is spoken of beside them is one of a minute."""

CERTAIN_CODES: tuple[CodeSign, ...] = (
    CodeSign(
        Meaning.LIMIT,
        ("throttl",),
        "docs.aws.amazon.com/bedrock (ThrottlingException), help.aliyun.com/zh/model-studio/error-code",
    ),
    CodeSign(
        Meaning.REFUSED,
        ("contentfilter", "responsibleai", "contentpolicy", "contentmoderation", "policyviolation", "invalidprompt"),
        "vibrantlabsai/ragas#649 (Azure), docs.litellm.ai/docs/exception_mapping",
    ),
    CodeSign(
        Meaning.REFUSED,
        (
            *("guardrail", "moderation", "datainspection", "promptblocked", "contentblocked", "prohibitedcontent"),
            *("safetyviolation", "safetyblock", "sensitivecontent", "modelarmor", "hooksfailed", "jailbreak"),
            *("malicious", "threatdetected", "harmfulcontent", "unsafecontent", "toxic", "promptinjection"),
            *("contentviolation", "contentsafety", "contentflagged", "336104", "sensitivewords"),
        ),
        "help.aliyun.com/zh/model-studio/error-code, docs.aws.amazon.com/bedrock guardrails, portkey.ai/docs",
    ),
    CodeSign(
        Meaning.TOO_LONG,
        (
            *("contextlength", "contextwindow", "contextsize", "contextlimit", "contextoverflow", "abovemaxlength"),
            *(
                "toolong",
                "requesttoolarge",
                "payloadtoolarge",
                "contenttoolarge",
                "maxtokensexceeded",
                "entitytoolarge",
            ),
            *("inputlengthexceeded", "promptlength", "prompttokens"),
        ),
        "ggml-org/llama.cpp#15780, platform.claude.com/docs/en/api/errors, developers.glean.com/errors",
    ),
    CodeSign(
        Meaning.BROKEN_REPLY,
        ("jsonvalidatefailed", "toolusefailed", "outputparse", "malformedfunctioncall"),
        "console.groq.com/docs/errors",
    ),
    CodeSign(
        Meaning.QUOTA,
        (
            *("insufficientquota", "billing", "budgetexceeded", "exceededbudget", "exceededtokenbudget", "arrear"),
            *("insufficientbalance", "insufficientcredit", "insufficientfund", "paymentrequired", "spendlimit"),
            *("creditlimit", "outofcredit", "quotaexhausted", "overdue", "notenoughbalance", "freetieronly"),
            *("baseresp1008",),
        ),
        "platform.openai.com/docs/guides/error-codes, BerriAI/litellm#14144, api-docs.deepseek.com",
    ),
    CodeSign(
        Meaning.MODEL,
        (
            *(
                "modelnotfound",
                "deploymentnotfound",
                "modelnotexist",
                "invalidmodel",
                "unknownmodel",
                "modelaccessdenied",
            ),
            *("nosuchmodel", "modelnotavailable", "modelnotallowed", "modeldecommissioned"),
            *("modelnotopen", "modeldeprecated", "modeltermsrequired", "modeldisabled"),
        ),
        "learn.microsoft.com/azure/ai-foundry/openai, console.groq.com/docs/deprecations, docs.litellm.ai",
    ),
    CodeSign(
        Meaning.KEY,
        (
            *("invalidapikey", "apikeyinvalid", "authentication", "autherror", "unauthorized", "unauthenticated"),
            *(
                "incorrectapikey",
                "expiredtoken",
                "unrecognizedclient",
                "invalidsignature",
                "missingapikey",
                "expiredkey",
            ),
            *("servicedisabled", "unsupportedcountry", "nodbconnection", "accountdeactivated", "invalidtoken"),
            *("signaturedoesnotmatch", "accessdenied", "apikeyexpired", "invalidkey", "tokenexpired", "ipnotallowed"),
            *("missingauthentication", "userdisabled", "accountsuspended", "organizationrestricted", "baseresp1004"),
            *("noassociatedserviceinstance", "organizationnotverified", "baseresp2049"),
        ),
        "docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html, ai.google.dev/gemini-api",
    ),
    CodeSign(
        Meaning.OUTAGE,
        ("baseresp1000", "baseresp1001", "baseresp1013", "baseresp1024", "baseresp1033", "336100"),
        "platform.minimax.io/docs/api-reference/errorcode, cloud.baidu.com/doc/WENXINWORKSHOP (error codes)",
    ),
    CodeSign(Meaning.REFUSED, ("baseresp1026", "baseresp1027"), "platform.minimax.io/docs/api-reference/errorcode"),
    CodeSign(Meaning.TOO_LONG, ("baseresp1039",), "platform.minimax.io/docs/api-reference/errorcode"),
    CodeSign(
        Meaning.LIMIT,
        ("baseresp1002", "baseresp1041", "baseresp2056"),
        "platform.minimax.io/docs/api-reference/errorcode",
    ),
)
"""Codes that decide alone."""

LIKELY_CODES: tuple[CodeSign, ...] = (
    CodeSign(
        Meaning.LIMIT,
        (
            *("ratelimit", "throttl", "toomanyrequests", "resourceexhausted", "concurrencylimit", "quotaexceeded"),
            *("requestlimit", "limitrequests", "limittokens", "limitburst", "slowdown", "usagelimitreached"),
        ),
        "platform.openai.com/docs/guides/rate-limits, docs.aws.amazon.com/bedrock, ai.google.dev/gemini-api/docs",
    ),
    CodeSign(Meaning.TIMEOUT, ("timeout", "deadlineexceeded", "timedout"), "learn.microsoft.com/azure, ai.google.dev"),
    CodeSign(
        Meaning.OUTAGE,
        (
            *("overload", "unavailable", "servererror", "internalerror", "internalfailure", "serverbusy", "apierror"),
            *("modelnotready", "capacity", "internalserver", "enginebusy", "modelerror", "systembusy"),
        ),
        "platform.claude.com/docs/en/api/errors, docs.aws.amazon.com/bedrock, platform.moonshot.ai/docs",
    ),
    CodeSign(Meaning.KEY, ("permissiondenied", "permissionerror", "forbiddenkey"), "platform.claude.com/docs"),
    CodeSign(
        Meaning.MODEL,
        ("notfounderror", "resourcenotfound", "unsupportedmodel", "modelnotsupported"),
        "platform.claude.com, docs.aws.amazon.com/bedrock",
    ),
    CodeSign(
        Meaning.FORM,
        (
            *("unsupportedparameter", "unsupportedvalue", "extraforbidden", "unknownparameter", "invalidschema"),
            *("unsupportedfeature", "invalidfunctionparameters", "unrecognizedparameter", "literalerror"),
        ),
        "platform.openai.com/docs/guides/error-codes, docs.pydantic.dev/latest/errors/validation_errors",
    ),
)
"""Codes that are heard after the message: the same code goes with several causes (Groq's `rate_limit_exceeded` with a
request that is too large: cottongeeks/podscript#20)."""


def coded_meaning(codes: tuple[str, ...], signs: tuple[CodeSign, ...]) -> Meaning | None:
    """The meaning of the first row that a code fits."""
    squeezed = [re.sub(r"[^a-z0-9]", "", code.lower()) for code in codes]
    rows = (sign.meaning for sign in signs if any(part in code for part in sign.parts for code in squeezed))
    return next(rows, None)
