"""Which of several: a probability for each class, a decision and a set of classes."""
