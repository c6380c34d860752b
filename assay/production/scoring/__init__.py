"""Batches in, predictions out: found, read, scored, delivered once, and recorded."""
