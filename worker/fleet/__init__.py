"""The fleet as Celery runs it: the application, its tasks, one process, its event loop."""
