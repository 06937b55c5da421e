"""How programs tell that they failed: the patterns of tracebacks, exceptions, status lines and error messages."""

from __future__ import annotations

import re

TRACEBACK = re.compile(r"\s*Traceback \(most recent call last\)|[\s\S]{0,300}\n\s+at [\w.$<>]+ ?\([^()\n]{0,200}:\d+")
"""Where a program stopped: `Traceback (most recent call last)`, `at load (kb.js:12)`."""
NAMED = re.compile(
    r"\s*(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Timeout|Interrupt)\s*(?:\Z|[:(])|\s*\[\w*(?:Error|Exception|ERROR)\]"
    r"|\s*(?:\w+\.)*(?:errors?|exceptions?|exc)\.[A-Z]\w*\s*(?:\Z|[:(])|\s*(?:\w+\.)+[A-Z]\w*(?:Error|Exception)\b"
)
"""An exception by its class: `ConnectionError: timed out`, `httpx.ReadTimeout`, `psycopg.errors.UndefinedTable: …`."""
HTTP = re.compile(
    r"\s*(?:HTTP(?:/[\d.]+)?(?: Error)?:? ?|Error:? (?:code:? )?|status(?: code)?:? ?)?[45]\d\d:?(?:[ -]+"
    r"(?:Not Found|Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out|Too Many Requests|"
    r"Unauthori[sz]ed|Forbidden|Bad Request|Request Timeout|Unprocessable Entity|Conflict|"
    r"(?:Client|Server) Error\b.*))\s*",
    re.IGNORECASE,
)
"""The status line of a failed request: `404 Not Found`, `HTTP 503 Service Unavailable`."""
SDK_STATUS = re.compile(r"\s*Error code:? [45]\d\d\s*-\s*[{\[<\w]")
"""How a client writes the error of an endpoint: `Error code: 400 - {'error': …}`."""
ANNOUNCED = re.compile(
    r"\s*(?:error|fehler|erreur|failed|failure|fatal(?: error)?|panic|erro|errore|fout|błąd|hata|ошибка"
    r"|エラー|错误|錯誤|오류)\s*(?:[:：]|[-–—]\s)"
    r"|\s*an (?:unexpected )?(?:error|exception) (?:has )?occurred\b"
    r"|\s*(?:error|exception)\s+(?:while|when|executing|calling|invoking|running|in|during|from)\b"
    r"|\s*(?:error al|error en|erreur lors|fehler bei|errore durante|erro ao|ошибка при|błąd podczas|fout bij)\b"
    r"|\s*(?:the )?(?:tool|function)(?: \S{1,60})?(?: call| execution)?(?: has)? (?:failed|errored|timed out)\b"
    r"|\s*failed to (?:call|execute|run|invoke|connect|fetch|reach)\b"
    r"|\s*[\u3040-\u30ff\u3400-\u9fff]{0,8}(?:失败|失敗|超时|逾時)(?:\s*[:：。]|しました|\s*\Z)",
    re.IGNORECASE,
)
"""An error told in words: `Error executing tool kb: timed out`, `Tool execution failed`."""
EXCEPTION = re.compile(
    r"\s*exception\s*:(?=.*\b(?:time[ds]?[ -]?out|connect(?:ion)? \w+|nonetype|null (?:pointer|reference)|failed"
    r"|failure|error|list index|out of range|no attribute|object (?:has|is|reference)|undefined|not found|refused"
    r"|unexpected"
    r"|(?:cannot|could not|unable to) (?:be )?(?:import|open|read|connect|convert|find|load|parse|reach|resolve)\w*"
    r"|https?|status code|socket|hostname)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""An exception of a program, and no exception to a rule: `Exception: connection refused`."""
NOTHING = re.compile(r"\s*(?:none|null|undefined|nil|nan|n/?a|void)\.?\s*", re.IGNORECASE)
"""A program's word for nothing: `None`, `undefined`."""
_END = r"(?:\s*[.:!,(]|\s*\Z)"
_CAUSE = r"\s+(?:with|due to|after|by|because of|at|for|while|when|occurred)\b"
_PLACES = (
    r"(?:database|db|server|service|host|api|endpoint|back[ -]?end|index|tool|function|store|upstream|cluster|url"
    r"|knowledge base|model|network|remote|https?://\S*|\S+:\d+)"
)
_CALLABLE = r"(?:tool|function|action|method|command)"
_TOLD = (
    r"(?:the )?(?:(?:api|http|search|tool|db|database|network|upstream|remote) )?(?:request|operation|query|call|search"
    r"|lookup|fetch|execution|retrieval|connection|invocation|process|command) (?:has |was |is |got )?(?:failed|aborted"
    rf"|timed[ -]?out|cancell?ed|errored|refused|reset|terminated)(?:{_END}|{_CAUSE})",  # Request failed with code 502
    r"(?:could not|couldn['’]t|cannot|can['’]t|unable to|failed to|not able to) (?:\w+ ){1,2}(?:to )?(?:\S+ ){0,3}?"
    rf"{_PLACES}\b",  # Could not connect to the database
    rf"(?:permission|access|authorization) (?:is |was )?denied{_END}",
    r"(?:un(?:authori[sz]ed|authenticated)|forbidden|not authori[sz]ed|authentication (?:failed|required|error)"
    r"|(?:invalid|missing|expired|incorrect) (?:api[ -]?key|access token|auth\w* token|credentials|token))"
    rf"{_END}",  # Unauthorized: invalid API key
    r"(?:you(?:'ve| have)? )?(?:\w+ )?(?:rate[ -]?limit|quota|usage limit|request limit|token limit)"
    r"(?: (?:was|has been))? (?:exceeded|reached|hit)\b|too many requests\b"
    r"|(?:you(?:'ve| have)? )?exceeded (?:your|the) (?:\w+ )?(?:quota|limit)\b",
    rf"(?:the )?{_CALLABLE}\b[ :]*['\"`]?[\w.-]{{1,60}}['\"`]? (?:(?:was |is |could )?not (?:be )?(?:found|available"
    r"|registered|defined|supported|implemented|exist)|does not exist|doesn't exist|is unknown)",  # Tool kb not found
    rf"(?:unknown|unsupported|unrecogni[sz]ed|undefined|no such|invalid) {_CALLABLE}\b",  # Unknown tool: kb
    rf"['\"`]?[\w.-]{{1,60}}['\"`]? is not a (?:valid|known|registered) {_CALLABLE}\b",
    r"(?:invalid|missing|bad|wrong|unexpected)(?: required| keyword| positional)* (?:arguments?|parameters?|args|params"
    r"|(?:tool )?input|tool call)(?:\s*[.:]|\s+(?:for|to|in) |\s+['\"`]|\s*\Z)",  # Invalid arguments for tool kb
    r"(?:input |schema |\d+ )?validation errors?(?:\s*:| for )",
    r"(?:\S{1,40}: ){0,3}(?:command not found|no such file or directory|permission denied|connection refused)"
    rf"{_END}",
    r"(?:\w+ )?(?:\[errno -?\d+\]|errno \d+|e(?:conn(?:refused|reset|aborted)|timedout|notfound|pipe|ai_again"
    r"|hostunreach)\b|connect error\b)",
    r"(?:internal server error|service (?:temporarily )?unavailable|bad gateway|gateway time-?out|internal error"
    r"|unexpected error|unknown error|network error|socket hang up|fetch failed|segmentation fault"
    r"|connection (?:refused|reset|closed|aborted|error|time[d ]{0,2}[- ]?out)|(?:context )?deadline exceeded"
    rf"|(?:(?:read|connect|connection|request) )?timed out)(?:{_END}|{_CAUSE})",
    r"(?:(?:read|connect|connection|request) )?time-?out(?:\s*[.!]?\s*\Z|: (?!\d)| (?:while|waiting)\b"
    r"| after \d+ ?(?:m?s|sec\w*)\b)",  # timeout after 30s, and no setting: `Timeout: 30 s`
    r"(?:sorry|oops|whoops|uh-oh)?[,.!]?\s*(?:but )?something went wrong\b",
)
TOLD = re.compile(rf"\s*(?:{'|'.join(_TOLD)})", re.IGNORECASE)
"""A failure as a program tells it in a short text: `Request failed with status code 502`, `Unknown tool: kb`."""
EXPLAINED = re.compile(
    r"\b(?:is|are) (?:raised|thrown|caused|returned|shown|displayed)\b|\braised when\b"
    r"|\b(?:means?|indicates?|occurs?|appears?)\b|\b(?:errors?|messages?) (?:is|are|when|if)\b"
    r"|\b(?:please |to )?(?:replace|clean|empty|refill|descale) the\b",
    re.IGNORECASE,
)
"""How a text speaks that explains an error to somebody: `ValueError: raised when an argument is wrong`."""
ADVICE = re.compile(
    r"[?？]|\b(?:you (?:can|should|need)|to (?:fix|solve|resolve) (?:this|it)|press|hold|(?:restart|reset) the|unplug"
    r"|customers?|in that case)\b",
    re.IGNORECASE,
)
"""How a text speaks that helps with an error: `Connection refused? Restart the router.`"""
