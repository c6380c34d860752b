"""Tables: artifacts that list Parquet parts, cut where the rows themselves say.

Any engine can read the parts in place; appended rows leave the earlier parts byte-identical.
"""
