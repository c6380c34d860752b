"""Tables: artifacts that list Parquet parts, cut where the rows themselves say.

Any engine can read the parts in place; appended rows leave the earlier parts byte-identical.
"""

from assay.tables.columns import field
from assay.tables.cut import Cut
from assay.tables.read import Table
from assay.tables.rowhash import row_hashes, value_hashes
from assay.tables.write import write, write_frame

__all__ = ["Cut", "Table", "field", "row_hashes", "value_hashes", "write", "write_frame"]
