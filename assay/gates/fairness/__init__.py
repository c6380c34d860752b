"""The fairness gate: gaps between groups of people, each held against its limit."""
