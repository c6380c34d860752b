"""How much: an amount and an interval for each row."""
