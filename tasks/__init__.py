"""One stage in each file: a task logs, calls the core, and returns its step."""
