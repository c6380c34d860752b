"""The explanation gate: what a model leans on."""
