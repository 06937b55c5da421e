"""Wordings of errors about who asks, and about the endpoint: credit, key, model, pace, outage. See `error_words`."""

from __future__ import annotations

from assay.judges.models.meaning import Meaning
from assay.judges.models.word_sign import ACCESS_KEY, ACCOUNT, CREDIT, FEATURE, MODEL, RATE, WordSign, sign

_FORM = rf"{FEATURE}|\bschema|\benum\b|\$ref|complexity"
"""What is said of the form of a request, e.g. `this key is not allowed in response_format`."""

ACCOUNT_WORDS: tuple[WordSign, ...] = (
    sign(
        Meaning.QUOTA,
        (
            *(
                r"limit: 0\b",
                r"rate limit of 0\b",
                "free tier is not available",
                "for trial accounts",
                "key limit exceeded",
            ),
            *(r"(?:budget|\bspend\w*).{0,40}(?:exceed\w*|exhausted|used up)", "over budget", "crossed budget"),
            r"(?:exceed\w*|over|crossed|reached|hit|used up).{0,30}(?:budget|\bspend(?:ing)?)",
        ),
        "Budget has been exceeded! Current cost: 26.07, Max budget: 0.25",
        "BerriAI/litellm#22726, BerriAI/litellm#14144, ai.google.dev/gemini-api/docs/rate-limits",
        unless=("(?:token|latency|time|reasoning|thinking)[ _]budget", _FORM),
    ),
    sign(
        Meaning.QUOTA,
        (
            rf"insufficient (?:\w+ ){{0,2}}(?:{CREDIT}|quota)",
            rf"{CREDIT}\b.{{0,60}}(?:too low|insufficient|exhausted|depleted|used up|run out|ran out"
            r"|negative|not enough|expired|zero|empty|exceed\w*|not sufficient)",
            r"(?:out of|not enough|no more|no remaining|no|lack\w*|add|purchase|buy|top[ -]?up|recharge"
            rf"|more|fewer|without) {CREDIT}",
            *("payment (?:is )?(?:required|overdue|failed|method)", "past due", "overdue", "unpaid", "arrear"),
            *("billing", "prepa(?:y|id)", "invoice"),
            r"(?:exceed\w*|over|reached|hit|used up|surpass\w*|depleted|exhausted).{0,40}(?:usage limits?"
            "|current quota|monthly|credit limit|hard limit|plan limit|allowance|allocated quota"
            r"|\bspend\w* limit|spend cap|your plan|free (?:tier|quota|plan))",
            r"(?:quota|allowance|\bspend\w*|usage)\b.{0,40}(?:exceed\w*|exhaust\w*|used up|reached|depleted"
            r"|cap\b)",
            r"(?:out of|no|insufficient|exceed\w*) (?:\w+ )?quota",
            r"(?:plan|cost|wallet|monthly)\b.{0,20}(?:limit|cap|empty).{0,20}(?:reached|exceeded|hit|$)",
            *(
                "(?:month|week|period).{0,20}used up",
                "wallet (?:is )?empty",
                "non-?payment",
                "please upgrade",
                "guthaben",
                *(
                    r"(?:not|nt) have (?:any |enough )?(?:credits?|licen[sc]es?)",
                    "requires? an? (?:\\w+ )?subscription",
                ),
                *(r"hard cap\b", "add a card", "out of money", "(?:no active|expired|needs an?|inactive) subscription"),
            ),
            *("upgrade your (?:plan|account|subscription)", "trial.{0,20}(?:expired|ended|over)", "余额不足", "欠费"),
            *("充值", "账户余额", "额度", "余量不足", "付费"),
            *("недостаточно средств", r"баланс\w*.{0,20}(?:исчерп|недостат|отрицат)", "saldo insuficiente"),
            *(
                "solde insuffisant",
                r"cr[eé]dit\w* insuf",
                "残高.{0,6}不足",
                "クレジット.{0,6}不足",
                "(?:잔액|크레딧).{0,6}부족",
            ),
        ),
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or "
        "purchase credits.",
        "platform.claude.com/docs/en/api/errors, api-docs.deepseek.com/quick_start/error_codes, openrouter.ai/docs",
        unless=(*(rf"{RATE}", "quota metric", _FORM),),
    ),
    sign(
        Meaning.KEY,
        (
            rf"{ACCESS_KEY}\b.{{0,60}}(?:invalid|not valid|incorrect|wrong|expired|revoked|missing|required"
            "|not found|disabled|leaked|deactivated|not provided|unknown|does ?nt exist|does not exist"
            "|malformed|suspended|blocked|unauthori|inactive|reject|not recogni|fail|not set|empty|deleted"
            "|limit exceeded|not allowed|could not|denied|not have|may not|fehlt|ungültig|not accepted)",
            "(?:invalid|incorrect|wrong|expired|revoked|missing|no|unknown|bad|malformed|unrecogni[sz]ed"
            "|provide|supply|without|set|pass|check|verify|valid|validate|unable to (?:locate|find|load)) (?:an? "
            rf"|your |the |any |openai |valid |or \w+ ){{0,3}}{ACCESS_KEY}",
        ),
        "Incorrect API key provided: sk-abc***. You can find your API key in your settings.",
        "platform.openai.com/docs/guides/error-codes, ai.google.dev/gemini-api/docs/troubleshooting",
        unless=(_FORM,),
    ),
    sign(
        Meaning.MODEL,
        (
            r"function [\w-]{1,64}: not found for account",
            "(?:given|serving|requested) endpoint does not exist",
            r"\bmodel disabled",
        ),
        "Function 'abc': Not found for account 'xyz'",
        "docs.api.nvidia.com (404), docs.databricks.com (RESOURCE_DOES_NOT_EXIST), docs.siliconflow.cn (30003)",
    ),
    sign(
        Meaning.KEY,
        (
            *("unauthori[sz]ed", "unauthenticated", "unregistered callers", "not authenticated"),
            "authentication (?:error|failed|failure|required|parameter|fails|is required)",
            *(r"auth\w* (?:failed|failure|required)", r"(?:please )?(?:log|sign) ?in\b"),
            *("not (?:authori[sz]ed|permitted) to", "no permission"),
            r"(?:not|nt) have (?:\w+ ){0,2}(?:permission|authori[sz]ation)",
            *(r"\bpermission\b.{0,60}denied", "public access", "virtual network", "firewall rules"),
            *("certificate (?:is )?required", r"no rights?\b"),
            *(r"\btoken (?:\w+ ){0,4}(?:expired|revoked|not accepted|invalid$)", "signature (?:verification|mismatch)"),
            "not subscribed",
            r"(?:lacks?|insufficient|missing) (?:\w+ ){0,2}(?:permissions?|privileges?|scopes?)",
            rf"{ACCOUNT}\b.{{0,40}}(?:disabled|deactivated|suspended|inactive|not active|banned|terminated"
            "|closed|restricted|good standing|frozen|locked|expired|not (?:been )?(?:activated|verified"
            "|approved)|not found|does not exist|has not been used)",
            r"(?:location|country|region|territory)\b.{0,40}(?:not supported|unsupported|not available"
            "|not allowed|restricted)",
            "not (?:available|supported) in your (?:country|region|location)",
            *(r"\bip\b.{0,40}(?:not allowed|whitelist|allowlist|not authori|blocked)", "no connected db"),
            *(
                "data policy",
                r"enable the \w+ api",
                "kein zugriff",
                "无权",
                "未授权",
                "鉴权",
                "令牌",
                "身份验证",
                "认证失败",
            ),
            "密钥",
        ),
        "User location is not supported for the API use.",
        "google-gemini/gemini-cli#24641 (400 FAILED_PRECONDITION), platform.openai.com/docs/guides/error-codes",
        unless=(*(_FORM, "deployment"),),
    ),
    sign(
        Meaning.OUTAGE,
        (
            rf"{MODEL}\b.{{0,60}}(?:overload|busy|loading|not ready|warming|starting|at capacity|temporar"
            "|currently unavailable|is down)",
            *("loading model", "no healthy"),
            "no (?:available|healthy) (?:server|worker|backend|instance|upstream)s?",
        ),
        "Loading model",
        "ggml-org/llama.cpp (503 while loading), docs.aws.amazon.com/bedrock (ModelNotReadyException)",
    ),
    sign(
        Meaning.MODEL,
        (
            rf"\b{MODEL}\b.{{0,70}}(?:not found|does ?nt exist|does not exist|not exist|unknown"
            "|not available|unavailable|not supported|no longer|deprecated|decommissioned|retired"
            "|not loaded|not deployed|not recogni[sz]ed|isnt available|is invalid|not enabled"
            "|not accessible|not allowed|is disabled|could not be found|no such|not served|not hosted|not pulled"
            "|not a (?:valid|chat)|removed|not been (?:found|deployed|enabled|loaded)|is missing|not (?:configured"
            "|registered|installed|permitted|activated)|end of life|not in (?:the )?list)",
            "(?:no such|unknown|invalid|unsupported|unrecogni[sz]ed|nonexistent|missing|not find|no"
            "|cannot find|valid|specify an?|not served?|not have|nonexisting|not support(?: the)?"
            "|not locate|(?:unable to|cannot) access) (?:the |any |an? |your |valid |requested |specified "
            rf"|available ){{0,2}}{MODEL}\b(?! output)",
            rf"(?:not|nt) have (?:\w+ )?access to (?:the |this )?(?:\w+ )?(?:{MODEL}|it)",
            rf"access to {MODEL}",
            rf"not (?:allowed|authori[sz]ed) to (?:access|use|call) (?:the |this )?{MODEL}",
            *("no endpoints found (?:for|matching)", "deploymentnotfound", "only access models"),
            *("no allowed providers", "marked by provider", "model use case", "access denied.{0,20}this model"),
            *(r"\bno \w+ for model", r"not (?:\w+ ){0,4}(?:supported|available|known|valid|listed) models?\b"),
            *(
                "(?:adapter|lora|checkpoint).{0,40}not found",
                "modell .{0,20}(?:nicht (?:gefunden|vorhanden|verfügbar|bekannt)|unbekannt)",
            ),
            *(
                "on-demand throughput isnt supported",
                "inference profile",
                "模型不存在",
                "模型.{0,12}(?:不存在|未开通|下线)",
            ),
            "没有.{0,6}模型",
        ),
        "model 'qwen' not found, try pulling it first",
        "netease-youdao/QAnything#555 (Ollama), docs.aws.amazon.com/bedrock (inference profiles), openrouter.ai/docs",
        unless=(
            *(_FORM, "requested parameters", "antwortformat", r"max_\w*tokens", "try again (?:in|later)"),
            *("at the moment", "right now", "temporar", "busy", rf"{RATE}"),
        ),
    ),
    sign(
        Meaning.LIMIT,
        (
            *(rf"{RATE}", "request rate", "slow down", "please wait"),
            *(
                "too many (?:concurrent|connections|calls|queries|in[- ]flight|parallel)",
                "too (?:frequent|quickly|fast|often)",
            ),
            *("rate exceeded", r"more than \d+ (?:requests|calls)"),
            r"(?:requests?|calls?|messages?|daily|hourly|usage) (?:rate |quota )?limit\w*.{0,30}(?:exceed"
            "|reach|hit|surpass)",
            r"(?:exceed\w*|reach\w*|hit|over)\b.{0,40}(?:request|call|concurren|rate|qps"
            r"|daily)\w* ?(?:limit|quota|rate)?",
            *(r"concurren\w*.{0,40}(?:limit|exceed|reached|too|maximum)", "quota metric", "quota exceeded", "限流"),
            *("频率", "频繁", "请求过多", "并发", "速率", "次数"),
            *("zu viele anfragen", "trop de requêtes", "demasiadas solicitudes", "muitas solicitações"),
            *("слишком много запрос", r"лимит\w* запрос", "リクエストが多すぎ", "レート制限", "요청이 너무 많"),
            r"(?:token|message|request|usage)s? (?:rate |limit ).{0,30}(?:today|this minute|exceeded)",
            *("(?:daily|hourly) token limit", "token limit for today", "too many tokens, please wait"),
        ),
        "Rate limit reached for gpt-x on tokens per min (TPM): Limit 10000, Used 9000. Please try again in 6s.",
        "platform.openai.com/docs/guides/rate-limits, Aider-AI/aider#3265",
        unless=(
            rf"{FEATURE}",
            "too many (?:propert|enum|param|stop|images|choices|logprob|argument|values|items|messages)",
        ),
    ),
    sign(
        Meaning.TIMEOUT,
        (
            *(
                "tim(?:ed|e) ?out",
                "timeout",
                "deadline ?exceeded",
                "exceeded deadline",
                "took too long",
                "waited too long",
                "gateway time",
            ),
        ),
        "The operation was timeout.",
        "QuantumNous/new-api#1565, langgenius/dify-official-plugins#2199 (Azure)",
        unless=(rf"{FEATURE}",),
    ),
    sign(
        Meaning.OUTAGE,
        (
            *("overload", "over capacity", "at capacity", "capacity (?:exceeded|constraint|limit|is)"),
            *("(?:no|insufficient|lack of|out of) capacity", "server (?:is )?(?:busy|error|had)", r"\bbusy\b"),
            r"temporar\w*.{0,20}(?:unavailable|down|error|issue|fail|outage|problem)",
            r"(?:service|server|system|provider|backend|engine).{0,30}(?:unavailable|down\b"
            "|not responding|not available)",
            *("currently unavailable", "still loading", "warming up", "starting up", "not ready"),
            *("internal (?:server |service )?(?:error|failure)", "bad gateway", "upstream"),
            *("connection (?:error|refused|reset|closed|broke)", "maintenance", "try again later"),
            *("out of memory", r"\bcuda\b"),
            *("resources? (?:is |are )?(?:insufficient|exhausted|busy)", "unexpected (?:error|condition)"),
            *(
                "try your request again",
                "something went wrong",
                "high (?:traffic|load|demand)",
                r"(?:worker|process|replica|node|instance|gpu)s?\b.{0,20}(?:died|busy|down\b|crash|restart|lost)",
                "retry later",
            ),
            r"(?:backend|upstream|provider(?! returned error)|gateway|server|engine).{0,40}"
            r"(?:not respond|could not reach|crash"
            "|error|unreachable|failed)",
            *("繁忙", "稍后", "服务不可用", "系统错误", "内部错误", "unknown error", "system error"),
            *("service indisponible", "réessayez plus tard", "dienst nicht verfügbar", "später erneut", "überlastet"),
            *("сервис\\w* (?:временно )?недоступ", "повторите позже", "попробуйте позже", "перегруж"),
            *("servicio no disponible", "serviço indisponível", "int[eé]ntelo más tarde", "tente novamente mais tarde"),
            *("しばらくして", "混雑", "잠시 후", "서비스를 사용할 수 없", "queue .{0,20}max", "queue size exceeded"),
        ),
        "The server is currently overloaded with other requests. Sorry about that!",
        "platform.claude.com/docs/en/api/errors (529), openrouter.ai/docs/api-reference/errors",
        unless=(rf"{FEATURE}", "mod_?security|not acceptable|firewall|support id|incident id"),
    ),
)
"""What stands between us and an answer whatever is asked. The order counts."""
