"""What keeping and proving takes, beside others that keep and beside the plain limit.

One folder a contest, one module a contender: `prepare` (not measured) and `work` (measured), both
on a folder that `files.py` or `growth/rows.py` made. `promises.py` tries what a store promises,
`contests.py` says who meets whom, `page.py` writes what came out.
"""
