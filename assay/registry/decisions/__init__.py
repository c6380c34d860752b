"""Decisions of people about a model: promote, approve, roll back, retire, waive, learn.

Each decision is one entry of the model's journal, with its author, reason and moment. The rules are
checked when the entry is written: if two people decide at once, one decision is refused.
"""
