"""Fourteen columns against the 48,842 rows of Adult."""
