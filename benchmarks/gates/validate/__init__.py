"""Fifteen rules that all hold."""
