"""The shadow gate: a challenger's answers in production against the champion's."""
