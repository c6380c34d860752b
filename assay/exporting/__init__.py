"""A registered version as other tools load it, with its evidence beside it."""
