"""An observation-first server, where a trace is the observations that share its id."""
