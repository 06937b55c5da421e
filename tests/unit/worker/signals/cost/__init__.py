"""What traffic cost, from the traces that were selected."""
