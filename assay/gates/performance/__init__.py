"""The performance gate: how good the model is on the locked test rows."""
