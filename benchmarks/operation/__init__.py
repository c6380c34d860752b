"""Benchmarks of a running set-up: overhead, punctuality and memory."""
