"""Hostile text against the LLM judge: a permanent corpus of attacks, and a judge model that obeys all of them."""
