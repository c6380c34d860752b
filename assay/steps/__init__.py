"""A step: one stage done once for given inputs, with the key that says when to do it again."""
