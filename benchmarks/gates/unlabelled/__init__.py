"""Performance without labels on two public sets of NannyML: car prices, and cards of three kinds.

Each set has 60,000 labelled rows for reference and 60,000 to judge, in ten chunks. The sets come
from NannyML's package, whose rows drift after the fifth chunk.
"""
