"""The monitoring gate: is the champion still as good, and as fair, as when it was registered?"""
