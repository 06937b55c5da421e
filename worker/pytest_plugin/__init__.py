"""pytest's plugin: answers are checked by the judges, and a golden set's answers by its gate."""
