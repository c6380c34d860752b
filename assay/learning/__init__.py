"""Learning: split, preprocessing, search, calibration, mitigation, predictions."""
