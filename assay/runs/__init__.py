"""A run of the training flow: its record, its outcome, its lineage."""
