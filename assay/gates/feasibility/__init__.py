"""The feasibility gate: can this data answer this question at all?"""
