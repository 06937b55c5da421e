"""The demo: the whole job on real, human-labelled answers, in a directory of its own."""
