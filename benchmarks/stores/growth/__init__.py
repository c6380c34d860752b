"""What the next version of a table adds to what is stored."""
