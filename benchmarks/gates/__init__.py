"""What each gate takes, beside its rivals and beside the plain limit.

One folder a gate, one module a contender: `prepare` (not measured) and `work` (measured).
`data.py` makes the rows, `__main__.py` says who meets whom and prints the table; how they are
measured is in `benchmarks/meter.py` and `benchmarks/contest.py`.
"""
