"""The bucket: all that Assay keeps. Objects, the memo, journals, signatures."""
