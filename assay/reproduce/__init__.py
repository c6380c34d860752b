"""Rebuild a registered model from its record, and compare step by step, digest by digest."""

from assay.reproduce.compare import Comparison, Divergence, compare
from assay.reproduce.rebuild import Rebuild, Rebuilt, prepare

__all__ = ["Comparison", "Divergence", "Rebuild", "Rebuilt", "compare", "prepare"]
