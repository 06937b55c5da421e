"""Golden sets that run by themselves: due slots, claimed once, run, announced."""
