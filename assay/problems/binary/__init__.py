"""Yes or no: a probability and a decision for each row."""
