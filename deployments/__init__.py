"""Use cases in operation: their deployments, and what `assay up` starts to run them."""
