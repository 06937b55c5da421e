"""Golden sets: frozen inputs, recorded or fresh answers, the judge's exam, and the gate between two runs."""
