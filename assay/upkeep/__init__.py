"""Upkeep of a bucket: verification, repair, garbage collection, pins."""
