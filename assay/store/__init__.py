"""Places for bytes: a local folder, S3, memory. Six verbs, and none that overwrites."""
