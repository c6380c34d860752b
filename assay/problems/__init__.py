"""Problem types: what a question asks for, and all that a stage has to know of it."""
