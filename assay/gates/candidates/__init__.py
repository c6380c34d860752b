"""The candidates gate: which candidate is tried first on the test rows, and what each one costs."""
