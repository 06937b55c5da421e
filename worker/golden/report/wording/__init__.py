"""The words of every report. What decides hands over values, and only these files word them."""
