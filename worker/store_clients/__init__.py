"""What clients of trace stores share: connections, what servers answer, pages, rows, keys.

Who writes the input of an application decides what a row holds: any depth, any length, halves of characters. A row like
that is told for its own trace. It never ends a list, a batch or a sweep.
"""
