"""What these tests share with those of learning."""

from tests.learning.conftest import people, say, table, teach, use_case

__all__ = ["people", "say", "table", "teach", "use_case"]
