"""Models by name: versions, aliases and decisions, folded from each model's journal."""
