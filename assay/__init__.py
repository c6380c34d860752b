"""Assay takes one question about data from raw rows to a model that may be trusted."""

__version__ = "0.1.0"
