"""Outcomes that arrive late: read, stored, and joined to the predictions they belong to."""
