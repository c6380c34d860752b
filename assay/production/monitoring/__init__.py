"""One look of the monitor: its rows, its judgement, its entry in the journal."""
