"""What each gate takes, beside its rivals and beside the plain limit.

One folder a gate, one module a contender: `prepare` (not measured) and `work` (measured).
`meter.py` measures one contender in a process of its own, `data.py` makes the rows, `rivals.py` the
rivals' environments, `contest.py` lets them take turns, `__main__.py` says who meets whom and
prints the table.
"""
