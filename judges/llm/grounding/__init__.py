"""The LLM judge of grounding: numbered sentences in, a claim table out."""
