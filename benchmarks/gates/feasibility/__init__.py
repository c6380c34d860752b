"""Can Adult bear the question?"""
