"""Grafana's dashboard, generated."""
