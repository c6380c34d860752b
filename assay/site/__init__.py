"""A bucket as a static site that people can read and search: `assay site DIR`."""
