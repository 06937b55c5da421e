"""Judging files: samples in, one verdict a line out, in order; and the calibration fitted on labelled ones."""
