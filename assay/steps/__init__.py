"""Steps: one stage, run once for given inputs, with the key that says when to run it again."""
