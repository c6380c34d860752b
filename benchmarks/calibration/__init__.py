"""How often each gate is wrong: made data whose truth is known, over many seeds.

`experiment.py` says what an experiment and a claim are, one module a gate holds its experiments,
`run.py` runs them, `page.py` writes what came out. `make calibration` does all of it.
"""
