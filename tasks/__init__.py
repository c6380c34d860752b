"""One stage a file: each task logs, calls the core, and returns the step it took."""
