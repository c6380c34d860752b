"""One large file into a store."""
