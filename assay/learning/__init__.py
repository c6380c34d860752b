"""From rows to a fitted model: split, preprocessing, search, calibration, mitigation, predictions."""
