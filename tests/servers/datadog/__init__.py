"""A Datadog made from its documented requests and answers, and a store over it that can be filled.

Read for it: Datadog's pages on the HTTP API, the Export API, queries and external evaluations,
`datadog-api-client` 2.62.0 and `ddtrace` 4.16.0 (November 2026). It was never compared with the real one.
"""
