"""Models by name: versions, aliases and decisions, read from each model's journal."""
