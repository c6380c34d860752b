"""One run of a flow: what it knows, its record, its outcome, and where it came from."""
