"""Wordings of errors about a feature of the request, heard last. See `error_words`."""

from __future__ import annotations

from assay.judges.models.meaning import Meaning
from assay.judges.models.word_sign import FEATURE, WordSign, sign

FEATURE_WORDS: tuple[WordSign, ...] = (
    sign(
        Meaning.FORM,
        (
            *(rf"{FEATURE}", "extra (?:inputs?|fields?)", "not permitted"),
            *("unknown (?:field|parameter|argument|name|key)", "no endpoints found that", "is unsupported"),
            "unrecogni[sz]ed (?:field|request|parameter|key|argument)",
            *("unsupported (?:parameter|value|field|type|feature)", "requested parameters"),
            *("invalid (?:schema|parameter|value|type|argument|format)", "does not support", "not supported"),
            r"(?:parameter|field|argument)\b.{0,40}(?:unknown|not understood|unexpected|unsupported|not allowed)",
            *(
                "unexpected (?:field|parameter)",
                "json output",
                "not implemented",
                "input should be",
                "additional propert",
            ),
            r"\bmax_(?:completion_|output_|new_)?tokens\b",
        ),
        "response_format: Extra inputs are not permitted",
        "BerriAI/litellm#27846, gomate-community/TrustRAG#140, openrouter.ai/docs",
    ),
)
"""Whatever else names a part of the request."""
