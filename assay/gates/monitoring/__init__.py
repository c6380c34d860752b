"""The monitoring gate: is the model in production still as good as it was?"""
