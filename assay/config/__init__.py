"""What people write: use cases, the people file, operations. Read, checked and described."""
