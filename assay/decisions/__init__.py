"""What people decide about a model: promote, approve, roll back, retire, waive; what they learnt.

Each decision is one entry of the model's journal, with who, why and the moment that it is about.
The rules are asked of the journal as it is when the entry is written: of two people who decide at
once, one does, and the other is told.
"""

from assay.decisions.learnt import false_alarm, lesson
from assay.decisions.promotion import approve, promote, waive
from assay.decisions.said import Said
from assay.decisions.withdrawal import retire, rollback

__all__ = ["Said", "approve", "false_alarm", "lesson", "promote", "retire", "rollback", "waive"]
