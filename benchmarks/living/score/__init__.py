"""A Parquet file of rows, scored into a Parquet file of answers."""
