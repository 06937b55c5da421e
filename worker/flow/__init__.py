"""What happens to a trace: swept, selected, judged, recorded, verified, and brought back when something was lost."""
