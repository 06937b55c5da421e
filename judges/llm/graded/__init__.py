"""The LLM judge of graded rubrics: criteria in, a level each out."""
