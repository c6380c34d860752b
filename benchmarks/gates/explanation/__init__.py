"""What does a model on Adult lean on?"""
