"""The files that a team edits: YAML read strictly and bounded, and every fault told by its line, key and remedy.

It imports nothing: what words a problem is needed where there is one.
"""
