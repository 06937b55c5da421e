"""LangSmith: runs of one project, and feedback on them."""
