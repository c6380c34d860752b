"""Past dates made up for: which batch is of which day, and what would have been done on it."""
