"""Prometheus metrics of a set-up: the server's runs, and what the bucket's journals say."""
