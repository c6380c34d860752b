"""The operator's desk: what waits for a person, what failed, how each use case stands."""
