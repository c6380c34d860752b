"""Small files into a store."""
