"""Reports for people: HTML pages, Markdown, the terminal, model cards."""
