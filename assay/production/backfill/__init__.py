"""Backfill: which past day each batch belongs to, and what would have been done on that day."""
