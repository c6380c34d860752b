"""Benchmarks of storing and verifying, against DVC, Metaflow and plain commands.

One folder for each contest, one module for each contender: `prepare` (not measured) and `work`
(measured), both on a folder that `files.py` or `growth/rows.py` made. `promises.py` tests what a
store promises, `contests.py` pairs the contenders, `page.py` writes the results.
"""
