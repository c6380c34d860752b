"""Drafts a use case from data that nobody has described yet."""
