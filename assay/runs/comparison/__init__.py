"""Two runs side by side: their inputs, scores, groups, changed answers and costs."""
