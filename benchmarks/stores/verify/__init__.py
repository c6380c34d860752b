"""Everything in a bucket read and hashed again."""
