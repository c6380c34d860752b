"""When a model is trained again, and on which rows."""
