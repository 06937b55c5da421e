"""Trace stores: where traces come from and scores go. A folder each; `registry` finds them."""
