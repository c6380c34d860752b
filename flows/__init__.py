"""Prefect flows, each readable from top to bottom."""
