"""Why a row got its answer: the columns that moved it, and what would have changed it."""
