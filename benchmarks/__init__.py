"""What Assay takes, and how often it is wrong.

`python -m benchmarks` measures the income example beside `bare.py`, a script that does the same by
hand; `benchmarks.gates` each gate beside its rivals; `benchmarks.stores` storing, verifying and
growing tables beside theirs; `benchmarks.calibration` counts how often each gate is wrong.
`make bench bench-gates bench-stores calibration` runs all four.
"""
