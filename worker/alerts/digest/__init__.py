"""The weekly message of each team: what the rates were, what changed, which answers were worst, what it cost."""
