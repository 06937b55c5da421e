"""Wordings of errors about what was asked: its form, its text, its length. See `error_words`."""

from __future__ import annotations

from assay.judges.models.meaning import Meaning
from assay.judges.models.word_sign import FEATURE, OVER, PASSING, RATE, SETUP, SIZE, TEXT, WordSign, sign

REQUEST_WORDS: tuple[WordSign, ...] = (
    sign(
        Meaning.FORM,
        (
            r"\bmax_(?:completion_|output_|new_)?tokens\b.{0,60}(?:too (?:large|high|big|small)|less than"
            r"|at most|must be|maximum|should be|invalid|cannot|exceed|greater|range|\d ?> ?\d"
            "|not supported|unsupported|higher)",
            "maximum tokens you requested exceeds",
            r"(?:unsupported|unknown|invalid|use).{0,40}\bmax_(?:completion_|output_)?tokens",
        ),
        "max_tokens is too large: 32768. This model supports at most 16384 completion tokens",
        "opencode-ai/opencode#140, ChatGPTNextWeb/NextChat#3195 (OpenAI), console.groq.com/docs/errors",
        unless=(
            *("context (?:length|window|size|limit)", r"inputs?\b(?! should)", "prompt", "messages"),
            *("context_length", "max_model_len"),
        ),
    ),
    sign(
        Meaning.FORM,
        (
            r"(?:too many|maximum|exceed\w*|at most|larger than|limit).{0,60}\b(?:propert(?:y|ies)|enum"
            r"|nesting|parameters|schemas?|functions?|tools|nested|branching|states|constraints?)\b",
            r"(?:schema|grammar).{0,40}(?:too (?:large|complex|deep|big|many)|exceed\w*|complex)",
            r"(?:fail\w*|unable|error).{0,40}(?:grammar|json schema|generate parser|schema error"
            r"|compil\w+ schema)",
        ),
        "Invalid schema: the schema exceeds the maximum of 100 object properties",
        "platform.openai.com/docs/guides/structured-outputs, ggml-org/llama.cpp (grammar errors)",
        unless=("context (?:length|window)",),
    ),
    sign(
        Meaning.BROKEN_REPLY,
        (
            *("failed to generate (?:valid )?(?:json|a)", "failed to call a function", "error parsing tool call"),
            "invalid tool call",
            "could not parse (?:the )?(?:model|tool|function call|reply|response|generated)",
            "failed to parse (?:the )?(?:tool|function|input at pos|model|response|generated)",
            "model (?:has )?(?:produced|generated|returned|output).{0,40}(?:invalid|malformed|not valid|unparsable)",
            *("generated json", "malformed function", "json_validate_failed", "tool_use_failed"),
            "(?:output|reply|completion|response) (?:did|does) not (?:match|fit|conform).{0,30}schema",
        ),
        "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
        "console.groq.com/docs/errors, ollama/ollama#12884",
        unless=(*("grammar", "generate parser"),),
    ),
    sign(
        Meaning.REFUSED,
        (
            "content[ _-]?(?:filter|policy|management|moderation|safety|exists risk|restriction)",
            *("responsible ?ai", "guardrail", "moderation", "moderated"),
            *("(?:was|were|is|been|got|input|prompt|content|request) flagged", "flagged (?:as|by|for)"),
            "(?:safety|usage|acceptable use|trust and safety) (?:polic|system|filter|setting|guideline"
            "|check|reason|violation|rule)",
            *("invalid[ _]prompt", "prompt (?:injection|attack|shield)", "jailbreak", "model armor"),
            *("llama ?guard", "recitation", "blocklist", "(?<!provider )terms of (?:use|service).{0,20}violat"),
            *(r"violat\w*.{0,40}(?<!provider )(?:polic|guideline|terms of use)", r"\bexists risk"),
            *("risk control", "high[ -]risk", r"\bpii\b.{0,20}(?:detect|found|block)"),
            "(?:sensitive|personal) (?:information|data|content) (?:was |is )?(?:detect|found)",
            *("new_sensitive", "unable to show the generated content", r"threat (?:was )?detected"),
            r"(?:content|prompt|inputs?|text)\b.{0,30}\b(?:is|are|was|contains?) (?:\w+ )?"
            "(?:sensitive|malicious|illegal)",
        ),
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "vibrantlabsai/ragas#649, keephq/keep#6705, promptfoo/promptfoo#8658, api-docs.deepseek.com",
        unless=(SETUP, "flagged as invalid"),
    ),
    sign(
        Meaning.REFUSED,
        (
            "(?:block|reject|refus|declin|withh[eo]ld|filter|den|stopp|prohibit"
            r"|intercept)\w*.{0,60}(?:safety|polic(?:y|ies)|prohibited|sensitive|harm|inappropriate"
            "|unsafe|prompt guard|security config|offensive|toxic)",
            "(?:prompt|text|content|query|output|message|completion|generation"
            r"|answer)s?\b.{0,40}(?:blocked|filtered out|was filtered|were filtered|refused|withheld"
            "|disallowed|declined)",
            r"(?:contain|includ|detect)\w*.{0,50}(?:inappropriate|harmful|unsafe|offensive|toxic"
            r"|sensitive (?:content|information|data|word|topic)|prohibited|disallowed|\bpii\b"
            "|illegal content|nsfw|sexual|violen)",
            "(?:inappropriate|harmful|unsafe|prohibited|disallowed|objectionable|sensitive) (?:content"
            "|text|word|material|input|prompt)",
            *("敏感", "不安全", "违规", "涉嫌", "不合规"),
            *(r"violat\w*.{0,60}(?:\brules?\b|standards)", "(?:policy|rules?) violation", "responsible use"),
            *(
                "(?:content|community) guidelines",
                "policy (?:rule|engine)",
                "request (?:was |is )?blocked",
                "blocked (?:output|prompt|input|response)",
                r"\brails\b",
            ),
        ),
        "Input data may contain inappropriate content.",
        "help.aliyun.com/zh/model-studio/error-code, docs.konghq.com (ai-prompt-guard), "
        "developers.cloudflare.com/ai-gateway",
        unless=(
            *("case[ -]sensitive", "insensitive", r"\bip\b", "account", "unsupported content", "billing"),
            *("content[ -]type", rf"{FEATURE}", SETUP, "content blocks?", "unsafe characters", "flagged as invalid"),
        ),
    ),
    sign(
        Meaning.REFUSED,
        (
            *(r"\bsafety\b", r"\bunsafe\b", r"\btoxic\w*", r"\bnsfw\b", "profan", "harmful", "hateful", "offensive"),
            *(
                "abusive",
                "self[- ]harm",
                r"\bhate\b",
                "harassment",
                r"\bsexual",
                r"\bviolen",
                r"\bdlp\b",
                "confidential",
            ),
            *("(?:topic|subject|content|material) is not allowed", r"secrets? (?:was |were )?(?:detect|found)"),
            "(?:denied|blocked|banned|forbidden|restricted) (?:topic|word|term|phrase|content)s?",
            r"(?:prompt|content|text|query|topic)s?\b.{0,30}(?:reject|block(?!s?\b)|den(?:y|ied)|refus|removed|banned)",
            r"(?:prompt|content|text|query)s?\b.{0,30}not permitted under",
        ),
        "Text failed the toxicity check",
        "docs.aws.amazon.com/bedrock (denied topics), developers.cloudflare.com/ai-gateway (DLP, guardrails)",
        unless=(
            *(rf"{FEATURE}", "thread safety", "billing", "content[- ]type", "account", SETUP, "content blocks?"),
            *("unsafe characters", "flagged as invalid", "non-whitespace"),
        ),
        weak=True,
    ),
    sign(
        Meaning.TOO_LONG,
        (
            *("request too large for", "request (?:entity )?too large"),
            *("(?:payload|body|content|entity) too large", "request_too_large"),
            "reduce (?:the |your )?(?:message|prompt|input|length|size|context|number of tokens|amount of text|text)",
            "(?:request|body|payload)[^.]{0,30}(?:maximum|allowed|max)[^.]{0,20} size",
            "shorten (?:the |your )",
        ),
        "Request too large for model m on tokens per minute (TPM): Limit 6000, Requested 10338, please reduce your "
        "message size",
        "cottongeeks/podscript#20 (Groq), vanna-ai/vanna-flask#11 (OpenAI), platform.claude.com/docs/en/api/errors",
    ),
    sign(
        Meaning.TOO_LONG,
        (
            r"context[ _-]?(?:length|window|size|limit|len|budget)\b.{0,90}(?:exceed|too|long|larg|great"
            r"|more|fit|max|over|\d{3}|reach|small)",
            "(?:exceed|too|long|larg|great|more|fit|beyond|max|over|out|full|outside|surpass"
            "|larger).{0,60}context(?! manage)",
            *("context (?:overflow|is full|too long)", "contextwindowexceeded", "n_ctx", "num_ctx"),
            *("max_model_len", "max_seq_len"),
        ),
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        "UKGovernmentBEIS/inspect_ai#1655, ggml-org/llama.cpp#17284, vllm-project/vllm (serving errors)",
        unless=(*(rf"{RATE}", PASSING, "the context_window for this model"),),
    ),
    sign(
        Meaning.TOO_LONG,
        (
            rf"{TEXT}\b.{{0,80}}too (?:long|large|big|many tokens|many characters)",
            rf"too (?:long|large|big).{{0,30}}{TEXT}\b",
            *("too many (?:input |prompt |total )?(?:tokens|characters)", r"tokens?\b.{0,20}too many"),
            rf"{TEXT}\b.{{0,60}}{OVER}.{{0,80}}(?:{SIZE}|limit|maximum|\d{{3}})",
            rf"{TEXT}\b.{{0,60}}{SIZE}\b.{{0,60}}(?:{OVER}|must be|should be|at most|not exceed"
            "|out of range|<=|limit)",
            rf"{OVER}.{{0,60}}(?:max\w* (?:allowed |model |prompt |input |number of )?{SIZE}|{SIZE} limit"
            r"|limit of \d[\d,]* (?:tok|char))",
            "max(?:imum)? (?:prompt|input|sequence|request|model|allowed|total|number of)[ _]?(?:input "
            rf"|prompt )?{SIZE}",
            rf"{SIZE}(?: count)?[ _]limit (?:exceeded|reached)",
            rf"exceeded (?:model )?(?:token|{SIZE}) limit",
            *("(?:prompt|input|text|it|sequence|request).{0,40}(?:not|n.t|nt|cannot) fit", "input_length"),
            r"\d[\d,]* (?:input |prompt )?tokens.{0,80}(?:accepts?|limit|at most|only (?:support|\d)|max|up to|allow)",
            r"(?:input|prompt)_?tokens?\b.{0,60}> ?[\w(]",
            rf"{SIZE}.{{0,60}}must not exceed",
            rf"\b(?:{TEXT}|history|it)\b.{{0,30}}(?:{OVER}|too large)",
            *("kontextl", r"\btrim the", r"at most \d[\d,]{3,} (?:tokens|char)", "more tokens than", "window overflow"),
            "too_large",
            *("sequence length", r"(?:less|fewer) than \d[\d,]{3,} (?:tokens|char)"),
            *(rf"(?:number of|more) tokens.{{0,60}}(?:{OVER}|than the)", "not enough (?:room|space)"),
            "(?:truncat|shorter).{0,30}(?:input|prompt|text|message)",
            "(?:input|prompt|text|message).{0,30}(?:truncat|shorter)",
            *(
                r"maxlength: \d+, actual: \d+",
                r"max tokens of \d+ exceeded",
                "context left for",
                "context shift is disabled",
            ),
            *(r"prompt_?tokens.{0,40}must be less than", r"max_input_tokens ?[=:] ?\d+", r"tokens \d+ > max"),
            *(r"only supports? (?:up to )?\d[\d,]{2,} tokens", r"exceed\w* .{0,30}token capacity"),
        ),
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).",
        "google-gemini/gemini-cli#12069, infiniflow/ragflow#589, anomalyco/opencode#45834",
        unless=(
            *(rf"{RATE}", rf"{FEATURE}", "quota", "credit", "budget", "balance", "billing", "spend"),
            *("concurren", r"\bseed\b", "penalty", "n must", "stop sequences?"),
            *("(?:message|request|text|query|content) limit", "number of (?:images|messages|choices)", "timeout"),
            *("retries", PASSING),
        ),
    ),
)
"""What the request is refused for. The order counts."""
