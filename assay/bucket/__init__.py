"""The bucket: everything Assay keeps, content-addressed. Objects, the memo, journals, signatures."""
