"""What people write of endpoints in the wrong place or under another tool's names, and what is meant here."""

from __future__ import annotations

import re
from collections.abc import Mapping

_KEY_NAME = re.compile(
    r"(?:.*api-?key.*|keys?|(?:.*(?:access|auth|api|bearer)-?)?tokens?|auth|authorization|bearer|password|"
    r"credentials?|(?:.*(?:api|client)-?)?secrets?(?:-?key)?)",
    re.I,
)
"""A key of a section in which somebody would put the endpoint's key, e.g. `apiKey`, `api_key_env` or `Token`."""

_MEANT = {
    **dict.fromkeys(("baseurl", "apibase", "apiurl", "endpoint", "address", "host", "uri", "openaiapibase"), "url"),
    **dict.fromkeys(("timeout", "requesttimeout", "timeoutms", "readtimeout"), "timeout_s"),
    **dict.fromkeys(("retries", "maxretries", "numretries", "maxattempts"), "attempts"),
    **dict.fromkeys(("maxconcurrency", "maxparallel", "parallel", "maxconcurrent"), "concurrency"),
    **dict.fromkeys(("provider", "apitype", "type"), "protocol"),
    **dict.fromkeys(("customheaders", "extraheaders", "defaultheaders"), "headers"),
    **dict.fromkeys(("body", "extraparams", "modelkwargs", "extra"), "extra_body"),
    **dict.fromkeys(("maxmodellen", "numctx", "contextlength", "maxcontext", "window"), "context_window"),
    **dict.fromkeys(("cafile", "cabundle", "sslcert", "certificate", "cacert", "verify"), "ca_file"),
    **dict.fromkeys(("deployment", "deploymentname"), "azure_deployment"),
}
"""Names of other tools, e.g. `baseurl` in small letters without `_`, and ours."""

_ELSEWHERE = {
    "model": "the model is named in a rubric (judge.llm.model), or by ASSAY_JUDGE_MODEL; remove it here",
    "maxtokens": "stands in a rubric (judge.llm.max_tokens); remove it here",
    "prices": "stands in assay.yaml, or is ASSAY_PRICES_FILE; move it",
    "price": "prices stand in a file of their own, see ASSAY_PRICES_FILE; remove it here",
}
"""What is said somewhere else, e.g. `model`."""

NAMED_KEY_VARIABLE = "ASSAY_ENDPOINT_NAME_KEY"
"""Stands in a message for the variable of the endpoint's key, e.g. of `in-house` for ASSAY_ENDPOINT_IN_HOUSE_KEY."""

_EXAMPLE = "`default: {url: …}`"


def slip_in_section(section: Mapping[str, object], known: frozenset[str]) -> str | None:
    """What is wrong with the keys of a section, with the key before the colon. None: nothing that is known here.

    Args:
        section: as it was written.
        known: the keys that there are.
    """
    for name in section:
        if not isinstance(name, str) or name in known:
            continue
        if _KEY_NAME.fullmatch(name.replace("_", "-")):
            return (
                f"{name}: no key stands in a file; set {NAMED_KEY_VARIABLE} in the environment, for `default` "
                "OPENAI_API_KEY"
            )
        if remedy := _ELSEWHERE.get(_plain(name)):
            return f"{name}: {remedy}"
        if (meant := _MEANT.get(_plain(name))) and meant not in section:
            return f"{name}: unknown key; did you mean {meant!r}?"
    return None


def slip_at_top(endpoints: object, known: frozenset[str]) -> str | None:
    """What is wrong where names of endpoints should stand. None: nothing that is known here.

    Args:
        endpoints: as they were written.
        known: the keys of one endpoint.
    """
    if isinstance(endpoints, list):
        return "a list, and names of endpoints are keys here: write `in-house: {url: …}`, and no `-`"
    if not isinstance(endpoints, Mapping):
        return None
    for name, value in endpoints.items():
        if name == "endpoints" and isinstance(value, Mapping) and not (value.keys() & known):
            return "endpoints: names of endpoints stand at the top here; take this line out, and move those below left"
        if isinstance(name, str) and _is_of_section(name, value, known):
            meant = name if name in known else _MEANT.get(_plain(name), "url")
            example = _EXAMPLE.replace("url", meant)
            return f"{name}: a name of an endpoint stands at the top, and its keys below it; write {example}"
    return None


def _is_of_section(name: str, value: object, known: frozenset[str]) -> bool:
    """Whether a key at the top belongs below a name: it is one of a section, and holds no section itself."""
    if isinstance(value, Mapping):
        return name in {"headers", "query", "extra_body"} and not (value.keys() & known)
    is_key = _KEY_NAME.fullmatch(name.replace("_", "-")) is not None
    return value is not None and (name in known or _plain(name) in _MEANT or is_key or _plain(name) in _ELSEWHERE)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
