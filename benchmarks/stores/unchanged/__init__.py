"""A pipeline asked for again when nothing has changed."""
