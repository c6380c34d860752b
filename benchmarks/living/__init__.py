"""What a model in use takes: batches scored, beside the bare loop that keeps nothing.

One folder a contest, one module a contender: `prepare` (not measured) and `work` (measured), both
on a folder that `rows.py` made.
"""
