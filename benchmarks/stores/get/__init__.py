"""Small files out of a store, into a folder. Nobody syncs that folder."""
