"""What a set-up in operation takes, and how punctual it is."""
