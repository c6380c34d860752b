"""A model in use: batches scored, labels joined, looks taken, trained anew, decided about."""
