"""What rows mean: target, row identity, groups of people, and what a table must have."""
