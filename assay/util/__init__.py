"""Small helpers that know nothing of Assay: the clock, wording, sorted arrays, a thread map."""
