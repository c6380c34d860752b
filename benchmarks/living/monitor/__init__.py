"""A look at a model in use: rows and labels that came since, against the rows of its test."""
