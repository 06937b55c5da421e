"""A LangSmith server made from its documented requests and answers, and a store over it that can be filled.

Read for it: the `langsmith` SDK 0.15.1 and its OpenAPI types, LangSmith's pages on queries, feedback and rate limits
(November 2026). It was never compared with the real one.
"""
