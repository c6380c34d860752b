"""The drift gate: what has changed in the rows, and whether it harms the predictions."""
