"""Rebuild a registered model from its record, and compare step by step, digest by digest."""
