"""Confidence intervals, corrections for multiple tests, and tests that the gates use.

Every function is pure. Shares are fractions of one; `level` is the two-sided confidence. SciPy and
statsmodels do the work where they can.
"""
