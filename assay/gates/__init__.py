"""The gates. Each judges one thing and yields a report of checks, every claim with its interval."""
