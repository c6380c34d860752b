"""The upkeep of a bucket: what is wrong with it, mended; what nothing refers to, collected."""
