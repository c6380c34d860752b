"""Measurements, each beside its rival in one run. `make bench` prints them all."""
