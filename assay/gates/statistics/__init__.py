"""Intervals, corrections and tests that the gates judge by.

Every function is pure. Shares are fractions of one; `level` is the two-sided confidence. SciPy and
statsmodels do the work where they can.
"""
