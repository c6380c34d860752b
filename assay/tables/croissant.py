"""A table described in Croissant, so that other tools find, check and load its parts.

Source: Croissant format specification 1.0 (MLCommons, http://mlcommons.org/croissant/1.0).
"""

from __future__ import annotations

from typing import Any, Final

from assay.bucket.artifacts import CROISSANT, Artifact
from assay.bucket.bucket import Bucket
from assay.tables.table import Table

FORMAT: Final = "http://mlcommons.org/croissant/1.0"
_TYPES: Final = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "text": "sc:Text",
    "date": "sc:DateTime",
    "category": "sc:Text",
}
_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "column": "cr:column",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "recordSet": "cr:recordSet",
    "source": "cr:source",
}


def store_croissant(bucket: Bucket, table: Artifact) -> Artifact:
    """Store the description of a table: a function of the table alone."""
    value = croissant_metadata(Table.read(bucket, table), table.name, "Typed rows, in order.")
    return bucket.put_json(value, CROISSANT, f"{table.name} in Croissant")


def croissant_metadata(table: Table, name: str, description: str) -> dict[str, Any]:
    """The table's metadata, a JSON-LD value.

    Parts are named relative to where an object lies in the bucket, so that the description, kept
    as an object itself, leads to them wherever the bucket is.
    """
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": FORMAT,
        "name": name,
        "description": description,
        "version": f"1.0.0+{table.artifact.digest.hex}",
        "distribution": [_file_object(part, number) for number, part in enumerate(table.parts, 1)],
        "recordSet": [_record_set(table, number) for number in range(1, len(table.parts) + 1)],
    }


def _file_object(part: Artifact, number: int) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"part-{number}",
        "name": f"part {number}",
        "contentUrl": f"../{part.digest.hex[:2]}/{part.digest.hex}",
        "contentSize": f"{part.size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": part.digest.hex,
    }


def _record_set(table: Table, number: int) -> dict[str, Any]:
    """The rows of one part: a file set would keep neither their order nor their digests."""
    return {
        "@type": "cr:RecordSet",
        "@id": f"rows-{number}",
        "name": f"rows of part {number}",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"rows-{number}/{column['name']}",
                "name": column["name"],
                "dataType": _TYPES[column["type"]],
                "source": {
                    "fileObject": {"@id": f"part-{number}"},
                    "extract": {"column": column["name"]},
                },
            }
            for column in table.description
        ],
    }
