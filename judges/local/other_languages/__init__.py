"""Answers and evidence that are not both in English: what can be decided there, and what has to be said."""
