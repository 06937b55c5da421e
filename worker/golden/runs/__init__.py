"""Running a golden set: answers in, judged items out, kept where they can be resumed."""
