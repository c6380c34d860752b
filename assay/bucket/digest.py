"""The name of immutable bytes: `sha256:<64 hex digits>`, parsed once and carried as a type."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_HEX = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20  # one MiB keeps SHA-NI busy and the memory small


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A SHA-256 digest (FIPS 180-4). Its text form is the OCI one, `sha256:<hex>`."""

    hex: str

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.hex):
            raise ValueError(f"{self.hex!r} is not 64 lower-case hexadecimal digits")

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read `sha256:<hex>`. Raises ValueError for any other form or algorithm."""
        algorithm, _, digits = text.partition(":")
        if algorithm != "sha256":
            raise ValueError(f"{text!r} does not begin with 'sha256:'")
        return cls(digits)

    @classmethod
    def of_bytes(cls, data: bytes) -> Digest:
        """Digest of bytes in memory."""
        return cls(hashlib.sha256(data).hexdigest())

    @classmethod
    def of_file(cls, path: Path) -> Digest:
        """Digest of a file's content."""
        with open(path, "rb") as file:
            return cls.of_stream(file)

    @classmethod
    def of_stream(cls, source: BinaryIO) -> Digest:
        """Digest of all that is left to read, in blocks: constant memory whatever its size."""
        state = hashlib.sha256()
        while block := source.read(_BLOCK):
            state.update(block)
        return cls(state.hexdigest())

    @property
    def short(self) -> str:
        """Twelve digits for people to recognise it by. Never an identity."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"sha256:{self.hex}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        # Lets pydantic models hold a Digest and write it as its text form.
        from pydantic_core import core_schema

        def read(value: Any) -> Digest:
            return value if isinstance(value, cls) else cls.parse(value)

        return core_schema.no_info_plain_validator_function(
            read,
            json_schema_input_schema=core_schema.str_schema(pattern="^sha256:[0-9a-f]{64}$"),
            serialization=core_schema.to_string_ser_schema(),
        )
