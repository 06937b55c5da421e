"""From human labels to a calibration: labels in, curve out."""
