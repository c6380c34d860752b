"""What people decide about a model: promote, approve, roll back, retire, waive; what they learnt.

Each decision is one entry of the model's journal, with who, why and the moment that it is about.
The rules are asked of the journal as it is when the entry is written: of two people who decide at
once, one does, and the other is told.
"""
