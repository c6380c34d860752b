"""Configuration files: use cases, the people file, operations. Models, parsing and checks."""
