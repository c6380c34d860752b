"""Eight metrics by sex, race and both."""
