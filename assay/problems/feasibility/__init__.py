"""What the feasibility gates of classes and of amounts have in common."""
