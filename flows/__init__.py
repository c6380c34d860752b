"""The stories: flows that read top to bottom."""
