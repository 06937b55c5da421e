"""Our own transport for Celery over Redis: the only place that knows what is inside kombu.

`envelope` checks what lies in a queue, `deliveries` keeps what a process has in hand by the server's clock, and
`redis_transport` hangs both into kombu.
"""
