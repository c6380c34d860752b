"""Sources: where rows come from, and how they become typed tables without losing any."""
